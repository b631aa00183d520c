// Which fields of a record its row has, for every sink whose rows are objects.
// Thread-safety: any thread.
#pragma once

#include <string>
#include <vector>

#include "rare/json.h"
#include "rare/status.h"
#include "row_format.h"

namespace rare::files {

// Those that `names` has, in its order, as far as they are there, and one at least; all of the
// object's where it is empty, but, `without_notes`, for what operators noted for provenance
// (rare/provenance.h). They live as long as `object` and `names`. An error is the record's; what is
// nested deeper than kMaxNesting is one, too.
Result<std::vector<RowField>> row_fields(const Json& object, const std::vector<std::string>& names,
                                         bool without_notes);

}  // namespace rare::files
