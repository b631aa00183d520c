// JSON text of a record's row, the same that nlohmann's dump() makes, and several times faster:
// text is checked by simdjson and copied whole where nothing in it has to be escaped.
//
// Thread-safety: any thread.
#pragma once

#include <string>

#include "rare/json.h"
#include "rare/status.h"

namespace rare::files {

// Appends `"name":value`. An error names the field that stands for it, `name`, and leaves `row`
// with a part of it: what JSON Lines cannot hold is text or names that are not UTF-8 (nlohmann
// would throw), numbers that are not finite (it would write null) and binary data.
Status append_field(std::string& row, const std::string& name, const Json& value);

// The same for the value alone.
Status append_json(std::string& row, const std::string& name, const Json& value);
// Whether the text is UTF-8, as an error of append_field() says it.
Status check_text(const std::string& name, const std::string& text);
// "field "NAME": expected ..., came ...", an error of the record.
Status wrong_field(const std::string& name, const std::string& expected, const std::string& came);

}  // namespace rare::files
