// The tables of state.db that retries read and write.
// Thread-safety: one thread at a time. Errors are the database's.
#pragma once

#include <string>
#include <vector>

#include "engine/state/row_reader.h"
#include "engine/state/run_state.h"
#include "engine/state/sqlite.h"

namespace rare::engine {

void read_rounds(RowReader& rows, RetryRounds& rounds);
Status write_rounds(sqlite::Database& database, const RetryRounds& rounds);

Result<std::vector<DeadLetter>> read_dead_letter_rows(sqlite::Database& database);
Result<RetryWork> read_retry_work(sqlite::Database& database,
                                  const std::vector<std::string>& node_names);

}  // namespace rare::engine
