// For LD_PRELOAD: a disk that can lose what was not synced, be full, or turn read-only, and a clock
// that jumps. What it does stands in write_journal.h and fault_rules.h. Only what reaches the C
// library through these functions is seen: not stdio, which serves temporary files here.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>

#include "fault_rules.h"
#include "write_journal.h"

namespace rare::faults {
namespace {

// Set while this library is at work: what it calls itself is nobody's change.
thread_local bool at_work = false;

class AtWork {
 public:
  AtWork() : nested_(at_work) { at_work = true; }
  ~AtWork() { at_work = nested_; }
  AtWork(const AtWork&) = delete;
  AtWork& operator=(const AtWork&) = delete;
  bool nested() const { return nested_; }

 private:
  const bool nested_;
};

bool is_shared_memory(const std::string& path) { return path.ends_with("-shm"); }

// A regular file with a name below the folder; SQLite makes its -shm files anew.
bool watched_file(int descriptor, std::string& path) {
  struct stat found {};
  if (fstat(descriptor, &found) != 0 || !S_ISREG(found.st_mode) || found.st_nlink == 0)
    return false;
  path = path_of(descriptor);
  return WriteJournal::instance().watches(path) && !is_shared_memory(path);
}

int refused(int error) {
  errno = error;
  return -1;
}

// How many of `length` bytes go in; what is there can be written over on a full disk, too.
std::uint64_t fitting(int descriptor, const std::string& path, std::uint64_t at,
                      std::uint64_t length) {
  const std::uint64_t limit = size_limit(path);
  if (limit == std::numeric_limits<std::uint64_t>::max()) return length;
  struct stat found {};
  fstat(descriptor, &found);
  const std::uint64_t end = std::max(limit, static_cast<std::uint64_t>(found.st_size));
  return at >= end ? 0 : std::min(length, end - at);
}

template <class Write>
ssize_t change_bytes(int descriptor, std::uint64_t at, std::size_t length, Write&& write) {
  std::string path;
  const AtWork work;
  if (work.nested() || length == 0 || !watched_file(descriptor, path)) return write(length);
  if (read_only(path)) return refused(EROFS);
  const std::uint64_t fits = fitting(descriptor, path, at, length);
  if (fits == 0) return refused(ENOSPC);
  WriteJournal& journal = WriteJournal::instance();
  const auto lock = journal.lock();
  journal.write(descriptor, at, fits);
  return write(fits);
}

ssize_t write_on(int descriptor, const void* bytes, std::size_t length) {
  const auto write = [&](std::size_t count) -> ssize_t {
    return syscall(SYS_write, descriptor, bytes, count);
  };
  if (at_work) return write(length);
  struct stat found {};
  if (fstat(descriptor, &found) != 0 || !S_ISREG(found.st_mode)) return write(length);
  const int flags = fcntl(descriptor, F_GETFL);
  const off_t at = (flags & O_APPEND) != 0 ? found.st_size : lseek(descriptor, 0, SEEK_CUR);
  return change_bytes(descriptor, static_cast<std::uint64_t>(at), length, write);
}

ssize_t write_at(int descriptor, const void* bytes, std::size_t length, off_t at) {
  return change_bytes(descriptor, static_cast<std::uint64_t>(at), length,
                      [&](std::size_t count) -> ssize_t {
                        return syscall(SYS_pwrite64, descriptor, bytes, count, at);
                      });
}

int resize(int descriptor, off_t size) {
  const auto change = [&] { return static_cast<int>(syscall(SYS_ftruncate, descriptor, size)); };
  std::string path;
  const AtWork work;
  if (work.nested() || !watched_file(descriptor, path)) return change();
  if (read_only(path)) return refused(EROFS);
  WriteJournal& journal = WriteJournal::instance();
  const auto lock = journal.lock();
  journal.resize(descriptor, static_cast<std::uint64_t>(size));
  return change();
}

int sync(int descriptor, long call) {
  const auto change = [&] { return static_cast<int>(syscall(call, descriptor)); };
  const AtWork work;
  struct stat found {};
  if (work.nested() || fstat(descriptor, &found) != 0) return change();
  const std::string path = path_of(descriptor);
  WriteJournal& journal = WriteJournal::instance();
  if (!journal.watches(path + "/")) return change();
  if (lies_about(path)) return 0;
  // What is changed while the call runs may or may not be on disk: it counts as not.
  const std::uint64_t up_to = [&] {
    const auto lock = journal.lock();
    return journal.end();
  }();
  const int result = change();
  if (result != 0) return result;
  const auto lock = journal.lock();
  if (S_ISDIR(found.st_mode)) {
    journal.sync_folder(path, up_to);
  } else {
    journal.sync(found.st_ino, up_to);
  }
  return result;
}

int open_file(int folder, const char* name, int flags, mode_t mode) {
  const auto change = [&] {
    return static_cast<int>(syscall(SYS_openat, folder, name, flags, mode));
  };
  const AtWork work;
  const bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0;
  if (work.nested() || !writes || (flags & O_TMPFILE) == O_TMPFILE) return change();
  const std::string path = absolute_path(folder, name);
  WriteJournal& journal = WriteJournal::instance();
  if (!journal.watches(path) || is_shared_memory(path)) return change();
  if (read_only(path)) return refused(EROFS);
  const auto lock = journal.lock();
  struct stat found {};
  const bool is_there = stat(path.c_str(), &found) == 0;
  if (!is_there && (flags & O_CREAT) != 0) journal.make(path, false);
  if (!is_there || (flags & O_TRUNC) == 0) return change();
  flags &= ~O_TRUNC;
  const int descriptor = change();
  if (descriptor < 0) return descriptor;
  journal.resize(descriptor, 0);
  syscall(SYS_ftruncate, descriptor, 0);
  return descriptor;
}

// change() makes, removes or renames `name`; journal_it(journal, path) says what undoes it.
template <class Change, class JournalIt>
int change_name(int folder, const char* name, Change&& change, JournalIt&& journal_it) {
  const AtWork work;
  if (work.nested()) return static_cast<int>(change());
  const std::string path = absolute_path(folder, name);
  WriteJournal& journal = WriteJournal::instance();
  if (!journal.watches(path) || is_shared_memory(path)) return static_cast<int>(change());
  if (read_only(path)) return refused(EROFS);
  if (dies_at(path)) syscall(SYS_kill, getpid(), SIGKILL);
  const auto lock = journal.lock();
  journal_it(journal, path);
  return static_cast<int>(change());
}

bool is_there(const std::string& path) {
  struct stat found {};
  return lstat(path.c_str(), &found) == 0;
}

int make_folder(int folder, const char* name, mode_t mode) {
  return change_name(
      folder, name, [&] { return syscall(SYS_mkdirat, folder, name, mode); },
      [](WriteJournal& journal, const std::string& path) {
        if (!is_there(path)) journal.make(path, true);
      });
}

int remove_name(int folder, const char* name, int flags) {
  return change_name(
      folder, name, [&] { return syscall(SYS_unlinkat, folder, name, flags); },
      [&](WriteJournal& journal, const std::string& path) {
        if (is_there(path)) journal.remove(path, (flags & AT_REMOVEDIR) != 0);
      });
}

}  // namespace
}  // namespace rare::faults

