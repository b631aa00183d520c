#include "engine/state/run_report.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "engine/state/dead_letter_file.h"
#include "engine/state/folder.h"
#include "engine/state/resume_reader.h"
#include "engine/state/retry_tables.h"
#include "engine/state/row_reader.h"
#include "engine/state/run_row.h"
#include "engine/state/sqlite.h"
#include "engine/state/state_file.h"
#include "engine/text/utf8.h"

namespace rare::engine {
namespace {

Result<std::unique_ptr<sqlite::Database>> open_beside(const std::string& folder) {
  const std::string file = folder + "/state.db";
  std::error_code error;
  if (!std::filesystem::exists(file, error)) {
    return Status(StatusCode::not_found,
                  "no run is kept in " + folder +
                      ": it has no state.db. Ask where the run was started, with the same -f and "
                      "--set, or name its folder with --state-dir");
  }
  return open_state_to_read(file);
}

// "in.jsonl:17:2: expected" without ":17:2".
std::string without_place(const std::string& reason) {
  const auto skip_number = [&](std::size_t at) {
    if (at >= reason.size() || reason[at] != ':') return std::string::npos;
    const std::size_t end = reason.find_first_not_of("0123456789", at + 1);
    return end == at + 1 ? std::string::npos : end;
  };
  for (std::size_t at = reason.find(':'); at != std::string::npos; at = reason.find(':', at + 1)) {
    const std::size_t line = skip_number(at);
    if (line == std::string::npos) continue;
    const std::size_t column = skip_number(line);
    if (column == std::string::npos) continue;
    if (column < reason.size() && reason[column] == ':') {
      return reason.substr(0, at) + reason.substr(column);
    }
  }
  return reason;
}

constexpr std::size_t kReasonsSampled = 50;
constexpr std::size_t kSamplesEach = 3;
constexpr std::size_t kLettersLookedAt = 300;
constexpr std::size_t kMostBytesOfSample = 8 << 10;

std::string sample_text(const std::string& text) {
  const std::string_view shown = beginning_of(text, kMostBytesOfSample);
  return std::string(shown) + (shown.size() < text.size() ? "..." : "");
}

Json sample_of(const sqlite::Statement& row) {
  Json record = Json::parse(row.text(8), nullptr, false);
  if (record.is_discarded() || row.text(8).size() > kMostBytesOfSample) {
    record = sample_text(row.text(8));
  }
  return {{"id", row.text(0)},
          {"reason", row.text(5)},
          {"reply", row.is_null(7) ? Json() : Json(sample_text(row.text(7)))},
          {"record", std::move(record)}};
}

void read_dead(RowReader& rows, RunReport& report) {
  std::map<std::pair<std::string, std::string>, std::uint64_t> counts;
  rows.each("SELECT node, reason, count(*) FROM dead_letter_rows GROUP BY node, reason",
            [&](const sqlite::Statement& row) {
              counts[{row.text(0), without_place(row.text(1))}] += row.count(2);
            });
  for (const auto& [what, records] : counts) {
    report.dead.push_back({what.first, what.second, records});
  }
  std::stable_sort(report.dead.begin(), report.dead.end(),
                   [](const auto& a, const auto& b) { return a.records > b.records; });
}

}  // namespace

Result<RunReport> read_run_report(const std::string& folder) {
  auto database = open_beside(folder);
  if (!database) return database.status();
  RunReport report;
  // Before the rows: a run that ends in between has then committed what is read.
  report.holder = FolderLock::holder(folder);
  // One snapshot for all that follows.
  if (Status status = (*database)->execute("BEGIN"); !status) return status;
  RowReader rows(**database);
  Resume totals;
  read_totals(rows, totals);
  report.phase = totals.phase;
  report.elapsed_s = totals.elapsed_s;
  report.ledger = totals.tally.ledger;
  report.usage = std::move(totals.usage);
  if (const std::optional<RunRow> run = read_run_row(rows)) {
    report.run_id = run->run_id;
    report.fingerprint = Json::parse(run->fingerprint, nullptr, false);
    report.created = run->created;
  }
  rows.each_sealed("SELECT sink, \"offset\", seal FROM sinks", [&](const sqlite::Statement& row) {
    report.sinks[row.text(0)] = rows.json(row, 1);
  });
  rows.each("SELECT count(*) FROM starts",
            [&](const sqlite::Statement& row) { report.starts = row.count(0); });
  read_rounds(rows, report.rounds);
  rows.each_sealed("SELECT source, identity, seal FROM inputs", [&](const sqlite::Statement& row) {
    report.inputs[row.text(0)] = rows.json(row, 1);
  });
  report.nodes = read_node_tallies(rows);
  read_dead(rows, report);
  if (!rows.status().ok()) return rows.status();
  return report;
}

Result<Json> dead_letter_samples(const std::string& folder) {
  auto database = open_beside(folder);
  if (!database) return database.status();
  RowReader rows(**database);
  RunReport report;
  read_dead(rows, report);
  if (report.dead.size() > kReasonsSampled) report.dead.resize(kReasonsSampled);
  Json reasons = Json::array();
  for (const RunReport::Reason& dead : report.dead) {
    reasons.push_back({{"node", dead.node},
                       {"reason", dead.reason},
                       {"records", dead.records},
                       {"samples", Json::array()}});
  }
  rows.each_sealed(
      "SELECT id, source, ordinal, path, node, reason, attempts, raw, record, seal "
      "FROM dead_letter_rows "
      "ORDER BY number DESC LIMIT " +
          std::to_string(kLettersLookedAt),
      [&](const sqlite::Statement& row) {
        const std::string reason = without_place(row.text(5));
        for (Json& of : reasons) {
          const bool is_this = of["node"] == row.text(4) && of["reason"] == reason;
          if (is_this && of["samples"].size() < kSamplesEach)
            of["samples"].push_back(sample_of(row));
        }
      });
  if (!rows.status().ok()) return rows.status();
  return Json{{"reasons", std::move(reasons)}};
}

Result<std::string> write_dead_letters_of(const std::string& folder) {
  auto database = open_beside(folder);
  if (!database) return database.status();
  std::string file = folder + "/dead_letters.jsonl";
  // A temporary name of its own: the run may be writing the same file.
  const Status status =
      write_dead_letter_file(**database, file, "." + std::to_string(getpid()) + ".tmp");
  if (!status.ok()) return status;
  return file;
}

}  // namespace rare::engine
