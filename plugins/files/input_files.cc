#include "input_files.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include "plugins/digest/sha256.h"

namespace rare::files {
namespace {

constexpr std::size_t kHashedBytes = std::size_t{64} << 10;

class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Status refused(std::string message) {
  return Status::run_fault(StatusCode::invalid_argument, std::move(message));
}

bool is_pattern(const std::string& path) { return path.find_first_of("*?[") != std::string::npos; }

// Paths that match, folders left out.
std::vector<std::string> expand(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0) {
    for (std::size_t i = 0; i < found.gl_pathc; ++i) {
      std::error_code ignored;
      if (!std::filesystem::is_directory(found.gl_pathv[i], ignored)) {
        paths.emplace_back(found.gl_pathv[i]);
      }
    }
  }
  ::globfree(&found);
  std::sort(paths.begin(), paths.end());
  return paths;
}

Result<InputFile> check(const std::string& path) {
  const OpenFile file(path);
  if (file.get() < 0) {
    if (errno == ENOENT) {
      return refused(path +
                     ": there is no such file; check the path (relative paths start at the "
                     "folder of the YAML file, or at the working directory on the command line)");
    }
    return refused(path + ": cannot be read: " + std::strerror(errno) +
                   "; check the permissions of the file and its folders");
  }
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return refused(path + ": " + std::strerror(errno));
  if (S_ISDIR(info.st_mode)) {
    return refused(path + ": expected a file, came a folder; name the files in it, for example " +
                   path + "/*.jsonl");
  }
  if (!S_ISREG(info.st_mode)) {
    return refused(path +
                   ": expected a regular file, came a device, pipe or socket, which cannot "
                   "be read again when a run goes on; copy it into a file first");
  }
  return InputFile{path, static_cast<std::uint64_t>(info.st_size)};
}

Status add_bytes(digest::Sha256& hash, int fd, std::uint64_t offset, std::size_t size) {
  std::vector<char> bytes(size);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got =
        ::pread(fd, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Status::run_fault(StatusCode::unavailable, "reading failed");
    done += static_cast<std::size_t>(got);
  }
  hash.add({bytes.data(), size});
  return Status();
}

}  // namespace

Result<std::vector<InputFile>> find_input_files(const std::vector<std::string>& patterns) {
  if (patterns.empty()) return refused("path: expected at least one file, came an empty list");
  std::vector<InputFile> files;
  std::set<std::string> seen;
  for (const std::string& pattern : patterns) {
    std::error_code ignored;
    std::vector<std::string> paths{pattern};
    if (is_pattern(pattern) && !std::filesystem::exists(pattern, ignored)) {
      paths = expand(pattern);
      if (paths.empty()) {
        return refused(
            pattern +
            ": no file matches this pattern; check it (relative paths start at the folder "
            "of the YAML file, or at the working directory on the command line; ** is "
            "not known)");
      }
    }
    for (const std::string& path : paths) {
      Result<InputFile> file = check(path);
      if (!file) return file.status();
      const std::filesystem::path real = std::filesystem::canonical(path, ignored);
      if (seen.insert(ignored ? path : real.string()).second) files.push_back(std::move(*file));
    }
  }
  return files;
}

Result<Json> identify(const InputFile& input) {
  const OpenFile file(input.path);
  struct stat info {};
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0) {
    return Status::run_fault(StatusCode::not_found,
                             input.path + ": cannot be read any more: " + std::strerror(errno) +
                                 "; put the file back and start again");
  }
  const std::uint64_t size = static_cast<std::uint64_t>(info.st_size);
  const std::size_t part = static_cast<std::size_t>(std::min<std::uint64_t>(size, kHashedBytes));
  Result<digest::Sha256> hash = digest::Sha256::begin();
  if (!hash) return hash.status();
  Status head = add_bytes(*hash, file.get(), 0, part);
  Status tail = head ? add_bytes(*hash, file.get(), size - part, part) : std::move(head);
  if (!tail) {
    return Status::run_fault(
        tail.code(), input.path + ": " + tail.message() + "; check the disk and start again");
  }
  return Json{
      {"path", input.path},
      {"size", size},
      {"mtime_ns", std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec},
      {"sha256", hash->hex()}};
}

}  // namespace rare::files
