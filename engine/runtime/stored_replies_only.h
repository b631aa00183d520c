// A reply store that answers what was stored and lets nothing be asked: for looking back at a run.
// Thread-safety: as the store that it stands before, which outlives it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "rare/reply_store.h"

namespace rare::engine {

class StoredRepliesOnly final : public ReplyStore {
 public:
  explicit StoredRepliesOnly(ReplyStore& store) : store_(store) {}

  void find(std::string key, Scope,
            std::function<void(Result<std::optional<StoredReply>>)> done) override {
    store_.find(
        std::move(key), Scope::any_run,
        [done = std::move(done)](Result<std::optional<StoredReply>> found) {
          if (!found || *found) return done(std::move(found));
          done(Status(StatusCode::not_found,
                      "its reply is not in the store: the record did not come this far yet, "
                      "failed here, or the reply was removed"));
        });
  }
  void put(std::string, StoredReply, std::function<void(Status)> done) override {
    done(Status::run_fault(StatusCode::internal, "nothing is asked while looking back"));
  }

 private:
  ReplyStore& store_;
};

}  // namespace rare::engine
