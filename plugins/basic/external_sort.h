// Sorts more than fits into memory: sorted runs go to files, which are merged at the end. Stable.
//
// Memory: about the limit, plus one entry and one read buffer for each of the at most kFanIn runs
// that are merged at a time.
// Thread-safety: one thread at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "rare/context.h"
#include "run_file.h"

namespace rare::basic {

class ExternalSort {
 public:
  enum class Direction { ascending, descending };
  static constexpr std::size_t kFanIn = 64;

  // REQUIRES: `context` outlives it. Its scratch folder is asked for when the first run is written.
  ExternalSort(Context& context, std::size_t memory_bytes, Direction direction);

  Status add(Entry entry);
  // Every entry, in the order of keys (compared as bytes); equal ones in the order they were added.
  // Once, after the last add(). Stops early with `visit`'s error, or as cancelled with the run.
  Status drain(const std::function<Status(Entry)>& visit);

  // How often it went to disk.
  std::size_t runs_written() const { return runs_written_; }

 private:
  // Where the merge stands in one run.
  struct Cursor {
    Entry entry;
    std::size_t run = 0;
  };
  bool comes_before(const std::string& a, const std::string& b) const;
  void sort_memory();
  Status write_run();
  Result<std::unique_ptr<RunFile>> new_run();
  // Merges the runs of one group; with `memory`, also the entries in memory, as the last run.
  Status merge(std::vector<std::unique_ptr<RunFile>> runs, bool memory,
               const std::function<Status(Entry)>& visit);
  Status merge_groups();
  static std::size_t bytes_of(const Entry& entry);

  Context& context_;
  const std::size_t memory_bytes_;
  const Direction direction_;
  std::vector<Entry> memory_;
  std::size_t used_bytes_ = 0;
  std::vector<std::unique_ptr<RunFile>> runs_;
  std::size_t runs_written_ = 0;
};

}  // namespace rare::basic