namespace faults = rare::faults;

extern "C" {

int open(const char* name, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = va_arg(more, mode_t);
  va_end(more);
  return faults::open_file(AT_FDCWD, name, flags, mode);
}

int open64(const char* name, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = va_arg(more, mode_t);
  va_end(more);
  return faults::open_file(AT_FDCWD, name, flags, mode);
}

int openat(int folder, const char* name, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = va_arg(more, mode_t);
  va_end(more);
  return faults::open_file(folder, name, flags, mode);
}

int mknod(const char* name, mode_t mode, dev_t device) noexcept {
  return faults::change_name(
      AT_FDCWD, name,
      [&] { return syscall(SYS_mknodat, AT_FDCWD, name, mode, static_cast<unsigned>(device)); },
      [](faults::WriteJournal& journal, const std::string& path) {
        if (!faults::is_there(path)) journal.make(path, false);
      });
}

int mkdir(const char* name, mode_t mode) noexcept {
  return faults::make_folder(AT_FDCWD, name, mode);
}
int unlink(const char* name) noexcept { return faults::remove_name(AT_FDCWD, name, 0); }
int rmdir(const char* name) noexcept { return faults::remove_name(AT_FDCWD, name, AT_REMOVEDIR); }
int remove(const char* name) noexcept {
  struct stat found {};
  const bool folder = lstat(name, &found) == 0 && S_ISDIR(found.st_mode);
  return faults::remove_name(AT_FDCWD, name, folder ? AT_REMOVEDIR : 0);
}
int unlinkat(int folder, const char* name, int flags) noexcept {
  return faults::remove_name(folder, name, flags);
}

int rename(const char* name, const char* to) noexcept {
  return faults::change_name(
      AT_FDCWD, name, [&] { return syscall(SYS_renameat, AT_FDCWD, name, AT_FDCWD, to); },
      [&](faults::WriteJournal& journal, const std::string& path) {
        journal.rename(path, faults::absolute_path(AT_FDCWD, to));
      });
}

// Where file systems refuse, it is with EPERM (link(2)).
int link(const char* name, const char* second) noexcept {
  if (faults::refuses_links(faults::absolute_path(AT_FDCWD, second))) {
    return faults::refused(EPERM);
  }
  return faults::change_name(
      AT_FDCWD, second, [&] { return syscall(SYS_linkat, AT_FDCWD, name, AT_FDCWD, second, 0); },
      [](faults::WriteJournal& journal, const std::string& path) {
        if (!faults::is_there(path)) journal.make(path, false);
      });
}

ssize_t write(int descriptor, const void* bytes, size_t length) {
  return faults::write_on(descriptor, bytes, length);
}
ssize_t pwrite(int descriptor, const void* bytes, size_t length, off_t at) {
  return faults::write_at(descriptor, bytes, length, at);
}
ssize_t pwrite64(int descriptor, const void* bytes, size_t length, off64_t at) {
  return faults::write_at(descriptor, bytes, length, at);
}
int ftruncate(int descriptor, off_t size) noexcept { return faults::resize(descriptor, size); }
int ftruncate64(int descriptor, off64_t size) noexcept { return faults::resize(descriptor, size); }
int fsync(int descriptor) { return faults::sync(descriptor, SYS_fsync); }
int fdatasync(int descriptor) { return faults::sync(descriptor, SYS_fdatasync); }

int clock_gettime(clockid_t clock, timespec* now) noexcept {
  using ClockGettime = int (*)(clockid_t, timespec*);
  static const auto real = reinterpret_cast<ClockGettime>(dlsym(RTLD_NEXT, "clock_gettime"));
  const int result = real(clock, now);
  if (result == 0 && clock == CLOCK_REALTIME) now->tv_sec += faults::clock_offset_s();
  return result;
}

int gettimeofday(timeval* now, void* zone) noexcept {
  const int result = static_cast<int>(syscall(SYS_gettimeofday, now, zone));
  if (result == 0) now->tv_sec += faults::clock_offset_s();
  return result;
}

time_t time(time_t* place) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (place != nullptr) *place = now.tv_sec;
  return now.tv_sec;
}

}  // extern "C"
