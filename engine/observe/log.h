// The log: one event, one line, on standard error. spdlog underneath.
// Thread-safety: any thread.
#pragma once

#include <string>
#include <string_view>

#include "rare/context.h"

namespace rare::engine {

// debug, info, warning, error, off. Anything else is treated as info.
void set_log_level(std::string_view level);
// Whether levels are painted; before this is called, on a terminal only.
void set_log_color(bool painted);

// `component` is a node's or service's name, or empty for the engine itself.
void log_line(LogLevel level, std::string_view component, std::string_view message);

}  // namespace rare::engine
