// The values of a row, out of its JSON text into the columns of a file.
#pragma once

#include <simdjson.h>

#include <vector>

#include "column_type.h"
#include "typed_file.h"

namespace rare::parquet {

// One value for each column: what the object lacks is null. False: it holds something that no
// column does, or that is not of its column's type. Thread-safety: that of the cells.
bool add_row(simdjson::dom::object row, const std::vector<NamedType>& columns,
             const std::vector<CellWriter*>& cells);

}  // namespace rare::parquet
