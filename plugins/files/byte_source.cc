#include "byte_source.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "input_files.h"

namespace rare::files {

Result<std::unique_ptr<FileBytes>> FileBytes::open(const std::string& path, std::uint64_t offset,
                                                   std::uint64_t end) {
  if (offset > end) {
    return Status::run_fault(
        StatusCode::invalid_argument,
        path +
            ": the earlier start had read more than is there now; put the input back as it was, "
            "or start with --fresh");
  }
  const bool is_standard_input = path == kStandardInput;
  if (is_standard_input && offset > 0) {
    return Status::run_fault(StatusCode::invalid_argument,
                             "standard input cannot be read again: start with --fresh");
  }
  const int fd = is_standard_input ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                   : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return Status::run_fault(
        errno == ENOENT ? StatusCode::not_found : StatusCode::permission_denied,
        path + ": cannot be opened any more: " + std::strerror(errno) +
            "; put the file back and start again");
  }
  (void)::posix_fadvise(fd, static_cast<off_t>(offset), 0, POSIX_FADV_SEQUENTIAL);
  return std::unique_ptr<FileBytes>(new FileBytes(path, fd, offset, end));
}

FileBytes::~FileBytes() { ::close(fd_); }

Result<std::string_view> FileBytes::peek(std::size_t bytes) {
  while (peeked_.size() < bytes) {
    const std::size_t before = peeked_.size();
    peeked_.resize(bytes);
    const Result<std::size_t> got = read_file(peeked_.data() + before, bytes - before);
    peeked_.resize(before + (got ? *got : 0));
    if (!got) return got.status();
    if (*got == 0) break;
  }
  return std::string_view(peeked_);
}

Result<std::size_t> FileBytes::read(char* to, std::size_t most) {
  if (peeked_.empty()) return read_file(to, most);
  const std::size_t given = std::min(most, peeked_.size());
  std::memcpy(to, peeked_.data(), given);
  peeked_.erase(0, given);
  return given;
}

Result<std::size_t> FileBytes::read_file(char* to, std::size_t most) {
  const std::size_t room = static_cast<std::size_t>(std::min<std::uint64_t>(most, end_ - offset_));
  while (room > 0) {
    const ssize_t got = end_ == kUnknownSize ? ::read(fd_, to, room)
                                             : ::pread(fd_, to, room, static_cast<off_t>(offset_));
    if (got > 0) {
      offset_ += static_cast<std::uint64_t>(got);
      return static_cast<std::size_t>(got);
    }
    if (got == 0 && end_ == kUnknownSize) break;
    if (got == 0) {
      return Status::run_fault(StatusCode::unavailable,
                               path_ + ": became shorter while it was read: expected " +
                                   std::to_string(end_) + " bytes, came " +
                                   std::to_string(offset_) + "; put the file back and start again");
    }
    if (errno != EINTR) {
      return Status::run_fault(StatusCode::unavailable, path_ + ": reading at byte " +
                                                            std::to_string(offset_) +
                                                            " failed: " + std::strerror(errno) +
                                                            "; check the disk and start again");
    }
  }
  return std::size_t{0};
}

}  // namespace rare::files
