#include "write_journal.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

namespace rare::faults {
namespace {

std::string quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') quoted += '\\';
    quoted += letter;
  }
  return quoted + "\"";
}

std::string from_environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

// Fewer when the file ends before.
std::string bytes_at(int descriptor, std::uint64_t at, std::uint64_t length) {
  std::string bytes(length, '\0');
  std::size_t done = 0;
  // A descriptor that is only open for writing is read through another one.
  const std::string name = "/proc/self/fd/" + std::to_string(descriptor);
  const long reader = syscall(SYS_openat, AT_FDCWD, name.c_str(), O_RDONLY | O_CLOEXEC);
  while (done < length) {
    const long got = syscall(SYS_pread64, reader, bytes.data() + done, length - done,
                             static_cast<off_t>(at + done));
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  if (reader >= 0) syscall(SYS_close, reader);
  bytes.resize(done);
  return bytes;
}

std::string field(const char* name, std::uint64_t value) {
  return std::string(",\"") + name + "\":" + std::to_string(value);
}

}  // namespace

std::string path_of(int descriptor) {
  const std::string name = "/proc/self/fd/" + std::to_string(descriptor);
  std::array<char, PATH_MAX> path{};
  const long length = syscall(SYS_readlinkat, AT_FDCWD, name.c_str(), path.data(), path.size());
  return length <= 0 ? std::string() : std::string(path.data(), static_cast<std::size_t>(length));
}

std::string absolute_path(int folder, const char* name) {
  std::string path = name;
  if (path.empty() || path.front() == '/') return path;
  std::string base;
  if (folder != AT_FDCWD) {
    base = path_of(folder);
  } else {
    std::array<char, PATH_MAX> here{};
    if (syscall(SYS_getcwd, here.data(), here.size()) > 0) base = here.data();
  }
  while (path.starts_with("./")) path.erase(0, 2);
  return path == "." ? base : base + "/" + path;
}

WriteJournal& WriteJournal::instance() {
  // Never destroyed: other destructors still write.
  static WriteJournal* const journal = new WriteJournal;
  return *journal;
}

WriteJournal::WriteJournal()
    : folder_(from_environment("RARE_FAULT_FOLDER")),
      journal_(from_environment("RARE_FAULT_JOURNAL")) {
  if (folder_.empty()) return;
  folder_ += '/';
  if (journal_.empty()) return;
  const std::string file = journal_ + "/journal";
  descriptor_ = static_cast<int>(
      syscall(SYS_openat, AT_FDCWD, file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
}

bool WriteJournal::watches(std::string_view path) const {
  return !folder_.empty() && path.starts_with(folder_);
}

std::uint64_t WriteJournal::end() const {
  struct stat found {};
  return descriptor_ >= 0 && fstat(descriptor_, &found) == 0
             ? static_cast<std::uint64_t>(found.st_size)
             : 0;
}

void WriteJournal::append(std::string line, std::string_view bytes) {
  if (descriptor_ < 0) return;
  line += "}\n";
  line += bytes;
  std::string_view left = line;
  while (!left.empty()) {
    const long put = syscall(SYS_write, descriptor_, left.data(), left.size());
    if (put <= 0) std::abort();
    left.remove_prefix(static_cast<std::size_t>(put));
  }
}

void WriteJournal::write(int descriptor, std::uint64_t at, std::uint64_t length) {
  struct stat found {};
  if (descriptor_ < 0 || fstat(descriptor, &found) != 0) return;
  const std::uint64_t size = static_cast<std::uint64_t>(found.st_size);
  const std::string old =
      at < size ? bytes_at(descriptor, at, std::min(length, size - at)) : std::string();
  append("{\"do\":\"write\"" + field("inode", found.st_ino) + field("at", at) +
             field("length", length) + field("size", size) + field("bytes", old.size()),
         old);
}

void WriteJournal::resize(int descriptor, std::uint64_t to) {
  struct stat found {};
  if (descriptor_ < 0 || fstat(descriptor, &found) != 0) return;
  const std::uint64_t size = static_cast<std::uint64_t>(found.st_size);
  const std::string old = to < size ? bytes_at(descriptor, to, size - to) : std::string();
  append("{\"do\":\"resize\"" + field("inode", found.st_ino) + field("to", to) +
             field("size", size) + field("bytes", old.size()),
         old);
}

// A link outside the folder keeps the file, and so its inode's number, for the replay.
std::string WriteJournal::keep(const std::string& path) {
  if (descriptor_ < 0) return {};
  std::string kept = journal_ + "/kept-" + std::to_string(getpid()) + "-" + std::to_string(kept_++);
  const long linked = syscall(SYS_linkat, AT_FDCWD, path.c_str(), AT_FDCWD, kept.c_str(), 0);
  return linked == 0 ? kept : std::string();
}

void WriteJournal::make(const std::string& path, bool folder) {
  append("{\"do\":\"make\",\"path\":" + quoted(path) + (folder ? ",\"folder\":true" : ""));
}

void WriteJournal::remove(const std::string& path, bool folder) {
  const std::string kept = folder ? std::string() : keep(path);
  append("{\"do\":\"remove\",\"path\":" + quoted(path) + ",\"kept\":" + quoted(kept) +
         (folder ? ",\"folder\":true" : ""));
}

void WriteJournal::rename(const std::string& path, const std::string& to) {
  append("{\"do\":\"rename\",\"path\":" + quoted(path) + ",\"to\":" + quoted(to) +
         ",\"kept\":" + quoted(keep(to)));
}

void WriteJournal::sync(std::uint64_t inode, std::uint64_t up_to) {
  append("{\"do\":\"sync\"" + field("inode", inode) + field("up_to", up_to));
}

void WriteJournal::sync_folder(const std::string& path, std::uint64_t up_to) {
  append("{\"do\":\"sync_folder\",\"path\":" + quoted(path) + field("up_to", up_to));
}

}  // namespace rare::faults
