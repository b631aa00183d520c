// What replies.db holds, looked at from outside; also while runs use it, which are not held up.
// Reads in short steps, so that the file's log does not grow behind a long look.
//
// Errors: not_found where there is no such file; else as ReplyDatabase::open(). A file of an
// earlier format is brought to the present one. Thread-safety: functions over files.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "engine/state/reply_table.h"
#include "rare/status.h"

namespace rare::engine {

// Which replies are meant: those that meet every condition that is set.
struct ReplyFilter {
  std::optional<std::string> model, node, run_id, key;
  std::optional<double> created_before_s;  // since 1970, UTC

  bool is_set() const { return model || node || run_id || key || created_before_s; }
  // For SQL after WHERE; "true" when nothing is set.
  std::string condition() const;
};

struct ReplyTotals {
  std::uint64_t replies = 0;
  std::uint64_t raw_bytes = 0;                             // requests and replies as they were
  std::uint64_t packed_bytes = 0;                          // what is kept of them
  std::uint64_t prompt_tokens = 0, completion_tokens = 0;  // as far as known
  double oldest_s = 0, newest_s = 0;                       // since 1970, UTC
  // Requests that went out and have no reply: those of a run that works now among them.
  std::uint64_t unanswered = 0;  // by run only

  void add(const ReplyTotals& more);
};

struct ReplyReport {
  std::uint64_t disk_bytes = 0;  // the file and its log
  ReplyTotals all;
  std::map<std::pair<std::string, std::string>, ReplyTotals> by_asker;  // model, node
  std::map<std::string, ReplyTotals> by_run;                            // run_id
};

Result<ReplyReport> read_reply_report(const std::string& file);

// Calls `take` for each reply that `filter` means, in the order of arrival, until it says false.
// Those that are damaged are left out; how many is the result.
Result<std::uint64_t> each_reply(const std::string& file, const ReplyFilter& filter,
                                 const std::function<bool(const ReplyRow&)>& take);

// The file's size with its log.
std::uint64_t reply_file_bytes(const std::string& file);
// open_reply_file() for a file that must be there.
Result<std::unique_ptr<sqlite::Database>> open_present_reply_file(const std::string& file);

}  // namespace rare::engine
