// What the text of a cell means where cells have types.
//
// A number as JSON writes it, true and false mean themselves and an empty cell null, as long as no
// quotes stand around them; everything else is text. So records that are written with quotes around
// the texts that would mean something come back equal.
#pragma once

#include <optional>
#include <string_view>

#include "rare/json.h"

namespace rare::files {

// Nothing: it is text. Numbers that neither 64 bits nor a double hold are text, too.
std::optional<Json> value_of_cell(std::string_view text);

}  // namespace rare::files
