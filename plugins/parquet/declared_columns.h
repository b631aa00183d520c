// The columns that a user gives in `schema:`, and whether a record fits them.
#pragma once

#include <string>
#include <vector>

#include "column_type.h"
#include "rare/json.h"
#include "rare/status.h"

namespace rare::parquet {

// A map of names and types. A type is one of bool, int32, int64, uint64, float, double, string,
// json, binary, date, time, timestamp, decimal(P, S); [TYPE], a list; map(TYPE) with text for keys
// and one of the named types; or a map of names and types, a structure. An error (invalid_argument)
// names the place.
Result<std::vector<NamedType>> declared_columns(const Json& schema);

// Whether the column can hold the value. An error (invalid_data) names the place in it.
// Thread-safety: any thread.
Status check_fit(const NamedType& column, const Json& value);

}  // namespace rare::parquet
