#include "output_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <vector>

#include "plugins/digest/sha256.h"

namespace rare::files {
namespace {

constexpr std::size_t kWriteBufferBytes = std::size_t{1} << 20;

// Where a write stopped, or 0.
int write_all(int fd, std::string_view bytes, std::uint64_t offset, std::size_t& done) {
  done = 0;
  while (done < bytes.size()) {
    const ssize_t put =
        ::pwrite(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (put < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    done += static_cast<std::size_t>(put);
  }
  return 0;
}

// Makes what is missing, so that a loss of power takes none of it back.
Status make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (std::filesystem::is_directory(folder, error)) return Status();
  const std::filesystem::path parent = folder_of(folder);
  Status made = make_folder(parent);
  if (!made) return made;
  std::filesystem::create_directory(folder, error);
  const int reason = error == std::errc::file_exists ? ENOTDIR : error.value();
  if (error) return file_failure(folder.string(), "making the folder", reason);
  return sync_folder(parent);
}

// Of what stands before `bytes` in a file; empty where there is nothing.
Result<std::string> digest_of_end(int fd, const std::string& path, std::uint64_t bytes) {
  constexpr std::uint64_t kEndBytes = std::uint64_t{64} << 10;
  std::string end(std::min(bytes, kEndBytes), '\0');
  std::size_t read = 0;
  int error = 0;
  while (read < end.size()) {
    const ssize_t got = ::pread(fd, end.data() + read, end.size() - read,
                                static_cast<off_t>(bytes - end.size() + read));
    if (got < 0 && errno == EINTR) continue;
    error = got < 0 ? errno : 0;
    if (got <= 0) break;
    read += static_cast<std::size_t>(got);
  }
  if (error != 0) return file_failure(path, "reading", error);
  end.resize(read);
  return end.empty() ? std::string() : digest::sha256_hex(end);
}

Result<std::string> digest_of_end(const std::string& path, std::uint64_t bytes) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return file_failure(path, "opening", errno);
  Result<std::string> digest = digest_of_end(fd, path, bytes);
  ::close(fd);
  return digest;
}

// Also where no digest is known.
bool ends_with(const std::string& path, std::uint64_t bytes, const std::string& end_digest) {
  if (end_digest.empty()) return true;
  const Result<std::string> digest = digest_of_end(path, bytes);
  return digest.ok() && *digest == end_digest;
}

}  // namespace

std::optional<std::uint64_t> size_of(const std::string& file) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  return error ? std::nullopt : std::optional<std::uint64_t>(size);
}

std::filesystem::path folder_of(const std::string& path) {
  std::filesystem::path folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? std::filesystem::path(".") : folder;
}

Status sync_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return file_failure(folder.string(), "opening the folder", errno);
  // EINVAL: a file system that has nothing to sync for a folder.
  const int error = ::fsync(fd) == 0 || errno == EINVAL ? 0 : errno;
  ::close(fd);
  return error == 0 ? Status() : file_failure(folder.string(), "writing the folder to disk", error);
}

Status file_failure(const std::string& path, const std::string& what, int error) {
  StatusCode code = StatusCode::unavailable;
  std::string advice = "check the disk and start again: the run goes on where it stopped";
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      code = StatusCode::resource_exhausted;
      advice =
          "free some space or raise the limit, then start again: the run goes on where it "
          "stopped";
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      advice = "allow writing there and start again: the run goes on where it stopped";
      break;
    case EISDIR:
    case ENOTDIR:
    case ENOENT:
    case ENAMETOOLONG:
    case ELOOP:
      code = StatusCode::invalid_argument;
      advice = "choose another path";
      break;
    default:
      break;
  }
  return Status::run_fault(code,
                           path + ": " + what + " failed: " + std::strerror(error) + "; " + advice);
}

Status put_in_place(const std::string& from, const std::string& to) {
  const int fd = ::open(from.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return file_failure(from, "opening", errno);
  const int error = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  if (error != 0) return file_failure(from, "writing to disk", error);
  if (std::rename(from.c_str(), to.c_str()) != 0) {
    return file_failure(from, "renaming to " + to, errno);
  }
  return sync_folder(folder_of(to));
}

OutputFile::~OutputFile() { close(); }

void OutputFile::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Status OutputFile::failure(const std::string& what, int error) const {
  return file_failure(working_path(), what, error);
}

bool OutputFile::in_place(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

Status OutputFile::check_target(const std::string& path) {
  close();
  path_ = path;
  finished_ = false;
  flushed_ = 0;
  buffer_.clear();
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored) || path.ends_with('/')) {
    return Status::run_fault(StatusCode::invalid_argument,
                             path +
                                 ": expected a file to write, came a folder; name a file in it, "
                                 "for example " +
                                 (std::filesystem::path(path) / "result.jsonl").string());
  }
  return Status();
}

