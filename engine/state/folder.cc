#include "engine/state/folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <utility>

namespace rare::engine {
namespace {

constexpr std::size_t kFileBufferBytes = 256 * 1024;

Status write_all(int descriptor, std::string_view bytes, const std::string& file) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return file_error("cannot write", file, errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return Status();
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

std::string first_line_of(const std::string& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

}  // namespace

std::string parent_folder(const std::string& file) {
  const std::size_t slash = file.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : file.substr(0, slash);
}

// Without O_TMPFILE (some file systems) the name is there for a moment.
int open_nameless(const std::string& folder) {
  const int descriptor = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) {
    return descriptor;
  }
  std::string name = folder + "/waiting-XXXXXX";
  const int named = mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) unlink(name.c_str());
  return named;
}

bool is_disk_full(int system_error) {
  return system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG;
}

Status disk_full(const std::string& name, const std::string& words) {
  return Status::run_fault(StatusCode::resource_exhausted,
                           "the disk is full: cannot write the " + name + " (" + words +
                               "). Free some space, then run again: what was committed is kept.");
}

Status file_error(const std::string& doing, const std::string& file, int system_error) {
  const char* const words = std::strerror(system_error);
  if (is_disk_full(system_error)) return disk_full("file " + file, words);
  return Status::run_fault(StatusCode::unavailable, doing + " " + file + ": " + words +
                                                        ". The folder " + parent_folder(file) +
                                                        " must exist and be writable.");
}

Status sync_folder(const std::string& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return file_error("cannot open", folder, errno);
  // EINVAL: a file system that has nothing to sync for a folder.
  const int error = fsync(descriptor) == 0 || errno == EINVAL ? 0 : errno;
  close(descriptor);
  return error == 0 ? Status() : file_error("cannot sync", folder, error);
}

Status make_private_folder(const std::string& folder) {
  struct stat found {};
  if (stat(folder.c_str(), &found) == 0) {
    if (S_ISDIR(found.st_mode)) return Status();
    return Status::run_fault(StatusCode::unavailable,
                             folder + " is a file, and a folder is needed there. Move it away.");
  }
  if (errno != ENOENT) return file_error("cannot look at", folder, errno);
  const std::string parent = parent_folder(folder);
  if (Status status = make_private_folder(parent); !status) return status;
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return file_error("cannot make the folder", folder, errno);
  }
  return sync_folder(parent);
}

Result<bool> remove_file(const std::string& file) {
  if (unlink(file.c_str()) == 0) return true;
  if (errno == ENOENT) return false;
  return file_error("cannot remove", file, errno);
}

std::optional<std::string> network_file_system(long magic) {
  switch (static_cast<unsigned long>(magic) & 0xffffffffUL) {
    case 0x6969:
      return "NFS";
    case 0x517b:
    case 0xff534d42:
    case 0xfe534d42:
      return "SMB";
    case 0x5346414f:
      return "AFS";
    case 0x0bd00bd0:
      return "Lustre";
    case 0x47504653:
      return "GPFS";
    case 0x19830326:
      return "BeeGFS";
    case 0x00c36400:
      return "Ceph";
    default:
      return std::nullopt;
  }
}

Status require_local(const std::string& folder, const std::string& option) {
  struct statfs system {};
  if (statfs(folder.c_str(), &system) != 0) return file_error("cannot look at", folder, errno);
  const auto name = network_file_system(static_cast<long>(system.f_type));
  if (!name) return Status();
  return Status::run_fault(StatusCode::invalid_argument,
                           folder + " is on a network file system (" + *name +
                               "), where a crash could lose what was paid for. Choose a folder "
                               "on a local disk with " +
                               option + "; the output itself may stay on the network.");
}

WholeFile::WholeFile(std::string file, const std::string& temporary)
    : file_(std::move(file)), temporary_(file_ + temporary) {}

WholeFile::~WholeFile() {
  if (descriptor_ < 0) return;
  close(descriptor_);
  unlink(temporary_.c_str());
}

Status WholeFile::open() {
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  return descriptor_ < 0 ? file_error("cannot write", temporary_, errno) : Status();
}

Status WholeFile::write(std::string_view bytes) {
  buffer_ += bytes;
  return buffer_.size() < kFileBufferBytes ? Status() : flush();
}

Status WholeFile::flush() {
  Status status = write_all(descriptor_, buffer_, file_);
  buffer_.clear();
  return status;
}

Status WholeFile::finish() {
  if (Status status = flush(); !status) return status;
  if (fsync(descriptor_) != 0) return file_error("cannot write", file_, errno);
  if (rename(temporary_.c_str(), file_.c_str()) != 0) {
    return file_error("cannot write", file_, errno);
  }
  close(std::exchange(descriptor_, -1));
  return sync_folder(parent_folder(file_));
}

Status write_whole(const std::string& file, std::string_view text) {
  WholeFile whole(file);
  if (Status status = whole.open(); !status) return status;
  if (Status status = whole.write(text); !status) return status;
  return whole.finish();
}

Result<std::unique_ptr<FolderLock>> FolderLock::take(const std::string& folder) {
  const std::string file = folder + "/lock";
  const int descriptor = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return file_error("cannot open", file, errno);
  std::unique_ptr<FolderLock> lock(new FolderLock(descriptor));
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return file_error("cannot lock", file, errno);
    std::string holder = first_line_of(file);
    if (holder.empty()) holder = "another process";
    return Status::run_fault(StatusCode::invalid_argument,
                             folder + " is in use by " + holder +
                                 ". Wait for it or end it; to run beside it, choose another "
                                 "folder with --state-dir DIR.");
  }
  const std::string holder = "pid " + std::to_string(getpid()) + " on host " + host_name() + "\n";
  if (ftruncate(descriptor, 0) != 0) return file_error("cannot write", file, errno);
  if (Status status = write_all(descriptor, holder, file); !status) return status;
  return lock;
}

// From /proc/locks: "1: FLOCK  ADVISORY  WRITE 4711 fd:00:131 0 EOF". Of the device only the
// kernel's view stands there, which is not always that of stat(2): process and inode tell enough.
std::optional<std::string> FolderLock::holder(const std::string& folder) {
  const std::string file = folder + "/lock";
  struct stat found {};
  if (stat(file.c_str(), &found) != 0) return std::nullopt;
  const std::string text = first_line_of(file);
  long long pid_in_file = 0;
  if (std::sscanf(text.c_str(), "pid %lld on host", &pid_in_file) != 1) return std::nullopt;
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    long long pid = 0;
    unsigned long long inode = 0;
    const int fields =
        std::sscanf(line.c_str(), "%*d: FLOCK %*s %*s %lld %*x:%*x:%llu", &pid, &inode);
    if (fields == 2 && pid == pid_in_file && inode == found.st_ino) return text;
  }
  return std::nullopt;
}

FolderLock::~FolderLock() { close(descriptor_); }

}  // namespace rare::engine
