#include "engine/observe/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "engine/observe/live_block.h"
#include "engine/observe/log_tail.h"
#include "engine/observe/repeats.h"
#include "engine/text/utc_time.h"
#include "rare/json.h"

namespace rare::engine {
namespace {

constexpr const char* kTextPattern = "%H:%M:%S %^%l%$ %v";
constexpr const char* kBarePattern = "%v";
constexpr std::array kLevels{LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error};

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::optional<LogLevel> level_named(std::string_view name) {
  for (const LogLevel level : kLevels) {
    if (name == level_name(level)) return level;
  }
  return std::nullopt;
}

class Log {
 public:
  static Log& of_process() {
    // Leaked on purpose: threads of plugins may log until the process is gone.
    static Log* const log = new Log;
    return *log;
  }

  void set_levels(LogLevels levels) {
    const std::lock_guard lock(mutex_);
    LogLevel lowest = levels.least;
    for (const auto& [name, level] : levels.of_names) lowest = std::min(lowest, level);
    levels_ = std::move(levels);
    lowest_.store(lowest);
  }
  void set_format(LogFormat format) {
    const std::lock_guard lock(mutex_);
    format_.store(format);
    logger_.set_pattern(format == LogFormat::json ? kBarePattern : kTextPattern);
  }
  LogFormat format() const { return format_.load(); }
  void set_color(bool painted) {
    sink_->set_color_mode(painted ? spdlog::color_mode::always : spdlog::color_mode::never);
  }
  void set_pipeline(const std::string& name, std::set<std::string> services) {
    const std::lock_guard lock(mutex_);
    pipeline_ = name;
    services_ = std::move(services);
  }
  void set_run(const std::string& run_id) {
    const std::lock_guard lock(mutex_);
    run_id_ = run_id;
  }

  bool takes(LogLevel level, std::string_view component) {
    if (level < lowest_.load(std::memory_order_relaxed)) return false;
    const std::lock_guard lock(mutex_);
    return is_enough(level, component);
  }
  void take(LogEvent event) {
    if (event.level < lowest_.load(std::memory_order_relaxed)) return;
    const std::lock_guard lock(mutex_);
    if (!is_enough(event.level, event.component)) return;
    const Repeats::Clock::time_point now = Repeats::Clock::now();
    tell_all(repeats_.due(now));
    if (event.level == LogLevel::debug || repeats_.tells(event, now)) tell(std::move(event));
  }
  void take_last(LogEvent event) {
    const std::lock_guard lock(mutex_);
    tell_all(repeats_.all(Repeats::Clock::now()));
    if (is_enough(event.level, event.component)) tell(std::move(event));
  }
  void tell_repeats(bool only_due) {
    const std::lock_guard lock(mutex_);
    const Repeats::Clock::time_point now = Repeats::Clock::now();
    tell_all(only_due ? repeats_.due(now) : repeats_.all(now));
  }

 private:
  Log() : sink_(std::make_shared<spdlog::sinks::stderr_color_sink_mt>()), logger_("rare", sink_) {
    logger_.set_pattern(kTextPattern);
    logger_.set_level(spdlog::level::trace);  // what is told is decided here
  }

  // The rest with the mutex.
  bool is_enough(LogLevel level, std::string_view component) const {
    const auto own = levels_.of_names.find(component);
    return level >= (own == levels_.of_names.end() ? levels_.least : own->second);
  }
  void tell_all(std::vector<LogEvent> events) {
    for (LogEvent& event : events) tell(std::move(event));
  }
  void tell(LogEvent event) {
    const std::string line = format_.load() == LogFormat::json ? as_json(event)
                             : event.component.empty()
                                 ? event.message
                                 : "[" + event.component + "] " + event.message;
    LiveBlock::of_standard_error().above(
        [&] { logger_.log(spdlog_level(event.level), "{}", line); });
    LogTail::of_process().add(std::move(event));
  }
  std::string as_json(const LogEvent& event) const {
    Json json = {{"time", utc_time_ms(event.time)}, {"level", level_name(event.level)}};
    if (!pipeline_.empty()) json["pipeline"] = pipeline_;
    if (!run_id_.empty()) json["run"] = run_id_;
    if (!event.component.empty()) {
      json[services_.contains(event.component) ? "service" : "node"] = event.component;
    }
    if (!event.record.empty()) json["record"] = event.record;
    json["message"] = event.message;
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
  }

  std::mutex mutex_;
  const std::shared_ptr<spdlog::sinks::stderr_color_sink_mt> sink_;
  spdlog::logger logger_;
  std::atomic<LogFormat> format_{LogFormat::text};
  std::atomic<LogLevel> lowest_{LogLevel::info};
  LogLevels levels_;
  std::string pipeline_, run_id_;
  std::set<std::string> services_;
  Repeats repeats_;
};

LogEvent event_of(LogLevel level, std::string_view component, std::string_view message,
                  std::string_view record) {
  LogEvent event;
  event.time = std::chrono::system_clock::now();
  event.level = level;
  event.component = component;
  event.record = record;
  event.message = message;
  return event;
}

}  // namespace

Result<LogLevels> log_levels(std::string_view text) {
  LogLevels levels;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    const std::size_t equals = part.rfind('=');
    const bool is_of_all = equals == part.npos;
    const std::optional<LogLevel> level = level_named(is_of_all ? part : part.substr(equals + 1));
    if (!level || equals == 0) {
      return Status(StatusCode::invalid_argument,
                    "expected a LEVEL, and NAME=LEVEL of nodes and services, with commas between "
                    "them and LEVEL one of debug, info, warning, error; got '" +
                        std::string(part) + "'");
    }
    if (is_of_all) {
      levels.least = *level;
    } else {
      levels.of_names[std::string(part.substr(0, equals))] = *level;
    }
    begin = end + 1;
  }
  return levels;
}

void set_log_levels(LogLevels levels) { Log::of_process().set_levels(std::move(levels)); }
void set_log_format(LogFormat format) { Log::of_process().set_format(format); }
LogFormat log_format() { return Log::of_process().format(); }
void set_log_color(bool painted) { Log::of_process().set_color(painted); }
void set_log_pipeline(const std::string& name, std::set<std::string> services) {
  Log::of_process().set_pipeline(name, std::move(services));
}
void set_log_run(const std::string& run_id) { Log::of_process().set_run(run_id); }

void log_line(LogLevel level, std::string_view component, std::string_view message,
              std::string_view record) {
  Log::of_process().take(event_of(level, component, message, record));
}
void log_end_of_run(LogLevel level, std::string_view message) {
  Log::of_process().take_last(event_of(level, {}, message, {}));
}
bool is_logged(LogLevel level, std::string_view component) {
  return Log::of_process().takes(level, component);
}
void log_repeats_due() { Log::of_process().tell_repeats(true); }
void log_all_repeats() { Log::of_process().tell_repeats(false); }

}  // namespace rare::engine