Status OutputFile::open_working(int flags) {
  fd_ = ::open(working_path().c_str(), O_RDWR | O_CLOEXEC | flags, 0666);
  if (fd_ < 0) return failure("opening the working file", errno);
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    close();
    return Status::run_fault(StatusCode::invalid_argument,
                             working_path() +
                                 ": is being written by another run or another node of "
                                 "this one; wait for it, or choose another path");
  }
  return Status();
}

Status OutputFile::begin(const std::string& path) {
  Status target = check_target(path);
  if (!target) return target;
  Status folder = make_folder(folder_of(path));
  if (!folder) return folder;
  Status opened = open_working(O_CREAT);
  if (!opened) return opened;
  // Only now, with the lock held: another run's working file must survive the attempt.
  if (::ftruncate(fd_, 0) != 0) return failure("emptying the working file", errno);
  remove_copy();
  return sync_folder(folder_of(path_));
}

Status OutputFile::resume(const std::string& path, std::uint64_t bytes,
                          std::uint64_t finished_bytes, const std::string& end_digest) {
  Status target = check_target(path);
  if (!target) return target;
  flushed_ = bytes;
  const std::optional<std::uint64_t> working = size_of(working_path());
  if (!working || *working < bytes || !ends_with(working_path(), bytes, end_digest)) {
    const std::optional<std::uint64_t> finished = size_of(path_);
    const bool is_finished = finished == finished_bytes && ends_with(path_, bytes, end_digest);
    if (!is_finished || (working && end_digest.empty())) {
      return refuse_working(bytes, finished_bytes, working, finished);
    }
    if (working) {  // and of somebody who may still write there
      if (Status opened = open_working(0); !opened) return opened;
      close();
    }
    finished_ = true;
    remove_copy();
    return Status();
  }
  Status opened = open_working(0);
  if (!opened) return opened;
  if (::ftruncate(fd_, static_cast<off_t>(bytes)) != 0) {
    return failure("cutting back the working file", errno);
  }
  remove_copy();
  return Status();
}

Status OutputFile::refuse_working(std::uint64_t bytes, std::uint64_t finished_bytes,
                                  std::optional<std::uint64_t> working,
                                  std::optional<std::uint64_t> finished) const {
  std::string came = "no file";
  if (working) {
    came = *working < bytes ? std::to_string(*working) + " bytes"
                            : "others, which were written there since (by another run?)";
  } else if (finished && finished_bytes != kNoFinished) {
    came += ", and in " + path_ + " other " + std::to_string(*finished) + " bytes";
  }
  return Status::run_fault(
      StatusCode::invalid_argument,
      working_path() + ": expected the " + std::to_string(bytes) +
          " bytes that an earlier start wrote, came " + came +
          "; put the file back, or make the output anew with --fresh (stored replies are used "
          "again)");
}

Status OutputFile::append(std::string_view bytes) {
  if (finished_) {
    Status reopened = reopen_finished();
    if (!reopened) return reopened;
  }
  buffer_.append(bytes);
  return buffer_.size() >= kWriteBufferBytes ? flush() : Status();
}

Status OutputFile::append_finished(std::uint64_t from, std::uint64_t to) {
  const int source = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (source < 0) return file_failure(path_, "opening", errno);
  std::string bytes;
  Status status;
  while (status && from < to) {
    bytes.resize(std::min<std::uint64_t>(kWriteBufferBytes, to - from));
    const ssize_t got = ::pread(source, bytes.data(), bytes.size(), static_cast<off_t>(from));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      const int error = got < 0 ? errno : EIO;
      ::close(source);
      return file_failure(path_, "reading the finished rows", error);
    }
    status = append({bytes.data(), static_cast<std::size_t>(got)});
    from += static_cast<std::uint64_t>(got);
  }
  ::close(source);
  return status;
}

Status OutputFile::flush() {
  std::size_t done = 0;
  const int error = write_all(fd_, buffer_, flushed_, done);
  flushed_ += done;
  buffer_.erase(0, done);
  return error == 0 ? Status() : failure("writing", error);
}

