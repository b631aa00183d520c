#include "rare/task.h"

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "catch.h"
#include "rare/testing/harness.h"

using rare::Awaitable;
using rare::Completion;
using rare::Result;
using rare::Status;
using rare::StatusCode;
using rare::Task;
using rare::testing::ThreadResumer;
using rare::testing::wait_for;

namespace {

Task<int> immediate(int value) { co_return value; }

Task<int> sum_of(int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) {
    Task<int> task = immediate(1);
    sum += co_await task;
  }
  co_return sum;
}

Task<int> nested(int depth) {
  if (depth == 0) co_return 0;
  Task<int> inner = nested(depth - 1);
  const int below = co_await inner;
  co_return below + 1;
}

Task<std::string> fails() {
  throw std::runtime_error("thrown inside");
  co_return std::string();
}

Task<std::string> catches() {
  Task<std::string> inner = fails();
  std::string what;
  try {
    what = co_await inner;
  } catch (const std::runtime_error& error) {
    what = std::string("caught ") + error.what();
  }
  co_return what;
}

Task<Result<std::string>> awaits(Awaitable<Result<std::string>> awaitable) {
  Result<std::string> value = co_await awaitable;
  co_return value;
}

Task<std::unique_ptr<int>> moves(Awaitable<Result<std::unique_ptr<int>>> awaitable) {
  Result<std::unique_ptr<int>> value = co_await awaitable;
  std::unique_ptr<int> taken = *std::move(value);
  co_return taken;
}

Task<std::thread::id> thread_behind(Awaitable<Result<std::string>> awaitable) {
  const Result<std::string> ignored = co_await awaitable;
  co_return std::this_thread::get_id();
}

// Counts how many are alive: what a frame holds is destroyed once.
struct Counted {
  explicit Counted(std::atomic<int>& count) : alive(&count) { ++*alive; }
  Counted(const Counted& other) : alive(other.alive) { ++*alive; }
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --*alive; }
  std::atomic<int>* alive;
};

Task<int> holds(Counted counted, Awaitable<Result<std::string>> awaitable) {
  const Counted local = counted;
  const Result<std::string> value = co_await awaitable;
  co_return value.ok() ? 1 : 0;
}

}  // namespace

TEST_CASE("a task gives its value, and tasks await tasks") {
  CHECK(wait_for(immediate(7)) == 7);
  // Symmetric transfer is a jump in optimised code; AddressSanitizer makes it a call again.
#ifdef __SANITIZE_ADDRESS__
  constexpr int kTasks = 50;
#else
  constexpr int kTasks = 10'000;
#endif
  CHECK(wait_for(sum_of(kTasks)) == kTasks);
  CHECK(wait_for(nested(50)) == 50);
}

TEST_CASE("an exception comes out where the task is awaited") {
  CHECK(wait_for(catches()) == "caught thrown inside");
}

TEST_CASE("a task that is never awaited does nothing and leaks nothing") {
  std::atomic<int> alive{0};
  ThreadResumer resumer;
  {
    auto pair = rare::make_completion<Result<std::string>>(resumer);
    Counted counted(alive);
    const Task<int> task = holds(std::move(counted), std::move(pair.awaitable));
    CHECK(alive > 0);
  }
  CHECK(alive == 0);
}

TEST_CASE("what a coroutine holds is destroyed once, when it is done") {
  std::atomic<int> alive{0};
  ThreadResumer resumer;
  auto pair = rare::make_completion<Result<std::string>>(resumer);
  std::jthread service(
      [completion = std::move(pair.completion)] { completion.set(std::string("x")); });
  {
    Counted counted(alive);
    CHECK(wait_for(holds(std::move(counted), std::move(pair.awaitable))) == 1);
  }
  // The frame goes with the Task inside wait_for(), possibly a moment after its value is seen.
  while (alive != 0) std::this_thread::yield();
  CHECK(alive == 0);
}

TEST_CASE("a completion may be set before or after it is awaited") {
  ThreadResumer resumer;
  auto before = rare::make_completion<Result<std::string>>(resumer);
  before.completion.set(std::string("early"));
  CHECK(*wait_for(std::move(before.awaitable)) == "early");

  auto after = rare::make_completion<Result<std::string>>(resumer);
  std::jthread service(
      [completion = std::move(after.completion)] { completion.set(std::string("late")); });
  CHECK(*wait_for(awaits(std::move(after.awaitable))) == "late");
}

