// Units of a text to passages of a length.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "text_units.h"

namespace rare::text {

// In tokens, estimated as plugins/tokens does.
struct PassageLimits {
  std::size_t max_tokens = 256;
  // A shorter passage takes in what follows a heading, too; the last one goes to the one before
  // where both fit.
  std::size_t min_tokens = 32;
  // How much of a passage's end stands at the next one's beginning, too: whole units, of the same
  // section.
  std::size_t overlap_tokens = 0;
};

// A stretch of the text.
struct Passage {
  std::size_t begin = 0;  // bytes
  std::size_t end = 0;
  std::size_t section = 0;  // of its first unit
  std::size_t tokens = 0;
};

// As many units in a row as fit, with a new passage at each heading. No passage ends with a heading
// unless nothing follows it. Each unit is in a passage.
std::vector<Passage> passages_of(std::string_view text, const std::vector<TextUnit>& units,
                                 const PassageLimits& limits);

}  // namespace rare::text
