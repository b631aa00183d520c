#include "engine/observe/log_tail.h"

#include "catch.h"

using namespace rare;
using namespace rare::engine;

namespace {

LogEvent saying(const std::string& message) {
  LogEvent event;
  event.component = "teacher";
  event.message = message;
  return event;
}

}  // namespace

TEST_CASE("a tail gives what came after a number, oldest first") {
  LogTail tail(10);
  CHECK(tail.after(0).empty());
  for (const char* message : {"a", "b", "c"}) tail.add(saying(message));
  const auto all = tail.after(0);
  REQUIRE(all.size() == 3);
  CHECK(all.front().message == "a");
  CHECK(all.front().component == "teacher");
  CHECK(all.back().seq == 3);
  const auto later = tail.after(2);
  REQUIRE(later.size() == 1);
  CHECK(later.front().message == "c");
  CHECK(tail.after(3).empty());
  CHECK(tail.after(99).empty());
}

TEST_CASE("a tail keeps the newest, and numbers go on") {
  LogTail tail(2);
  for (const char* message : {"a", "b", "c"}) tail.add(saying(message));
  const auto kept = tail.after(0);
  REQUIRE(kept.size() == 2);
  CHECK(kept.front().message == "b");
  CHECK(kept.front().seq == 2);
}

TEST_CASE("of a long message a tail keeps the beginning, and cuts no character in two") {
  LogTail tail(2);
  const std::string umlaut = "\xC3\xA4";
  std::string message = "x";
  while (message.size() < LogTail::kMostMessageBytes + 10) message += umlaut;
  tail.add(saying(message));
  const std::string kept = tail.after(0).front().message;
  CHECK(kept.size() == LogTail::kMostMessageBytes - 1 + 3);
  CHECK(kept.ends_with(umlaut + "..."));
}
