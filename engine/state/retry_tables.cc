#include "engine/state/retry_tables.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "engine/state/dead_letter_labels.h"

namespace rare::engine {
namespace {

// The id whose text form and path these are.
RecordId id_of(const std::string& text, std::uint32_t source, std::uint64_t ordinal,
               const Json& path) {
  const std::size_t colon = text.rfind(':');
  auto prefix = colon == std::string::npos
                    ? nullptr
                    : std::make_shared<const std::string>(text.substr(0, colon));
  RecordId id(source, std::move(prefix), ordinal);
  for (const Json& step : path) {
    const bool several = step.at(1).is_number();
    id = id.child(
        {several ? step.at(1).get<std::uint32_t>() : 0, step.at(0).get<std::uint32_t>(), several});
  }
  return id;
}

bool is_path(const Json& path) {
  return path.is_array() && std::all_of(path.begin(), path.end(), [](const Json& step) {
           return step.is_array() && step.size() == 2 && step[0].is_number_unsigned() &&
                  (step[1].is_null() || step[1].is_number_unsigned());
         });
}

Tally tally_of(const Json& json, const std::vector<std::string>& node_names) {
  Tally tally(node_names.size());
  tally.ledger = Ledger::from_json(json.value("ledger", Json::object()));
  const Json nodes = json.value("nodes", Json::object());
  for (std::size_t i = 0; i < node_names.size(); ++i) {
    const auto at = nodes.find(node_names[i]);
    if (at != nodes.end()) tally.nodes[i] = NodeTally::from_json(*at);
  }
  return tally;
}

void read_dead_families(RowReader& rows, const std::vector<std::string>& node_names,
                        std::vector<DeadFamily>& families) {
  rows.each_sealed("SELECT source, ordinal, places, tally, seal FROM dead_families ORDER BY number",
                   [&](const sqlite::Statement& row) {
                     DeadFamily family;
                     family.source = static_cast<std::uint32_t>(row.count(0));
                     family.ordinal = row.count(1);
                     const Json places = rows.json(row, 2);
                     for (const auto& [sink, place] : places.items()) {
                       family.places[sink] = {Offset{place.at(0)}, Offset{place.at(1)}};
                     }
                     family.tally = tally_of(rows.json(row, 3), node_names);
                     families.push_back(std::move(family));
                   });
}

}  // namespace

void read_rounds(RowReader& rows, RetryRounds& rounds) {
  rows.each_sealed("SELECT node, source, ordinal, path, round, seal FROM retried",
                   [&](const sqlite::Statement& row) {
                     rounds.set({row.text(0), static_cast<std::uint32_t>(row.count(1)),
                                 row.count(2), row.text(3)},
                                static_cast<int>(row.integer(4)));
                   });
}

Status write_rounds(sqlite::Database& database, const RetryRounds& rounds) {
  for (const auto& [key, round] : rounds.all()) {
    Status status =
        database.statement("INSERT OR REPLACE INTO retried VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
            .run_sealed(key.node, key.source, key.ordinal, key.path, round);
    if (!status) return status;
  }
  return Status();
}

Result<std::vector<DeadLetter>> read_dead_letter_rows(sqlite::Database& database) {
  std::vector<DeadLetter> letters;
  RowReader rows(database);
  DeadLetterLabels labels(database);
  rows.each_sealed(
      "SELECT id, source, ordinal, path, node, reason, attempts, raw, record, seal "
      "FROM dead_letter_rows ORDER BY source, ordinal, number",
      [&](const sqlite::Statement& row) {
        const Json path = rows.json(row, 3);
        if (!is_path(path)) return rows.fail("a dead letter's path is " + row.text(3));
        DeadLetter letter;
        letter.id =
            id_of(row.text(0), static_cast<std::uint32_t>(row.count(1)), row.count(2), path);
        const Result<std::string> label = labels.next();
        if (!label) return rows.fail(label.status());
        letter.id.set_label(*label);
        letter.node = row.text(4);
        letter.reason = row.text(5);
        letter.attempts = static_cast<int>(row.integer(6));
        if (!row.is_null(7)) letter.raw = row.text(7);
        letter.record = rows.json(row, 8);
        letters.push_back(std::move(letter));
      });
  if (!rows.status().ok()) return rows.status();
  return letters;
}

Result<RetryWork> read_retry_work(sqlite::Database& database,
                                  const std::vector<std::string>& node_names) {
  RetryWork work;
  RowReader rows(database);
  read_dead_families(rows, node_names, work.families);
  read_rounds(rows, work.rounds);
  std::vector<RetryRounds::Key> dead;
  rows.each("SELECT node, source, ordinal, path FROM dead_letter_rows",
            [&](const sqlite::Statement& row) {
              dead.push_back({row.text(0), static_cast<std::uint32_t>(row.count(1)), row.count(2),
                              row.text(3)});
            });
  if (!rows.status().ok()) return rows.status();
  for (RetryRounds::Key& key : dead) {
    const auto at = work.rounds.all().find(key);
    const int round = at == work.rounds.all().end() ? 0 : at->second;
    work.rounds.set(std::move(key), round + 1);
  }
  return work;
}

}  // namespace rare::engine
