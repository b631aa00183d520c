// A reply store whose replies are also in the log that the attempts of a shard share.
// Thread-safety: as the store that it stands before, which, as the log, outlives it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/state/reply_log.h"
#include "rare/reply_store.h"

namespace rare::engine {

class LoggedReplies final : public ReplyStore {
 public:
  // `name`: what lines of the log call this store.
  LoggedReplies(ReplyStore& store, ReplyLog& log, std::string name)
      : store_(store), log_(log), name_(std::move(name)) {}

  void find(std::string key, Scope scope,
            std::function<void(Result<std::optional<StoredReply>>)> done) override {
    store_.find(std::move(key), scope, std::move(done));
  }
  // Used when it is in both.
  void put(std::string key, StoredReply reply, std::function<void(Status)> done) override;
  void asked(const std::string& key, const std::string& service) override {
    store_.asked(key, service);
  }
  void ended(const std::string& key, Ending ending) override { store_.ended(key, ending); }

 private:
  ReplyStore& store_;
  ReplyLog& log_;
  const std::string name_;
};

// Puts the replies of the logs in `folder` that are of the store called `name` into it, but for
// those that this run stored there itself. Of several under one key the first that
// read_reply_logs() gives. Waits until they are on disk.
Status take_over_replies(const std::string& folder, const std::vector<std::string>& first,
                         const std::string& name, ReplyStore& store);

}  // namespace rare::engine
