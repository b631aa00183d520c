// The Context that a component under test gets, and what it hands out.
//
// Thread-safety: all of it may be used from many threads. Ownership: the test's; a component keeps
// a pointer to it.
#pragma once

#include <stdlib.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rare/sdk.h"

namespace rare::testing {

// Resumes coroutines on a thread of its own, as the engine does.
class ThreadResumer final : public Resumer {
 public:
  ThreadResumer() : thread_([this](std::stop_token stop) { loop(stop); }) {}
  void resume(std::coroutine_handle<> waiter) override {
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(waiter);
    }
    wake_.notify_one();
  }
  void misuse(const std::string& what) override {
    const std::lock_guard lock(mutex_);
    misuses_.push_back(what);
  }
  std::vector<std::string> misuses() {
    const std::lock_guard lock(mutex_);
    return misuses_;
  }

 private:
  void loop(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    while (wake_.wait(lock, stop, [this] { return !queue_.empty(); })) {
      const std::coroutine_handle<> next = queue_.front();
      queue_.pop_front();
      lock.unlock();
      next.resume();
      lock.lock();
    }
  }
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<std::coroutine_handle<>> queue_;
  std::vector<std::string> misuses_;
  std::jthread thread_;
};

// Keeps replies in memory; a service under test may use it as its store.
class MemoryReplyStore final : public ReplyStore {
 public:
  void find(std::string key, Scope,
            std::function<void(Result<std::optional<StoredReply>>)> done) override {
    std::optional<StoredReply> reply;
    {
      const std::lock_guard lock(mutex_);
      const auto at = replies_.find(key);
      if (at != replies_.end()) reply = at->second;
    }
    done(std::move(reply));
  }
  void put(std::string key, StoredReply reply, std::function<void(Status)> done) override {
    {
      const std::lock_guard lock(mutex_);
      replies_.insert_or_assign(std::move(key), std::move(reply));
    }
    done(Status());
  }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return replies_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, StoredReply> replies_;
};

class TestContext final : public ServiceContext {
 public:
  explicit TestContext(std::string name = "test", std::uint64_t seed = 0)
      : name_(std::move(name)), seed_(seed) {}
  ~TestContext() override {
    std::error_code ignored;
    if (!scratch_.empty()) std::filesystem::remove_all(scratch_, ignored);
  }

  const std::string& name() const override { return name_; }
  void log(LogLevel, std::string_view message) override {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(message);
  }
  std::uint64_t seed() const override { return seed_; }
  std::stop_token stop_token() const override { return stop_.get_token(); }
  ThreadResumer& resumer() override { return resumer_; }
  MemoryReplyStore& replies() override { return replies_; }
  std::string run_folder() const override { return folder; }
  std::string scratch_folder() override {
    const std::lock_guard lock(mutex_);
    if (scratch_.empty()) {
      std::string name = (std::filesystem::temp_directory_path() / "rare-test-XXXXXX").string();
      if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
      scratch_ = name;
    }
    return scratch_;
  }
  Result<std::unique_ptr<RecordStream>> records_of(const std::string& node) override {
    if (!stream) return Status(StatusCode::not_found, "no test stream for node " + node);
    return stream();
  }

  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  void request_stop() { stop_.request_stop(); }

  bool keeps_provenance() const override { return provenance; }

  std::string folder = ".";
  bool provenance = false;
  std::function<std::unique_ptr<RecordStream>()> stream;  // what records_of() gives

 private:
  std::string name_;
  std::uint64_t seed_;
  std::stop_source stop_;
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  std::string scratch_;  // made when it is first asked for
  MemoryReplyStore replies_;
  ThreadResumer resumer_;
};

// A test context with a store of the test's choice.
class StoreContext final : public ServiceContext {
 public:
  explicit StoreContext(ReplyStore& store) : store_(store) {}
  const std::string& name() const override { return base_.name(); }
  void log(LogLevel level, std::string_view message) override { base_.log(level, message); }
  std::uint64_t seed() const override { return 0; }
  std::stop_token stop_token() const override { return base_.stop_token(); }
  Resumer& resumer() override { return base_.resumer(); }
  ReplyStore& replies() override { return store_; }
  std::string run_folder() const override { return base_.run_folder(); }
  std::string scratch_folder() override { return base_.scratch_folder(); }
  Result<std::unique_ptr<RecordStream>> records_of(const std::string& node) override {
    return base_.records_of(node);
  }

 private:
  ReplyStore& store_;
  TestContext base_;
};

}  // namespace rare::testing
