#include "engine/observe/repeats.h"

#include "catch.h"

using namespace rare;
using namespace rare::engine;

namespace {

using Clock = Repeats::Clock;
constexpr Clock::time_point kBegin{std::chrono::hours(1)};

LogEvent warning_of(const std::string& component, const std::string& message) {
  LogEvent event;
  event.level = LogLevel::warning;
  event.component = component;
  event.message = message;
  return event;
}

// How many of `count` events that are alike but for a number are told at `now`.
int told(Repeats& repeats, int count, Clock::time_point now, const std::string& text = "waited ") {
  int told = 0;
  for (int i = 0; i < count; ++i) {
    told += repeats.tells(warning_of("teacher", text + std::to_string(i) + " s"), now) ? 1 : 0;
  }
  return told;
}

}  // namespace

TEST_CASE(
    "five that are alike but for digits are told, the others summed up when ten seconds are over") {
  Repeats repeats;
  CHECK(told(repeats, 417, kBegin) == 5);
  CHECK(repeats.due(kBegin + std::chrono::milliseconds(9999)).empty());
  const auto sums = repeats.due(kBegin + std::chrono::seconds(10));
  REQUIRE(sums.size() == 1);
  CHECK(sums.front().message == "412 more like this in the last 10 s: waited 416 s");
  CHECK(sums.front().component == "teacher");
  CHECK(sums.front().level == LogLevel::warning);
  CHECK(repeats.due(kBegin + std::chrono::seconds(20)).empty());
  CHECK(told(repeats, 6, kBegin + std::chrono::seconds(20)) == 5);
}

TEST_CASE("where nothing was held back, nothing is summed up") {
  Repeats repeats;
  CHECK(told(repeats, 5, kBegin) == 5);
  CHECK(repeats.due(kBegin + std::chrono::minutes(1)).empty());
  CHECK(repeats.all(kBegin + std::chrono::minutes(1)).empty());
}

TEST_CASE("other text, another component and another level are not alike") {
  Repeats repeats;
  CHECK(told(repeats, 6, kBegin) == 5);
  CHECK(repeats.tells(warning_of("teacher", "waits 7 s"), kBegin));
  CHECK(repeats.tells(warning_of("judge", "waited 7 s"), kBegin));
  LogEvent error = warning_of("teacher", "waited 7 s");
  error.level = LogLevel::error;
  CHECK(repeats.tells(error, kBegin));
}

TEST_CASE("all that is held back can be had at once, with the time that it took") {
  Repeats repeats;
  told(repeats, 7, kBegin);
  const auto sums = repeats.all(kBegin + std::chrono::milliseconds(2500));
  REQUIRE(sums.size() == 1);
  CHECK(sums.front().message == "2 more like this in the last 3 s: waited 6 s");
  CHECK(repeats.all(kBegin + std::chrono::seconds(3)).empty());
}

TEST_CASE("of more shapes than are remembered each is told, until a span is over") {
  Repeats repeats;
  std::string shape;
  for (std::size_t i = 0; i < Repeats::kMostShapes; ++i) {
    shape += 'a';
    if (shape.size() > 200) shape = std::string(1, static_cast<char>('b' + i / 200));
    CHECK(repeats.tells(warning_of("teacher", shape), kBegin));
  }
  CHECK(told(repeats, 50, kBegin, "beyond ") == 50);
  CHECK(repeats.due(kBegin + Repeats::kSpan).empty());
  CHECK(told(repeats, 50, kBegin + Repeats::kSpan, "beyond ") == 5);
}
