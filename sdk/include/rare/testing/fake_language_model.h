// A LanguageModel whose replies are scripted by the test.
//
// Thread-safety: any thread, if the script is. Ownership: the test's; it outlives who asks it.
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "rare/language_model.h"
#include "rare/task.h"
#include "rare/testing/held_replies.h"
#include "rare/testing/manual_clock.h"

namespace rare::testing {

// Answers every request with what `script` returns for it, and remembers the requests.
class FakeLanguageModel final : public LanguageModel {
 public:
  using Script = std::function<Result<ChatReply>(const ChatRequest&)>;
  FakeLanguageModel(Resumer& resumer, Script script)
      : resumer_(resumer), script_(std::move(script)) {}

  Awaitable<Result<ChatReply>> chat(ChatRequest request) override {
    auto pair = make_completion<Result<ChatReply>>(resumer_);
    Result<ChatReply> reply = script_(request);
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(std::move(request));
    }
    auto give = [completion = pair.completion, reply = std::move(reply)] { completion.set(reply); };
    if (clock_ == nullptr) {
      HeldReplies::give(std::move(give));
    } else {
      clock_->after(latency_, std::move(give));
    }
    return std::move(pair.awaitable);
  }
  // Each reply takes that much time of `clock`. REQUIRES: nobody asks yet; the clock lives longer.
  void take(ManualClock& clock, ManualClock::Duration latency) {
    clock_ = &clock;
    latency_ = latency;
  }
  std::vector<ChatRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  Resumer& resumer_;
  Script script_;
  ManualClock* clock_ = nullptr;  // null: replies come at once, or as HeldReplies says
  ManualClock::Duration latency_{0};
  mutable std::mutex mutex_;
  std::vector<ChatRequest> requests_;
};

}  // namespace rare::testing
