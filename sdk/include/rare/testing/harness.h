// Runs one operator, source or sink without an engine: for tests of plugins.
//
//   rare::testing::TestContext context;
//   auto op = rare::testing::make<Shout>({{"field", "title"}});
//   auto result = rare::testing::run(*op, rare::Record({{"title", "hi"}}));
//   REQUIRE(result.status.ok());
//   CHECK(result.records.at(0).fields()["title"] == "HI");
//
// Thread-safety: TestContext and FakeLanguageModel may be used from many threads.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
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
  std::map<std::string, StoredReply> replies_;
};

class TestContext final : public ServiceContext {
 public:
  explicit TestContext(std::string name = "test", std::uint64_t seed = 0)
      : name_(std::move(name)), seed_(seed) {}

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
  Result<std::unique_ptr<RecordStream>> records_of(const std::string& node) override {
    if (!stream) return Status(StatusCode::not_found, "no test stream for node " + node);
    return stream();
  }

  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  void request_stop() { stop_.request_stop(); }

  std::string folder = ".";
  std::function<std::unique_ptr<RecordStream>()> stream;  // what records_of() gives

 private:
  std::string name_;
  std::uint64_t seed_;
  std::stop_source stop_;
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  MemoryReplyStore replies_;
  ThreadResumer resumer_;
};

// What an operator gave out for one record.
struct Outcome {
  Status status;
  std::vector<Record> records;
  std::vector<std::string> ports;    // of each record; "" is the first port
  std::vector<std::string> filters;  // reasons
};

class CollectingOutput final : public Output {
 public:
  explicit CollectingOutput(Outcome& outcome) : outcome_(outcome) {}
  Status emit(Record record) override { return emit("", std::move(record)); }
  Status emit(std::string_view port, Record record) override {
    outcome_.records.push_back(std::move(record));
    outcome_.ports.emplace_back(port);
    return Status();
  }
  Status filter(std::string_view reason) override {
    outcome_.filters.emplace_back(reason);
    return Status();
  }

 private:
  Outcome& outcome_;
};

// An instance of T with `values` over the defaults of its spec. Services are given by name.
template <class T>
std::unique_ptr<T> make(const Json& values = Json::object(), const ServiceResolver& services = {}) {
  auto component = std::make_unique<T>();
  const Spec spec = T::spec();
  for (const ParamSpec& param : spec.params()) {
    if (values.contains(param.name)) {
      param.apply(component.get(), values.at(param.name), services);
    } else if (param.type != ParamType::service) {
      param.apply(component.get(), param.default_value, services);
    }
  }
  return component;
}

inline Outcome run(Operator& op, Record record) {
  Outcome outcome;
  CollectingOutput output(outcome);
  outcome.status = op.process(std::move(record), output);
  return outcome;
}

namespace detail {
// Starts at once, destroys itself at the end.
struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

struct Finish {
  std::mutex mutex;
  std::condition_variable done_changed;
  bool done = false;
  void set() {
    const std::lock_guard lock(mutex);
    done = true;
    done_changed.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex);
    done_changed.wait(lock, [this] { return done; });
  }
};

template <class T>
Detached drive(Task<T> task, std::optional<T>& result, Finish& finish) {
  result.emplace(co_await task);
  finish.set();
}
template <class T>
Detached drive_awaitable(Awaitable<T> awaitable, std::optional<T>& result, Finish& finish) {
  result.emplace(co_await awaitable);
  finish.set();
}
}  // namespace detail

// Waits for a task on this thread. The task must not need this thread to go on.
template <class T>
T wait_for(Task<T> task) {
  std::optional<T> result;
  detail::Finish finish;
  detail::drive(std::move(task), result, finish);
  finish.wait();
  return std::move(*result);
}
template <class T>
T wait_for(Awaitable<T> awaitable) {
  std::optional<T> result;
  detail::Finish finish;
  detail::drive_awaitable(std::move(awaitable), result, finish);
  finish.wait();
  return std::move(*result);
}

inline Outcome run(AsyncOperator& op, Record record) {
  Outcome outcome;
  CollectingOutput output(outcome);
  outcome.status = wait_for(op.process(std::move(record), output));
  return outcome;
}

}  // namespace rare::testing
