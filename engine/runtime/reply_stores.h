// The reply stores of a run: its own, and those of services that name a file (`cache_file`).
//
// Thread-safety: in() from one thread, before anything else uses the stores; the rest from any.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/runtime/logged_replies.h"
#include "engine/runtime/stored_replies_only.h"
#include "engine/state/paid_replies.h"
#include "engine/state/reply_database.h"
#include "engine/state/reply_log.h"
#include "rare/reply_store.h"
#include "rare/status.h"

namespace rare::engine {

class ReplyStores {
 public:
  struct Setup {
    std::string file;    // of the run's own
    std::string run_id;  // see ReplyDatabase::open()
    std::function<void(Status)> on_full_disk;
    bool stored_only = false;  // nothing may be asked: see StoredRepliesOnly
    // Of a shard: where all its attempts log their replies, and the file of this one. What is in
    // none of the stores yet is taken over from there.
    std::string log_folder, log_file;
    std::vector<std::string> logs_first;  // see read_reply_logs()
  };
  static Result<std::unique_ptr<ReplyStores>> open(Setup setup);

  ReplyStore& own() { return stores_.front().store(); }
  // The store in `file`, which is opened when nobody named it before; empty: the run's own.
  Result<ReplyStore*> in(const std::string& file);

  // Of all of them: see ReplyDatabase.
  std::map<std::string, std::uint64_t> unanswered() const;
  std::map<PaidReplies::Key, PaidTotals> paid() const;

 private:
  struct Open {
    std::string file;
    std::unique_ptr<ReplyDatabase> database;
    std::unique_ptr<StoredRepliesOnly> stored_only;
    std::unique_ptr<LoggedReplies> logged;
    ReplyStore& store() const {
      if (logged) return *logged;
      return stored_only ? static_cast<ReplyStore&>(*stored_only) : *database;
    }
  };
  explicit ReplyStores(Setup setup) : setup_(std::move(setup)) {}
  // `name`: as the pipeline calls it; empty: the run's own.
  Status add(const std::string& file, const std::string& name);

  const Setup setup_;
  std::vector<Open> stores_;
  std::unique_ptr<ReplyLog> log_;  // ends before the stores, which take what it still has written
};

}  // namespace rare::engine
