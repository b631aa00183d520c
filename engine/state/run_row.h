// The row of table `run`: what a run is and how far it came. Written whole each time, sealed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/state/ledger.h"
#include "engine/state/row_reader.h"
#include "engine/state/run_state.h"
#include "engine/state/sqlite.h"

namespace rare::engine {

struct RunRow {
  std::string run_id;
  Phase phase = Phase::running;
  std::string fingerprint;  // JSON
  std::string created;      // UTC
  std::uint64_t retries = 0;
  std::uint64_t commits = 0;
  Ledger ledger;
};

// Nothing where there is no run yet. Damage is left in `rows`.
std::optional<RunRow> read_run_row(RowReader& rows);
Status write_run_row(sqlite::Database& database, const RunRow& row);

}  // namespace rare::engine
