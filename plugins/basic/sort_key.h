// Bytes that compare as values do.
//
// Values are ordered as jq orders them: null, false, true, numbers, texts (by code points), lists
// (item by item), objects (by their sorted keys, then by the values of these keys). Numbers compare
// by what they are, so 1 equals 1.0, and 64-bit integers exactly.
#pragma once

#include <string>

#include "rare/json.h"

namespace rare::basic {

// Appends the key of a value. Keys of several values, appended in turn, compare as the values one
// after another.
void append_sort_key(const Json& value, std::string& key);

}  // namespace rare::basic
