#include "plugins/bm25/mapped_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace rare::bm25 {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;
constexpr const char* kTemporaryPrefix = ".building-";

std::string error_text(int error) { return std::generic_category().message(error); }

StatusCode code_of(int error) {
  if (error == ENOSPC || error == EDQUOT) return StatusCode::resource_exhausted;
  if (error == ENOENT) return StatusCode::not_found;
  if (error == EACCES || error == EPERM) return StatusCode::permission_denied;
  return StatusCode::unavailable;
}

// Maps whole pages around [offset, offset + bytes). Throws nothing; 0 or an errno.
int map_part(int descriptor, int protection, std::uint64_t offset, std::uint64_t bytes,
             MappedRegion& region) {
  if (bytes == 0) return 0;
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const std::uint64_t begin = offset / page * page;
  const std::size_t mapped = static_cast<std::size_t>(offset - begin + bytes);
  void* mapping =
      mmap(nullptr, mapped, protection, MAP_SHARED, descriptor, static_cast<off_t>(begin));
  if (mapping == MAP_FAILED) return errno;
  region = MappedRegion(
      mapping, mapped,
      {static_cast<std::byte*>(mapping) + (offset - begin), static_cast<std::size_t>(bytes)});
  return 0;
}

// A lock tells a file that is being made from one whose maker was killed.
void remove_left_overs(const std::filesystem::path& folder) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (!entry.path().filename().string().starts_with(kTemporaryPrefix)) continue;
    const int descriptor = open(entry.path().c_str(), O_RDWR | O_CLOEXEC);
    if (descriptor < 0) continue;
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) unlink(entry.path().c_str());
    close(descriptor);
  }
}

}  // namespace

MappedRegion::~MappedRegion() {
  if (mapping_ != nullptr) munmap(mapping_, mapped_bytes_);
}

Result<MappedRegion> map_for_reading(const std::filesystem::path& path) {
  const auto failed = [&](int error) {
    return Status(code_of(error), path.string() + ": " + error_text(error));
  };
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return failed(errno);
  struct stat status {};
  MappedRegion region;
  int error = fstat(descriptor, &status) == 0 ? 0 : errno;
  if (error == 0) {
    error = map_part(descriptor, PROT_READ, 0, static_cast<std::uint64_t>(status.st_size), region);
  }
  close(descriptor);
  if (error != 0) return failed(error);
  return region;
}

FileInTheMaking::FileInTheMaking(FileInTheMaking&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      path_(std::move(other.path_)),
      named_(other.named_),
      size_(other.size_),
      buffer_(std::move(other.buffer_)) {}

FileInTheMaking::~FileInTheMaking() {
  if (descriptor_ < 0) return;
  if (named_) unlink(path_.c_str());
  close(descriptor_);
}

Result<FileInTheMaking> FileInTheMaking::make(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return Status(code_of(error.value()),
                  "the folder " + folder.string() + " cannot be made: " + error.message());
  }
  remove_left_overs(folder);
  while (true) {
    std::string path = (folder / kTemporaryPrefix).string() + "XXXXXX";
    const int descriptor = mkostemp(path.data(), O_CLOEXEC);
    if (descriptor < 0) {
      const int failed = errno;
      return Status(code_of(failed),
                    "no file can be made in " + folder.string() + ": " + error_text(failed));
    }
    FileInTheMaking file(descriptor, path);
    struct stat status {};
    // Another process may take it for a left-over before it is locked. (Where there are no locks,
    // nobody removes left-overs.)
    const bool locked = flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
    if (locked && fstat(descriptor, &status) == 0 && status.st_nlink > 0) return file;
  }
}

Result<FileInTheMaking> FileInTheMaking::make_nameless(const std::filesystem::path& folder) {
  Result<FileInTheMaking> file = make(folder);
  if (file) {
    unlink(file->path_.c_str());
    file->named_ = false;
  }
  return file;
}

Status FileInTheMaking::failure(const char* what, int error) const {
  return Status(code_of(error), "the index file " + path_.string() + " cannot be " + what + ": " +
                                    error_text(error));
}

Status FileInTheMaking::append(std::span<const std::byte> bytes) {
  buffer_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  size_ += bytes.size();
  return buffer_.size() < kBufferBytes ? Status() : flush();
}

Status FileInTheMaking::flush() {
  std::size_t written = 0;
  while (written < buffer_.size()) {
    const auto at = static_cast<off_t>(size_ - buffer_.size() + written);
    const ssize_t count =
        pwrite(descriptor_, buffer_.data() + written, buffer_.size() - written, at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return failure("written", count == 0 ? ENOSPC : errno);
    written += static_cast<std::size_t>(count);
  }
  buffer_.clear();
  return Status();
}

Status FileInTheMaking::align(std::size_t alignment) {
  const std::string zeros((alignment - size_ % alignment) % alignment, '\0');
  return append(std::as_bytes(std::span(zeros)));
}

Result<MappedRegion> FileInTheMaking::reserve(std::uint64_t bytes) {
  if (Status flushed = flush(); !flushed.ok()) return flushed;
  MappedRegion region;
  if (bytes == 0) return region;
  // Without room that is already the file's, a full disk would be a SIGBUS.
  int error = 0;
  do {
    error = posix_fallocate(descriptor_, static_cast<off_t>(size_), static_cast<off_t>(bytes));
  } while (error == EINTR);
  if (error == 0) error = map_part(descriptor_, PROT_READ | PROT_WRITE, size_, bytes, region);
  if (error != 0) return failure("written", error);
  size_ += bytes;
  return region;
}

Result<MappedRegion> FileInTheMaking::map(std::uint64_t offset, std::uint64_t bytes) {
  if (Status flushed = flush(); !flushed.ok()) return flushed;
  MappedRegion region;
  const int error = map_part(descriptor_, PROT_READ | PROT_WRITE, offset, bytes, region);
  if (error != 0) return failure("mapped", error);
  return region;
}

Status FileInTheMaking::publish(const std::filesystem::path& path) && {
  if (Status flushed = flush(); !flushed.ok()) return flushed;
  if (rename(path_.c_str(), path.c_str()) != 0) {
    return failure(("renamed to " + path.string()).c_str(), errno);
  }
  close(std::exchange(descriptor_, -1));
  return Status();
}

}  // namespace rare::bm25
