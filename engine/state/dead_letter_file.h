// dead_letters.jsonl: for people and scripts, made from the run state.
#pragma once

#include <optional>
#include <string>

#include "engine/state/sqlite.h"
#include "rare/status.h"

namespace rare::engine {

struct DeadLetterLine {
  std::string id;
  std::string label;  // empty: none
  std::string node;
  std::string reason;
  std::int64_t attempts = 1;
  std::optional<std::string> raw;
  std::string record;  // as JSON text
};

// One line, newline included: id, label (if there is one), node, reason, attempts, reply, record; a
// reply that is not UTF-8 is null and stands as base64 under raw_base64.
std::string dead_letter_line(const DeadLetterLine& letter);
// All of them in input order, as a whole file; empty when there are none. `temporary` is added to
// its name until it is whole.
Status write_dead_letter_file(sqlite::Database& database, const std::string& file,
                              const std::string& temporary = ".tmp");

}  // namespace rare::engine
