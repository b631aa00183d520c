// Texts that look like a model's answers and are a function of a seed alone.
#pragma once

#include <cstdint>
#include <string>

#include "rare/json.h"

namespace rare::testing {

// `words` words in sentences; different seeds give different texts.
std::string text_of(std::uint64_t seed, int words);
// A question of at least eight words.
std::string question_of(std::uint64_t seed);
// A value that satisfies the common part of JSON Schema: type, properties, required, items, enum,
// const, minItems, minimum, and maximum of integers. Strings get at least eight words, and end as
// questions when the property's name says so.
Json value_for(const Json& schema, std::uint64_t seed, const std::string& name = "");

}  // namespace rare::testing
