#include "engine/state/resume_reader.h"

#include <algorithm>
#include <map>
#include <optional>

#include "engine/state/retry_tables.h"
#include "engine/state/run_row.h"

namespace rare::engine {
namespace {

void read_run(RowReader& rows, Resume& resume) {
  const std::optional<RunRow> run = read_run_row(rows);
  if (!run) return rows.fail("it holds no run");
  resume.phase = run->phase;
  resume.retries = run->retries;
  resume.tally.ledger = run->ledger;
}

void read_sources(RowReader& rows, Resume& resume) {
  rows.each_sealed("SELECT source, identity, seal FROM inputs", [&](const sqlite::Statement& row) {
    resume.inputs[row.text(0)] = rows.json(row, 1);
  });
  rows.each_sealed("SELECT source, position, next_ordinal, seal FROM sources",
                   [&](const sqlite::Statement& row) {
                     SourceCheckpoint& source = resume.sources[row.text(0)];
                     source.position = Position{rows.json(row, 1)};
                     source.next_ordinal = row.count(2);
                   });
  rows.each_sealed("SELECT source, first, end, seal FROM finished",
                   [&](const sqlite::Statement& row) {
                     resume.sources[row.text(0)].finished.add({row.count(1), row.count(2)});
                   });
  rows.each_sealed("SELECT sink, \"offset\", seal FROM sinks", [&](const sqlite::Statement& row) {
    resume.sinks[row.text(0)] = Offset{rows.json(row, 1)};
  });
}

void place_nodes(RowReader& rows, const std::vector<std::string>& node_names, Resume& resume) {
  resume.tally.nodes.resize(node_names.size());
  for (auto& [name, tally] : read_node_tallies(rows)) {
    const auto at = std::find(node_names.begin(), node_names.end(), name);
    if (at == node_names.end()) continue;
    resume.tally.nodes[static_cast<std::size_t>(at - node_names.begin())] = std::move(tally);
  }
}

void read_starts(RowReader& rows, Resume& resume) {
  rows.each_sealed("SELECT start, began, elapsed_s, seal FROM starts",
                   [&](const sqlite::Statement& row) {
                     resume.started_before = true;
                     resume.elapsed_s += row.real(2);
                   });
  rows.each_sealed("SELECT start, service, totals, seal FROM usage ORDER BY start",
                   [&](const sqlite::Statement& row) {
                     add_totals(resume.usage[row.text(1)], rows.json(row, 2));
                   });
  rows.each("SELECT count(*) FROM dead_letter_rows",
            [&](const sqlite::Statement& row) { resume.dead_letters = row.count(0); });
}

// What was counted must be there: a row that is gone carries no seal.
void check_counts(RowReader& rows, const Resume& resume) {
  std::uint64_t finished = 0;
  for (const auto& [source, identity] : resume.inputs) {
    const auto at = resume.sources.find(source);
    if (at != resume.sources.end()) finished += at->second.finished.size();
  }
  const Ledger& ledger = resume.tally.ledger;
  if (!resume.inputs.empty() && finished != ledger.read) {
    rows.fail("it counts " + std::to_string(ledger.read) + " finished records and names " +
              std::to_string(finished));
  }
  if (resume.dead_letters != ledger.dead) {
    rows.fail("it counts " + std::to_string(ledger.dead) + " dead letters and holds " +
              std::to_string(resume.dead_letters));
  }
}

}  // namespace

void add_totals(Json& totals, const Json& more) {
  if (more.is_object()) {
    if (!totals.is_object()) totals = Json::object();
    for (const auto& [key, value] : more.items()) add_totals(totals[key], value);
  } else if (totals.is_number_integer() && more.is_number_integer()) {
    totals = totals.get<std::int64_t>() + more.get<std::int64_t>();
  } else if (totals.is_number() && more.is_number()) {
    totals = totals.get<double>() + more.get<double>();
  } else {
    totals = more;
  }
}

void read_totals(RowReader& rows, Resume& resume) {
  read_run(rows, resume);
  read_starts(rows, resume);
}

std::vector<std::pair<std::string, NodeTally>> read_node_tallies(RowReader& rows) {
  std::vector<std::pair<std::string, NodeTally>> nodes;
  std::map<std::string, std::size_t> places;
  const auto tally_of = [&](std::string name) -> NodeTally& {
    const auto [at, is_new] = places.try_emplace(name, nodes.size());
    if (is_new) nodes.emplace_back(std::move(name), NodeTally());
    return nodes[at->second].second;
  };
  rows.each_sealed("SELECT node, \"in\", out, filtered, dead, seal FROM nodes ORDER BY rowid",
                   [&](const sqlite::Statement& row) {
                     NodeTally& tally = tally_of(row.text(0));
                     tally.in = row.count(1);
                     tally.out = row.count(2);
                     tally.filtered = row.count(3);
                     tally.dead = row.count(4);
                   });
  rows.each_sealed("SELECT node, reason, records, seal FROM filter_reasons",
                   [&](const sqlite::Statement& row) {
                     tally_of(row.text(0)).filter_reasons[row.text(1)] = row.count(2);
                   });
  if (!rows.has_table("counters")) return nodes;  // a file that an earlier rare-engine made
  rows.each_sealed("SELECT node, counter, count, seal FROM counters",
                   [&](const sqlite::Statement& row) {
                     tally_of(row.text(0)).counters[row.text(1)] = row.count(2);
                   });
  return nodes;
}

Result<Resume> read_resume(sqlite::Database& database, const std::vector<std::string>& node_names) {
  Resume resume;
  RowReader rows(database);
  read_totals(rows, resume);
  read_sources(rows, resume);
  place_nodes(rows, node_names, resume);
  read_rounds(rows, resume.rounds);
  check_counts(rows, resume);
  if (!rows.status().ok()) return rows.status();
  return resume;
}

}  // namespace rare::engine