// A removed file can be written to for days, and nobody will find what is in it.
Status OutputFile::still_there() const {
  struct stat opened {
  }, named{};
  if (::fstat(fd_, &opened) != 0) return failure("looking at the working file", errno);
  if (::stat(working_path().c_str(), &named) == 0 && named.st_dev == opened.st_dev &&
      named.st_ino == opened.st_ino) {
    return Status();
  }
  return Status::run_fault(
      StatusCode::unavailable,
      working_path() +
          ": was removed or replaced while it was written to; put it or its folder back and start "
          "again, or make the output anew with --fresh (stored replies are used again)");
}

Status OutputFile::sync() {
  if (finished_) return Status();
  Status flushed = flush();
  if (!flushed) return flushed;
  Status found = still_there();
  if (!found) return found;
  return ::fdatasync(fd_) == 0 ? Status() : failure("writing to disk", errno);
}

Result<std::string> OutputFile::end_digest() const {
  return finished_ ? digest_of_end(path_, flushed_) : digest_of_end(fd_, working_path(), flushed_);
}

Status OutputFile::check_finished(std::uint64_t bytes, std::uint64_t finished_bytes,
                                  const std::string& end_digest) const {
  const std::optional<std::uint64_t> size = size_of(path_);
  const bool is_as_large = size && (finished_bytes == kNoFinished || *size == finished_bytes);
  if (is_as_large && ends_with(path_, bytes, end_digest)) return Status();
  return Status::run_fault(
      StatusCode::invalid_argument,
      path_ +
          ": expected the rows that the run wrote, came others: the file was changed since. Put "
          "it back; or move it away, and `rare-engine run` makes it again from stored replies");
}

Status OutputFile::finalise() {
  if (finished_) return sync_folder(folder_of(path_));
  Status flushed = flush();
  if (!flushed) return flushed;
  Status found = still_there();
  if (!found) return found;
  if (::fsync(fd_) != 0) return failure("writing to disk", errno);
  if (std::rename(working_path().c_str(), path_.c_str()) != 0) {
    return failure("renaming to " + path_, errno);
  }
  finished_ = true;
  close();
  return sync_folder(folder_of(path_));
}

Status OutputFile::discard() {
  if (std::remove(working_path().c_str()) != 0 && errno != ENOENT) {
    return failure("removing", errno);
  }
  finished_ = true;
  close();
  return sync_folder(folder_of(path_));
}

Status OutputFile::publish_copy(std::string_view end) {
  if (finished_) return Status();
  const std::string copy = path_ + kCopySuffix;
  Status copied = copy_to(copy, working_path(), end);
  if (!copied) return copied;
  if (std::rename(copy.c_str(), path_.c_str()) != 0) {
    return file_failure(copy, "renaming to " + path_, errno);
  }
  return sync_folder(folder_of(path_));
}

// Of a start that was killed before it could give it a name.
void OutputFile::remove_copy() const { std::remove((path_ + kCopySuffix).c_str()); }

// The copy gets the working name only when it is whole: a crash leaves the finished file as it is.
Status OutputFile::reopen_finished() {
  const std::string copy = path_ + kCopySuffix;
  Status copied = copy_to(copy, path_, {});
  if (!copied) return copied;
  if (std::rename(copy.c_str(), working_path().c_str()) != 0) {
    return file_failure(copy, "renaming to " + working_path(), errno);
  }
  Status named = sync_folder(folder_of(path_));
  if (!named) return named;
  Status opened = open_working(0);
  if (opened) finished_ = false;
  return opened;
}

Status OutputFile::copy_to(const std::string& target, const std::string& from,
                           std::string_view end) {
  const int source = ::open(from.c_str(), O_RDONLY | O_CLOEXEC);
  if (source < 0) return file_failure(from, "opening", errno);
  const int copy = ::open(target.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (copy < 0) {
    const int error = errno;
    ::close(source);
    return file_failure(target, "opening", error);
  }
  std::vector<char> bytes(kWriteBufferBytes);
  std::uint64_t offset = 0;
  int error = 0;
  while (error == 0 && offset < flushed_) {
    const ssize_t got =
        ::pread(source, bytes.data(), std::min<std::uint64_t>(bytes.size(), flushed_ - offset),
                static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      error = got < 0 ? errno : EIO;
      break;
    }
    std::size_t done = 0;
    error = write_all(copy, {bytes.data(), static_cast<std::size_t>(got)}, offset, done);
    offset += done;
  }
  std::size_t done = 0;
  if (error == 0) error = write_all(copy, end, offset, done);
  if (error == 0 && ::fsync(copy) != 0) error = errno;
  ::close(source);
  ::close(copy);
  return error == 0 ? Status() : file_failure(target, "copying " + from, error);
}

}  // namespace rare::files
