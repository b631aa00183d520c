#include "row_fields.h"

#include "json_element.h"
#include "rare/provenance.h"

namespace rare::files {

Result<std::vector<RowField>> row_fields(const Json& object, const std::vector<std::string>& names,
                                         bool without_notes) {
  if (!nesting_is_allowed(object)) {
    return Status(StatusCode::invalid_data, "expected a record nested at most " +
                                                std::to_string(kMaxNesting) +
                                                " deep, came a deeper one");
  }
  std::vector<RowField> row;
  row.reserve(object.size() + 1);  // one that the sink adds
  if (names.empty()) {
    for (auto at = object.begin(); at != object.end(); ++at) {
      if (!without_notes || at.key() != kProvenanceField) row.push_back({&at.key(), &at.value()});
    }
    return row;
  }
  for (const std::string& name : names) {
    const auto at = object.find(name);
    if (at != object.end()) row.push_back({&name, &*at});
  }
  if (row.empty()) {
    return Status(StatusCode::invalid_data,
                  "expected at least one of the fields that `fields` names, came a record with "
                  "none of them; check the names");
  }
  return row;
}

}  // namespace rare::files
