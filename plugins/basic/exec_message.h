// The lines that basic.exec and its programs exchange (docs/exec.md).
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rare/json.h"
#include "rare/status.h"

namespace rare::basic {

// What a program makes of one record.
struct ExecAnswer {
  enum class Kind { records, fields, filter };
  Kind kind = Kind::records;
  std::vector<Json> records;  // of Kind::records: whole records in the place of the one asked about
  Json fields;                // of Kind::fields: over those that the record has
  std::string reason;         // of Kind::filter
};

// One answer of a line.
struct ExecReply {
  std::uint64_t id = 0;
  // An error is one of the record: what the program said, or what is wrong with its answer.
  Result<ExecAnswer> answer;
};

// {"id": 7, "record": {...}}, without the end of the line. `record` is JSON already.
void append_question(std::uint64_t id, std::string_view record, std::string& line);

// The answers of a line: of an object one, of a list all of them. Nothing when the line is anything
// else, or one of its answers says not to what it answers.
std::optional<std::vector<ExecReply>> parse_replies(std::string_view line);

}  // namespace rare::basic
