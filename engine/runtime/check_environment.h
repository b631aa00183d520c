// What components get from commands that open them and send no record: a folder that goes again,
// and a reply store that finds nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "engine/runtime/component_context.h"
#include "engine/runtime/resume_threads.h"
#include "engine/runtime/run_control.h"
#include "engine/runtime/scratch_folder.h"
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

// Outlives every component that it is given to. Thread-safety: one thread.
struct CheckEnvironment {
  explicit CheckEnvironment(std::uint64_t seed) {
    shared.seed = seed;
    shared.run_folder = folder.string();
    shared.control = &control;
    shared.replies = &replies;
    shared.resumer = &resume_threads;
  }
  CheckEnvironment(const CheckEnvironment&) = delete;
  CheckEnvironment& operator=(const CheckEnvironment&) = delete;
  // Tells components that nothing more is to be done.
  void end() {
    control.abort();
    control.cut();
  }

  const ScratchFolder folder;
  RunControl control;
  NoReplies replies;
  Environment shared;
  ResumeThreads resume_threads;
};

}  // namespace rare::engine
