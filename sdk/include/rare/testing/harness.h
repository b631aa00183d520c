// Runs one operator, source or sink without an engine: for tests of plugins.
//
//   rare::testing::TestContext context;
//   auto op = rare::testing::make<Shout>({{"field", "title"}});
//   auto result = rare::testing::run(*op, rare::Record({{"title", "hi"}}));
//   REQUIRE(result.status.ok());
//   CHECK(result.records.at(0).fields()["title"] == "HI");
//
// Thread-safety: TestContext and FakeLanguageModel may be used from many threads; a component has
// what the engine would give it. Ownership: make() gives the component to the test; run() takes the
// record.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rare/detached.h"
#include "rare/sdk.h"
#include "rare/testing/test_context.h"

namespace rare::testing {

// What an operator gave out: for one record, or (gather()) for all.
struct Outcome {
  Status status;
  std::vector<Record> records;
  std::vector<std::string> ports;               // of each record; "" is the first port
  std::vector<std::string> filters;             // reasons
  std::map<std::string, std::uint64_t> counts;  // by counter
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
  Status count(std::string_view counter, std::uint64_t more) override {
    outcome_.counts[std::string(counter)] += more;
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
      const Json& value = values.at(param.name);
      const bool is_single = param.text_or_list && value.is_string();
      param.apply(component.get(), is_single ? Json::array({value}) : value, services);
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

// A whole-set operator over its whole input, as the engine runs it: one thread, the given order,
// then finish(). Stops at the first error.
inline Outcome gather(Operator& op, std::vector<Record> records) {
  Outcome outcome;
  CollectingOutput output(outcome);
  for (Record& record : records) {
    outcome.status = op.process(std::move(record), output);
    if (!outcome.status.ok()) return outcome;
  }
  outcome.status = op.finish(output);
  return outcome;
}

namespace detail {
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
rare::detail::Detached drive(Task<T> task, std::optional<T>& result, Finish& finish) {
  result.emplace(co_await task);
  finish.set();
}
template <class T>
rare::detail::Detached drive_awaitable(Awaitable<T> awaitable, std::optional<T>& result,
                                       Finish& finish, TimeLimit* limit) {
  rare::detail::UseTimeLimit use{limit};
  co_await use;
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
// `limit` is told when the service does not work on what it was asked.
template <class T>
T wait_for(Awaitable<T> awaitable, TimeLimit* limit = nullptr) {
  std::optional<T> result;
  detail::Finish finish;
  detail::drive_awaitable(std::move(awaitable), result, finish, limit);
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
