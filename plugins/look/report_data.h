// All that the page of a report shows, as one JSON value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "field_roles.h"
#include "plugins/files/read_parameters.h"
#include "rare/json.h"
#include "rare/status.h"

namespace rare::look {

struct RowsToRead {
  std::string file;
  std::optional<std::uint64_t> end;  // only so many bytes
  files::ReadParameters parameters;
  FieldRoles roles;
  std::uint64_t seed = 0;
};

// Reads all rows once, on all cores, then those that are shown. {"analysis":
// RowAnalysis::to_json(), "twins": {"texts", "near_texts", "questions"}, "sampled": [{"row",
// "fields"}], "cut_short": why not all could be read, or ""}. Errors are run faults: the file
// cannot be opened.
Result<Json> rows_data(const RowsToRead& rows);

// A record as it is shown: texts of more than `most_text_bytes`, and whatever is beyond
// `most_bytes` in all, are cut, and say so.
Json shortened(const Json& value, std::size_t most_text_bytes, std::size_t most_bytes);

// [{"id", "node", "reason", "attempts", "reply", "record"}]: of each node and reason the first few
// lines of a file of dead letters, shortened; looks at the first 20,000 lines.
Json dead_letters_shown(const std::string& file);

}  // namespace rare::look
