// A reply store for commands that open services and neither use nor keep a reply.
// Thread-safety: any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "rare/reply_store.h"

namespace rare::engine {

// Services may ask for the store when they open; it finds nothing and takes nothing.
class NoReplies final : public ReplyStore {
 public:
  void find(std::string, Scope,
            std::function<void(Result<std::optional<StoredReply>>)> done) override {
    done(std::optional<StoredReply>());
  }
  void put(std::string, StoredReply, std::function<void(Status)> done) override {
    done(Status::cancelled());
  }
};

}  // namespace rare::engine
