// Folders and files that survive a loss of power: private modes, syncs, whole files or none.
//
// Errors are run faults: resource_exhausted when the disk or quota is full, else unavailable.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "rare/status.h"

namespace rare::engine {

std::string parent_folder(const std::string& file);  // "." for a bare name

// Makes the folder and those above it that are missing, mode 0700, synced.
Status make_private_folder(const std::string& folder);
Status sync_folder(const std::string& folder);
// Removes a file if it is there; whether it was.
Result<bool> remove_file(const std::string& file);

// A file in `folder` without a name, gone with the process: its descriptor, or -1 with errno set.
int open_nameless(const std::string& folder);

bool is_disk_full(int system_error);
// "the disk is full: cannot write NAME (WORDS). ..."
Status disk_full(const std::string& name, const std::string& words);
// "DOING FILE: words of `system_error`. ..."
Status file_error(const std::string& doing, const std::string& file, int system_error);

// The name of a network file system by its magic number (statfs(2)), nothing for others: SQLite's
// write-ahead log needs memory that is shared between processes, which these do not have.
std::optional<std::string> network_file_system(long magic);
// Refuses a folder on a network file system; `option` chooses another place.
Status require_local(const std::string& folder, const std::string& option);

// A file that appears whole: written under a temporary name beside it (NAME.tmp, mode 0600), synced
// and renamed by finish(). Without finish() nothing is left and an older file stays.
class WholeFile {
 public:
  explicit WholeFile(std::string file, const std::string& temporary = ".tmp");
  ~WholeFile();
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;

  Status open();
  Status write(std::string_view bytes);
  Status finish();

 private:
  Status flush();
  std::string file_;
  std::string temporary_;
  std::string buffer_;
  int descriptor_ = -1;
};

// `text` as such a file.
Status write_whole(const std::string& file, std::string_view text);

// A lock on a folder: the file `lock` in it, held with flock(2) by this process and gone with it.
// It carries pid and host of its last holder; a left-over file is taken over.
class FolderLock {
 public:
  // A lock that is held gives invalid_argument and names pid and host of the holder.
  static Result<std::unique_ptr<FolderLock>> take(const std::string& folder);
  // "pid P on host H" where a process that this one can see holds the lock. Who asks never takes
  // it, not for a moment: a run that starts just then would be refused.
  static std::optional<std::string> holder(const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace rare::engine
