// The log: one event, one line, on standard error. spdlog underneath. What is told there is kept in
// LogTail::of_process(), too.
//
// Of what is said over and over, only some is told, and the rest summed up (repeats.h): but for
// level debug, which somebody has asked for. Thread-safety: any thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "rare/context.h"
#include "rare/status.h"

namespace rare::engine {

// `json`: an object a line, with `time` (ISO 8601, UTC, milliseconds), `level`, `message`, and
// where known `pipeline`, `run` (its id), `node` or `service`, `record`.
enum class LogFormat { text, json };

// The least that is told.
struct LogLevels {
  LogLevel least = LogLevel::info;                        // by whom nothing else is said
  std::map<std::string, LogLevel, std::less<>> of_names;  // of nodes and services
};
// "info,questions=debug,teacher=warning"; without a level for all others, theirs is info. The
// message of a refusal says what was expected.
Result<LogLevels> log_levels(std::string_view text);

// Before these are called: info, text, painted on a terminal only.
void set_log_levels(LogLevels levels);
void set_log_format(LogFormat format);
LogFormat log_format();
void set_log_color(bool painted);
// What events say of the run, once it is known.
void set_log_pipeline(const std::string& name, std::set<std::string> services);
void set_log_run(const std::string& run_id);

// `component` is a node's or service's name, or empty for the engine itself; `record` the id of the
// record that the message is about, or empty.
void log_line(LogLevel level, std::string_view component, std::string_view message,
              std::string_view record = {});
// The same for how a run ends, by the engine itself: it is never held back, and comes after the
// sums of what was.
void log_end_of_run(LogLevel level, std::string_view message);
// Whether log_line() would tell or count it: for who would have to make the message first.
bool is_logged(LogLevel level, std::string_view component);
// Sums up what is held back and due: to be called now and then. All of it: when a run or the
// process ends.
void log_repeats_due();
void log_all_repeats();

}  // namespace rare::engine
