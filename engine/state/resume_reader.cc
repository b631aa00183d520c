#include "engine/state/resume_reader.h"

#include <algorithm>
#include <array>
#include <map>

namespace rare::engine {
namespace {

constexpr std::array<Phase, 3> kPhases = {Phase::running, Phase::finalising, Phase::done};

void read_run(RowReader& rows, Resume& resume) {
  bool found = false;
  rows.each("SELECT phase, read, made, copied, written, filtered, merged, dropped, dead FROM run",
            [&](const sqlite::Statement& row) {
              const std::string name = row.text(0);
              const auto* const phase =
                  std::find_if(kPhases.begin(), kPhases.end(),
                               [&](Phase candidate) { return name == phase_name(candidate); });
              if (phase == kPhases.end()) return rows.fail("its phase is '" + name + "'");
              found = true;
              resume.phase = *phase;
              resume.tally.ledger = {.read = row.count(1),
                                     .made = row.count(2),
                                     .copied = row.count(3),
                                     .written = row.count(4),
                                     .filtered = row.count(5),
                                     .merged = row.count(6),
                                     .dropped = row.count(7),
                                     .dead = row.count(8)};
            });
  if (!found) rows.fail("it holds no run");
}

void read_sources(RowReader& rows, Resume& resume) {
  rows.each("SELECT source, identity FROM inputs",
            [&](const sqlite::Statement& row) { resume.inputs[row.text(0)] = rows.json(row, 1); });
  rows.each("SELECT source, position, next_ordinal FROM sources",
            [&](const sqlite::Statement& row) {
              SourceCheckpoint& source = resume.sources[row.text(0)];
              source.position = Position{rows.json(row, 1)};
              source.next_ordinal = row.count(2);
            });
  rows.each("SELECT source, first, end FROM finished", [&](const sqlite::Statement& row) {
    resume.sources[row.text(0)].finished.add({row.count(1), row.count(2)});
  });
  rows.each("SELECT sink, \"offset\" FROM sinks", [&](const sqlite::Statement& row) {
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
  rows.each("SELECT count(*), coalesce(sum(elapsed_s), 0) FROM starts",
            [&](const sqlite::Statement& row) {
              resume.started_before = row.count(0) > 0;
              resume.elapsed_s = row.real(1);
            });
  rows.each("SELECT service, totals FROM usage ORDER BY start", [&](const sqlite::Statement& row) {
    add_totals(resume.usage[row.text(0)], rows.json(row, 1));
  });
  rows.each("SELECT count(*) FROM dead_letter_rows",
            [&](const sqlite::Statement& row) { resume.dead_letters = row.count(0); });
}

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
  rows.each("SELECT node, \"in\", out, filtered, dead FROM nodes ORDER BY rowid",
            [&](const sqlite::Statement& row) {
              NodeTally& tally = tally_of(row.text(0));
              tally.in = row.count(1);
              tally.out = row.count(2);
              tally.filtered = row.count(3);
              tally.dead = row.count(4);
            });
  rows.each("SELECT node, reason, records FROM filter_reasons", [&](const sqlite::Statement& row) {
    tally_of(row.text(0)).filter_reasons[row.text(1)] = row.count(2);
  });
  return nodes;
}

Result<Resume> read_resume(sqlite::Database& database, const std::vector<std::string>& node_names) {
  Resume resume;
  RowReader rows(database);
  read_totals(rows, resume);
  read_sources(rows, resume);
  place_nodes(rows, node_names, resume);
  if (!rows.status().ok()) return rows.status();
  return resume;
}

}  // namespace rare::engine
