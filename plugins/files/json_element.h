// One JSON value out of a text: simdjson's parser, nlohmann's results.
//
// simdjson reads, because it is several times faster; whatever it refuses is read again by
// nlohmann, which takes integers of any length (as floating point) and says best what is wrong. Of
// a key that comes twice, the last value counts, as with nlohmann.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "rare/json.h"

namespace rare::files {

// Objects and arrays within each other, both for reading and for writing, so that what was written
// can be read. Deeper ones would use up the stack of whoever walks them.
inline constexpr int kMaxNesting = 1000;

struct ParseProblem {
  std::size_t byte = 0;  // where in the text
  std::string expected;
  std::string came;
};

// Thread-safety: one thread at a time. Keeps its buffers from call to call.
class ElementParser {
 public:
  ElementParser();
  ~ElementParser();
  ElementParser(ElementParser&&) noexcept;

  // An object, or why the text is none.
  // REQUIRES: ByteReader::kPaddingBytes readable bytes behind `text`.
  std::variant<Json, ParseProblem> parse_object(std::string_view text);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The bytes of a text's first whole characters that are at most `most_bytes`. REQUIRES: UTF-8.
std::size_t whole_characters(std::string_view text, std::size_t most_bytes);

// The first byte that is no part of well-formed UTF-8 (Unicode 15, table 3-7), or text.size().
std::size_t first_invalid_utf8(std::string_view text);

// Whether objects and arrays stand within each other no deeper than kMaxNesting.
bool nesting_is_allowed(const Json& value);

}  // namespace rare::files
