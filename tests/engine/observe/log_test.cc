#include "engine/observe/log.h"

#include "catch.h"
#include "engine/observe/log_tail.h"

using namespace rare;
using namespace rare::engine;

namespace {

struct Put {
  ~Put() {
    log_all_repeats();
    set_log_levels({});
    set_log_format(LogFormat::text);
  }
  std::uint64_t before =
      LogTail::of_process().after(0).empty() ? 0 : LogTail::of_process().after(0).back().seq;
  std::vector<LogEvent> events() const { return LogTail::of_process().after(before); }
};

}  // namespace

TEST_CASE("levels are one for all and others by name") {
  const auto levels = log_levels("warning,questions=debug,a=b=error");
  REQUIRE(levels);
  CHECK(levels->least == LogLevel::warning);
  CHECK(levels->of_names.at("questions") == LogLevel::debug);
  CHECK(levels->of_names.at("a=b") == LogLevel::error);
  CHECK(log_levels("teacher=error")->least == LogLevel::info);
}

TEST_CASE("what is no level is refused, with what was expected") {
  for (const char* text : {"", "loud", "info,", "questions=", "=debug", "questions=loud", "Info"}) {
    INFO(text);
    const auto levels = log_levels(text);
    REQUIRE_FALSE(levels);
    CHECK(levels.status().message().find("one of debug, info, warning, error; got '") !=
          std::string::npos);
  }
}

TEST_CASE("each component has its own level, and the tail has what was told") {
  const Put put;
  set_log_levels(*log_levels("error,questions=debug"));
  CHECK(is_logged(LogLevel::debug, "questions"));
  CHECK_FALSE(is_logged(LogLevel::warning, "teacher"));
  log_line(LogLevel::debug, "questions", "told", "17.0");
  log_line(LogLevel::warning, "teacher", "not told");
  log_line(LogLevel::info, {}, "not told either");
  const auto events = put.events();
  REQUIRE(events.size() == 1);
  CHECK(events.front().message == "told");
  CHECK(events.front().record == "17.0");
  CHECK(events.front().level == LogLevel::debug);
}

TEST_CASE("repeats are held back but for debug, and come before the end of the run") {
  const Put put;
  set_log_levels(*log_levels("info,questions=debug"));
  for (int i = 0; i < 8; ++i) log_line(LogLevel::debug, "questions", "asks " + std::to_string(i));
  CHECK(put.events().size() == 8);
  for (int i = 0; i < 8; ++i) log_line(LogLevel::warning, "teacher", "try " + std::to_string(i));
  CHECK(put.events().size() == 13);
  log_end_of_run(LogLevel::error, "over");
  const auto events = put.events();
  REQUIRE(events.size() == 15);
  CHECK(events[13].message.starts_with("3 more like this in the last "));
  CHECK(events[13].message.ends_with(" s: try 7"));
  CHECK(events[14].message == "over");
}
