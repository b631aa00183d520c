// The block of lines that a terminal shows of a run: the whole, a line for each node, a line for
// each service. Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/observe/live_block.h"
#include "engine/observe/pace.h"
#include "engine/observe/progress_snapshot.h"

namespace rare::engine {

// ASCII where the locale (LC_ALL, LC_CTYPE, LANG) names no UTF-8.
enum class Characters { unicode, ascii };
Characters characters_of_locale();

// No line is wider than the terminal, nor are there more lines than it has rows: of many nodes
// those that hold nothing are left out first, and counted.
std::vector<std::string> progress_block(const ProgressSnapshot& snapshot, const Pace& pace,
                                        TerminalSize size, Characters characters);

std::string with_thousands(std::uint64_t number);
std::string duration_text(double seconds);  // "12 s", "0:12:34"
// "12 to 15 min", "under a minute"
std::string time_left_text(double least_s, double most_s);
// "3.2", "1,234", "1.2M"
std::string short_number(double number);

}  // namespace rare::engine
