#include "input_files.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "byte_source.h"
#include "plugins/digest/sha256.h"

namespace rare::files {
namespace {

constexpr std::size_t kHashedBytes = std::size_t{64} << 10;
constexpr std::size_t kContentReadBytes = std::size_t{1} << 20;

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

// Whether `inspect` made it: no data, whatever pattern or folder it is found by.
bool keeps_places(const std::string& path) {
  std::error_code ignored;
  return path.ends_with(kPlacesSuffix) &&
         std::filesystem::is_regular_file(
             path.substr(0, path.size() - std::string_view(kPlacesSuffix).size()), ignored);
}

// Paths that match, folders left out.
std::vector<std::string> expand(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0) {
    for (std::size_t i = 0; i < found.gl_pathc; ++i) {
      std::error_code ignored;
      if (!std::filesystem::is_directory(found.gl_pathv[i], ignored) &&
          !keeps_places(found.gl_pathv[i])) {
        paths.emplace_back(found.gl_pathv[i]);
      }
    }
  }
  ::globfree(&found);
  std::sort(paths.begin(), paths.end());
  return paths;
}

// The wanted files of a folder and of those below it.
class FolderWalk {
 public:
  FolderWalk(const std::function<bool(const std::string&)>& wanted, std::uint64_t& passed_over)
      : wanted_(wanted), passed_over_(passed_over) {}

  Status walk(const std::filesystem::path& folder) {
    std::error_code error;
    const std::filesystem::path real = std::filesystem::canonical(folder, error);
    if (!error && !entered_.insert(real.string()).second) return Status();
    std::filesystem::directory_iterator entries(folder, error);
    for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
      const std::filesystem::path& path = entries->path();
      if (path.filename().string().starts_with('.') || keeps_places(path.string())) continue;
      std::error_code ignored;
      if (entries->is_directory(ignored)) {
        if (Status walked = walk(path); !walked) return walked;
      } else if (entries->is_regular_file(ignored) && wanted_(path.string())) {
        paths_.push_back(path.string());
      } else {
        ++passed_over_;
      }
    }
    if (!error) return Status();
    return refused(folder.string() + ": the folder cannot be read: " + error.message() +
                   "; check its permissions");
  }
  std::vector<std::string> sorted() {
    std::sort(paths_.begin(), paths_.end());
    return std::move(paths_);
  }

 private:
  const std::function<bool(const std::string&)>& wanted_;
  std::uint64_t& passed_over_;
  std::set<std::string> entered_;
  std::vector<std::string> paths_;
};

// The files that one entry of the list stands for.
Result<std::vector<std::string>> paths_of(const std::string& pattern,
                                          const std::function<bool(const std::string&)>& wanted,
                                          std::uint64_t& passed_over) {
  std::error_code ignored;
  if (std::filesystem::is_directory(pattern, ignored)) {
    FolderWalk folder(wanted, passed_over);
    if (Status walked = folder.walk(pattern); !walked) return walked;
    std::vector<std::string> paths = folder.sorted();
    if (!paths.empty()) return paths;
    return refused(pattern +
                   ": no file in this folder or below it has an extension that tells its format; "
                   "name the files, or say what they hold with `format:`");
  }
  if (!is_pattern(pattern) || std::filesystem::exists(pattern, ignored)) {
    return std::vector<std::string>{pattern};
  }
  std::vector<std::string> paths = expand(pattern);
  if (!paths.empty()) return paths;
  return refused(pattern +
                 ": no file matches this pattern; check it (relative paths start at the folder "
                 "of the YAML file, or at the working directory on the command line; ** is "
                 "not known)");
}

Result<InputFile> check(const std::string& path) {
  if (path == kStandardInput) return InputFile{path, kUnknownSize};
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

std::string real_path(const std::string& path) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  return error ? path : real.string();
}

Result<FoundFiles> find_input_files(const std::vector<std::string>& patterns,
                                    const std::function<bool(const std::string&)>& wanted) {
  if (patterns.empty()) return refused("path: expected at least one file, came an empty list");
  FoundFiles found;
  std::set<std::string> seen;
  for (const std::string& pattern : patterns) {
    const Result<std::vector<std::string>> paths = paths_of(pattern, wanted, found.passed_over);
    if (!paths) return paths.status();
    for (const std::string& path : *paths) {
      Result<InputFile> file = check(path);
      if (!file) return file.status();
      if (seen.insert(real_path(path)).second) found.files.push_back(std::move(*file));
    }
  }
  return found;
}

namespace {

// Of the first `size_bytes`, or of all that is there.
Result<Json> identify_bytes(const std::string& path, std::optional<std::uint64_t> size_bytes) {
  const OpenFile file(path);
  struct stat info {};
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0) {
    return Status::run_fault(StatusCode::not_found,
                             path + ": cannot be read any more: " + std::strerror(errno) +
                                 "; put the file back and start again");
  }
  const std::uint64_t size = size_bytes.value_or(static_cast<std::uint64_t>(info.st_size));
  const std::size_t part = static_cast<std::size_t>(std::min<std::uint64_t>(size, kHashedBytes));
  Result<digest::Sha256> hash = digest::Sha256::begin();
  if (!hash) return hash.status();
  Status head = add_bytes(*hash, file.get(), 0, part);
  Status tail = head ? add_bytes(*hash, file.get(), size - part, part) : std::move(head);
  if (!tail) {
    return Status::run_fault(tail.code(),
                             path + ": " + tail.message() + "; check the disk and start again");
  }
  return Json{
      {"path", path},
      {"size", size},
      {"mtime_ns", std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec},
      {"sha256", hash->hex()}};
}

}  // namespace

Result<Json> identify(const InputFile& input) {
  if (input.path == kStandardInput) return Json{{"path", input.path}};
  return identify_bytes(input.path, std::nullopt);
}

Result<Json> identify_first_bytes(const InputFile& input) {
  return identify_bytes(input.path, input.size_bytes);
}

Result<std::string> hash_first_bytes(const InputFile& input) {
  Result<digest::Sha256> hash = digest::Sha256::begin();
  if (!hash) return hash.status();
  Result<std::unique_ptr<FileBytes>> file = FileBytes::open(input.path, 0, input.size_bytes);
  if (!file) return file.status();
  std::vector<char> bytes(kContentReadBytes);
  for (std::uint64_t done = 0; done < input.size_bytes;) {
    const Result<std::size_t> got = (*file)->read(bytes.data(), bytes.size());
    if (!got) return got.status();
    hash->add({bytes.data(), *got});
    done += *got;
  }
  return hash->hex();
}

}  // namespace rare::files
