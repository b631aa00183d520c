#include "engine/state/run_row.h"

#include <algorithm>
#include <array>

namespace rare::engine {
namespace {

constexpr std::array<Phase, 3> kPhases = {Phase::running, Phase::finalising, Phase::done};

}  // namespace

const char* phase_name(Phase phase) {
  switch (phase) {
    case Phase::running:
      return "running";
    case Phase::finalising:
      return "finalising";
    case Phase::done:
      return "done";
  }
  return "unknown";
}

std::optional<RunRow> read_run_row(RowReader& rows) {
  std::optional<RunRow> run;
  rows.each_sealed(
      "SELECT run_id, phase, fingerprint, created, retries, commits, read, made, copied, written, "
      "filtered, merged, dropped, dead, seal FROM run",
      [&](const sqlite::Statement& row) {
        const std::string name = row.text(1);
        const auto* const phase =
            std::find_if(kPhases.begin(), kPhases.end(),
                         [&](Phase candidate) { return name == phase_name(candidate); });
        if (phase == kPhases.end()) return rows.fail("its phase is '" + name + "'");
        run = RunRow{.run_id = row.text(0),
                     .phase = *phase,
                     .fingerprint = row.text(2),
                     .created = row.text(3),
                     .retries = row.count(4),
                     .commits = row.count(5),
                     .ledger = {.read = row.count(6),
                                .made = row.count(7),
                                .copied = row.count(8),
                                .written = row.count(9),
                                .filtered = row.count(10),
                                .merged = row.count(11),
                                .dropped = row.count(12),
                                .dead = row.count(13)}};
      });
  return run;
}

Status write_run_row(sqlite::Database& database, const RunRow& row) {
  const Ledger& ledger = row.ledger;
  return database
      .statement(
          "INSERT OR REPLACE INTO run VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
          "?12, ?13, ?14, ?15)")
      .run_sealed(row.run_id, phase_name(row.phase), row.fingerprint, row.created, row.retries,
                  row.commits, ledger.read, ledger.made, ledger.copied, ledger.written,
                  ledger.filtered, ledger.merged, ledger.dropped, ledger.dead);
}

}  // namespace rare::engine
