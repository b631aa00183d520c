// Text as a terminal shows it: how wide characters are, where lines break, and nothing in it that a
// terminal would obey.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rare::look {

// The next character with all that is drawn onto it (combining marks, variation selectors, what a
// zero-width joiner ties to it, the second of two regional indicators).
struct ShownCharacter {
  std::size_t end = 0;      // of its bytes
  std::size_t columns = 0;  // that it takes: by East Asian width, 2 for emoji
  // Control characters, those that turn the direction of writing, and bytes that are not UTF-8 are
  // told: ^[ or <202E>. Empty: it is shown as it is.
  std::string told;
  bool blank = false;
  bool breaks_before = false;  // a line may end before it, as in writing without spaces
};

// REQUIRES: at < text.size().
ShownCharacter character_at(std::string_view text, std::size_t at);

std::size_t columns_of(std::string_view text);
// The longest beginning of at most `columns`.
std::string_view fitting(std::string_view text, std::size_t columns);

struct TextRange {
  std::size_t begin = 0, end = 0;  // bytes
};

// The lines of a text that is `columns` wide (0: as wide as it is): broken at line breaks and
// blanks, within a word only where one alone does not fit. Blanks at a break belong to no line.
std::vector<TextRange> broken(std::string_view text, std::size_t columns);

// What is shown of a part of a text.
std::string shown_text(std::string_view part);

}  // namespace rare::look
