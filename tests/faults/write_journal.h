// What a disk would not hold yet: before each change below RARE_FAULT_FOLDER, what undoes it is
// appended to RARE_FAULT_JOURNAL/journal. power_loss.py reads it.
//
// A record is a line of JSON, followed by `bytes` bytes where it has such a field:
//   write   inode, at, length, size, bytes   the old bytes there, of a file that had `size`
//   resize  inode, to, size, bytes           the old bytes beyond `to`
//   sync    inode, up_to                     what stands before that byte of the journal is on disk
//   make    path, folder                     a name that was not there
//   remove  path, folder, kept               `kept`: a link to the file
//   rename  path, to, kept                   `kept`: a link to what `to` was, or empty
//   sync_folder  path, up_to                 the same for names in that folder
//
// All of it is written with single calls of write(2): it outlives a SIGKILL. Names are changed
// under the journal's lock, so that its order is theirs.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace rare::faults {

class WriteJournal {
 public:
  // Nothing is journaled without both variables.
  static WriteJournal& instance();

  bool watches(std::string_view path) const;
  // Held over a change and the record that undoes it.
  std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }

  // REQUIRES, of all below: lock() is held.
  void write(int descriptor, std::uint64_t at, std::uint64_t length);
  void resize(int descriptor, std::uint64_t to);
  void make(const std::string& path, bool folder);
  void remove(const std::string& path, bool folder);
  void rename(const std::string& path, const std::string& to);
  void sync(std::uint64_t inode, std::uint64_t up_to);
  void sync_folder(const std::string& path, std::uint64_t up_to);
  // Bytes so far.
  std::uint64_t end() const;

 private:
  WriteJournal();
  void append(std::string line, std::string_view bytes = {});
  std::string keep(const std::string& path);

  std::string folder_;   // with a slash at its end
  std::string journal_;  // the journal's folder
  int descriptor_ = -1;
  std::mutex mutex_;
  std::uint64_t kept_ = 0;
};

// "" when the descriptor has no file in a folder.
std::string path_of(int descriptor);
// `name` as open(2) would take it, from the root on.
std::string absolute_path(int folder, const char* name);

}  // namespace rare::faults
