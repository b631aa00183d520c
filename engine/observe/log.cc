#include "engine/observe/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "engine/observe/live_block.h"

namespace rare::engine {
namespace {

spdlog::logger& logger() {
  // Leaked on purpose: threads of plugins may log until the process is gone.
  static spdlog::logger* const instance = [] {
    auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    auto* made = new spdlog::logger("rare-engine", std::move(sink));
    made->set_pattern("%H:%M:%S %^%l%$ %v");
    made->set_level(spdlog::level::info);
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum level_of(LogLevel level) {
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

}  // namespace

void set_log_level(std::string_view level) {
  if (level == "debug") logger().set_level(spdlog::level::debug);
  if (level == "info") logger().set_level(spdlog::level::info);
  if (level == "warning") logger().set_level(spdlog::level::warn);
  if (level == "error") logger().set_level(spdlog::level::err);
  if (level == "off") logger().set_level(spdlog::level::off);
}

void set_log_color(bool painted) {
  for (const spdlog::sink_ptr& sink : logger().sinks()) {
    if (auto* terminal = dynamic_cast<spdlog::sinks::stderr_color_sink_mt*>(sink.get())) {
      terminal->set_color_mode(painted ? spdlog::color_mode::always : spdlog::color_mode::never);
    }
  }
}

void log_line(LogLevel level, std::string_view component, std::string_view message) {
  if (!logger().should_log(level_of(level))) return;
  LiveBlock::of_standard_error().above([&] {
    if (component.empty()) {
      logger().log(level_of(level), "{}", message);
    } else {
      logger().log(level_of(level), "[{}] {}", component, message);
    }
  });
}

}  // namespace rare::engine
