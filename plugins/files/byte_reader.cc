#include "byte_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace rare::files {
namespace {
constexpr std::size_t kReadBytes = std::size_t{1} << 20;
// A buffer that one long record has blown up beyond this is given back after it.
constexpr std::size_t kKeptBufferBytes = std::size_t{8} << 20;
}  // namespace

ByteReader::~ByteReader() {
  if (fd_ >= 0) ::close(fd_);
}

Status ByteReader::open(const std::string& path, std::uint64_t offset, std::uint64_t end) {
  if (fd_ >= 0) ::close(fd_);
  path_ = path;
  cursor_ = filled_ = 0;
  file_offset_ = offset;
  end_ = end;
  fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0) {
    return Status::run_fault(
        errno == ENOENT ? StatusCode::not_found : StatusCode::permission_denied,
        path + ": cannot be opened any more: " + std::strerror(errno) +
            "; put the file back and start again");
  }
  (void)::posix_fadvise(fd_, static_cast<off_t>(offset), 0, POSIX_FADV_SEQUENTIAL);
  if (buffer_.empty()) buffer_.resize(kReadBytes + kPaddingBytes);
  return Status();
}

void ByteReader::make_room() {
  const std::size_t left = filled_ - cursor_;
  if (left == 0 && buffer_.size() > kKeptBufferBytes) {
    buffer_ = std::vector<char>(kReadBytes + kPaddingBytes);
  } else if (cursor_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + cursor_, left);
  } else if (filled_ + kPaddingBytes == buffer_.size()) {
    buffer_.resize((buffer_.size() - kPaddingBytes) * 2 + kPaddingBytes);
  }
  cursor_ = 0;
  filled_ = left;
}

Result<bool> ByteReader::fill() {
  if (file_offset_ >= end_) return false;
  make_room();
  const std::size_t room = static_cast<std::size_t>(
      std::min<std::uint64_t>(buffer_.size() - kPaddingBytes - filled_, end_ - file_offset_));
  for (;;) {
    const ssize_t got =
        ::pread(fd_, buffer_.data() + filled_, room, static_cast<off_t>(file_offset_));
    if (got > 0) {
      filled_ += static_cast<std::size_t>(got);
      file_offset_ += static_cast<std::uint64_t>(got);
      return true;
    }
    if (got == 0) {
      return Status::run_fault(StatusCode::unavailable,
                               path_ + ": became shorter while it was read: expected " +
                                   std::to_string(end_) + " bytes, came " +
                                   std::to_string(file_offset_) +
                                   "; put the file back and start again");
    }
    if (errno != EINTR) {
      return Status::run_fault(StatusCode::unavailable, path_ + ": reading at byte " +
                                                            std::to_string(file_offset_) +
                                                            " failed: " + std::strerror(errno) +
                                                            "; check the disk and start again");
    }
  }
}

}  // namespace rare::files
