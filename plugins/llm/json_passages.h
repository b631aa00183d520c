// The places of a model's text that are meant as JSON objects or arrays, and what stands there.
//
// Models write JSON by hand. What can be meant in one way only is read as it was meant: raw line
// breaks and tabs in strings, backslashes of LaTeX (also those that JSON takes for \f, \n or \t),
// single and typographic quotes around strings, names without quotes, commas before a closing
// bracket, comments, True, False and None, an object that was escaped as if it stood in a string.
// Whatever else is wrong (an end that is missing, quotes inside a string, a property given twice, a
// number that would lose digits) is a passage with a problem, and never guessed at.
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "rare/json.h"

namespace rare::llm {

struct JsonPassage {
  std::size_t begin = 0, end = 0;  // in the text
  Json value;                      // an object or array when there is no problem
  std::string problem;             // in words for the model
};

// In the order of the text; those inside another one are not listed, also inside one with a
// problem: a part of a broken answer is no answer. Braces that begin no JSON (LaTeX, code, sets)
// are passed over. Takes time in proportion to the text.
std::vector<JsonPassage> find_json(std::string_view text);

// The contents of a JSON string as written by a model, without its quotes, with every backslash and
// control character as JSON has it.
std::string mended_string(std::string_view raw);

}  // namespace rare::llm