TEST_CASE("a waiting coroutine goes on on a resume thread, never on the service's") {
  ThreadResumer resumer;
  auto pair = rare::make_completion<Result<std::string>>(resumer);
  std::thread::id service_id;
  const std::thread::id main_id = std::this_thread::get_id();
  std::optional<std::thread::id> seen;
  rare::testing::detail::Finish finish;
  rare::testing::detail::drive(thread_behind(std::move(pair.awaitable)), seen, finish);
  REQUIRE_FALSE(seen);  // the coroutine waits
  std::jthread service([&service_id, completion = std::move(pair.completion)] {
    service_id = std::this_thread::get_id();
    completion.set(std::string("x"));
  });
  finish.wait();
  service.join();
  REQUIRE(seen);
  CHECK(*seen != service_id);
  CHECK(*seen != main_id);
}

TEST_CASE("a completion that is dropped unset is an error of its record, not a hang") {
  ThreadResumer resumer;
  auto unseen = rare::make_completion<Result<std::string>>(resumer);
  { const Completion<Result<std::string>> gone = std::move(unseen.completion); }
  const Result<std::string> first = wait_for(std::move(unseen.awaitable));
  CHECK(first.status().code() == StatusCode::internal);
  CHECK(first.status().message() == "the service dropped this request unanswered");

  auto waited = rare::make_completion<Result<std::string>>(resumer);
  std::jthread service([completion = std::move(waited.completion)] {});
  const Result<std::string> second = wait_for(awaits(std::move(waited.awaitable)));
  CHECK(second.status().code() == StatusCode::internal);
}

TEST_CASE("only the last copy of a completion counts as dropped") {
  ThreadResumer resumer;
  auto pair = rare::make_completion<Result<std::string>>(resumer);
  std::optional<Completion<Result<std::string>>> kept(pair.completion);
  { const Completion<Result<std::string>> copy = std::move(pair.completion); }
  kept->set(std::string("still there"));
  kept.reset();
  CHECK(*wait_for(std::move(pair.awaitable)) == "still there");
  CHECK(resumer.misuses().empty());
}

TEST_CASE("a completion that is set twice keeps the first value and tells the engine") {
  ThreadResumer resumer;
  auto pair = rare::make_completion<Result<std::string>>(resumer);
  pair.completion.set(std::string("first"));
  pair.completion.set(std::string("second"));
  CHECK(*wait_for(std::move(pair.awaitable)) == "first");
  CHECK(resumer.misuses() ==
        std::vector<std::string>{"a Completion was set twice; the second value is ignored"});
}

TEST_CASE("a completion may be set when nobody waits any more") {
  ThreadResumer resumer;
  auto pair = rare::make_completion<Result<std::string>>(resumer);
  { const Awaitable<Result<std::string>> gone = std::move(pair.awaitable); }
  pair.completion.set(std::string("unheard"));
  CHECK(resumer.misuses().empty());
}

TEST_CASE("values that cannot be copied pass through") {
  ThreadResumer resumer;
  auto pair = rare::make_completion<Result<std::unique_ptr<int>>>(resumer);
  pair.completion.set(std::make_unique<int>(41));
  CHECK(*wait_for(moves(std::move(pair.awaitable))) == 41);
}

TEST_CASE("completions race with their awaiting, thousands of times") {
  ThreadResumer resumer;
  constexpr int kRounds = 5000;
  std::vector<Completion<Result<std::string>>> completions;
  std::vector<Awaitable<Result<std::string>>> awaitables;
  for (int i = 0; i < kRounds; ++i) {
    auto pair = rare::make_completion<Result<std::string>>(resumer);
    completions.push_back(std::move(pair.completion));
    awaitables.push_back(std::move(pair.awaitable));
  }
  std::jthread service([&completions] {
    for (std::size_t i = 0; i < completions.size(); ++i) {
      // Each third is forgotten, each fifth of the others set by two threads at once.
      std::optional<Completion<Result<std::string>>> one(std::move(completions[i]));
      if (i % 3 == 0) continue;
      if (i % 5 == 0) {
        std::jthread other([copy = *one] { copy.set(std::string("x")); });
      }
      one->set(std::string("x"));
    }
  });
  int answered = 0, dropped = 0;
  for (Awaitable<Result<std::string>>& awaitable : awaitables) {
    const Result<std::string> value = wait_for(awaits(std::move(awaitable)));
    (value.ok() ? answered : dropped) += 1;
  }
  CHECK(dropped == (kRounds + 2) / 3);
  CHECK(answered == kRounds - dropped);
}
