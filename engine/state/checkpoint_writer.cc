#include "engine/state/checkpoint_writer.h"

#include <algorithm>
#include <utility>

#include "engine/state/compact_json.h"
#include "engine/state/dead_letter_labels.h"
#include "engine/state/retry_rounds.h"

namespace rare::engine {
namespace {

bool in_identity_order(const DeadLetter* a, const DeadLetter* b) {
  const RecordId& left = a->id;
  const RecordId& right = b->id;
  if (left.source() != right.source()) return left.source() < right.source();
  if (left.ordinal() != right.ordinal()) return left.ordinal() < right.ordinal();
  if (left.path() != right.path()) return left.path() < right.path();
  return a->node < b->node;
}

bool is_zero(const NodeTally& tally) {
  return tally.in == 0 && tally.out == 0 && tally.filtered == 0 && tally.dead == 0 &&
         tally.filter_reasons.empty() && tally.counters.empty();
}

}  // namespace

Status CheckpointWriter::write(const Checkpoint& checkpoint) {
  Status status = write_nodes(checkpoint.tally.nodes);
  for (const auto& [name, source] : checkpoint.sources) {
    if (status) status = write_source(name, source);
  }
  for (const auto& [sink, offset] : checkpoint.sinks) {
    if (!status) break;
    status = database_
                 .statement(
                     "INSERT INTO sinks VALUES (?1, ?2, ?3) ON CONFLICT (sink) DO UPDATE SET "
                     "\"offset\" = excluded.\"offset\", seal = excluded.seal")
                 .run_sealed(sink, compact(offset.token));
  }
  if (status) status = write_dead_letters(checkpoint.dead_letters);
  if (status) status = write_dead_families(checkpoint.dead_families);
  return status ? write_usage(checkpoint) : status;
}

Status CheckpointWriter::write_nodes(const std::vector<NodeTally>& more) {
  if (more.size() > node_names_.size()) {
    return Status::run_fault(StatusCode::internal, "a tally of " + std::to_string(more.size()) +
                                                       " nodes, the plan has " +
                                                       std::to_string(node_names_.size()));
  }
  nodes_.resize(node_names_.size());
  for (std::size_t i = 0; i < more.size(); ++i) {
    if (is_zero(more[i])) continue;
    nodes_[i] += more[i];
    if (Status status = write_node(node_names_[i], nodes_[i], more[i]); !status) return status;
  }
  return Status();
}

Status CheckpointWriter::write_node(const std::string& name, const NodeTally& tally,
                                    const NodeTally& more) {
  Status status =
      database_
          .statement(
              "INSERT INTO nodes VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (node) DO UPDATE SET "
              "\"in\" = excluded.\"in\", out = excluded.out, filtered = excluded.filtered, "
              "dead = excluded.dead, seal = excluded.seal")
          .run_sealed(name, tally.in, tally.out, tally.filtered, tally.dead);
  for (const auto& [reason, added] : more.filter_reasons) {
    if (!status) break;
    const std::uint64_t count = tally.filter_reasons.at(reason);
    status = database_.statement("INSERT OR REPLACE INTO filter_reasons VALUES (?1, ?2, ?3, ?4)")
                 .run_sealed(name, reason, count);
  }
  for (const auto& [counter, added] : more.counters) {
    if (!status) break;
    const std::uint64_t count = tally.counters.at(counter);
    status = database_.statement("INSERT OR REPLACE INTO counters VALUES (?1, ?2, ?3, ?4)")
                 .run_sealed(name, counter, count);
  }
  return status;
}

Status CheckpointWriter::write_source(const std::string& name, const SourceCheckpoint& source) {
  Status status =
      database_
          .statement(
              "INSERT INTO sources VALUES (?1, ?2, ?3, ?4) ON CONFLICT (source) DO UPDATE SET "
              "position = excluded.position, next_ordinal = excluded.next_ordinal, "
              "seal = excluded.seal")
          .run_sealed(name, compact(source.position.token), source.next_ordinal);
  for (const IntervalSet::Interval& interval : source.finished.intervals()) {
    if (!status) break;
    status = add_finished(name, interval);
  }
  return status;
}

// The table holds disjoint intervals that do not touch, so it stays as small as what is unfinished:
// the new one takes in whatever it overlaps or touches.
Status CheckpointWriter::add_finished(const std::string& source, IntervalSet::Interval interval) {
  auto [first, end] = interval;
  sqlite::Statement& touching = database_.statement(
      "SELECT first, end FROM finished WHERE source = ?1 AND first <= ?2 AND end >= ?3 AND "
      "first >= coalesce((SELECT max(first) FROM finished WHERE source = ?1 AND first <= ?3), 0)");
  Result<bool> more = touching.first(source, end, first);
  for (; more.ok() && *more; more = touching.next()) {
    first = std::min(first, touching.count(0));
    end = std::max(end, touching.count(1));
  }
  if (!more.ok()) return more.status();
  Status status =
      database_.statement("DELETE FROM finished WHERE source = ?1 AND first > ?2 AND first <= ?3")
          .run(source, first, end);
  if (!status) return status;
  return database_
      .statement(
          "INSERT INTO finished VALUES (?1, ?2, ?3, ?4) ON CONFLICT (source, first) DO UPDATE "
          "SET end = excluded.end, seal = excluded.seal")
      .run_sealed(source, first, end);
}

Status CheckpointWriter::write_dead_letters(const std::vector<DeadLetter>& letters) {
  std::vector<const DeadLetter*> ordered;
  for (const DeadLetter& letter : letters) ordered.push_back(&letter);
  std::stable_sort(ordered.begin(), ordered.end(), in_identity_order);
  for (const DeadLetter* letter : ordered) {
    Status status =
        database_
            .statement(
                "INSERT INTO dead_letter_rows (id, source, ordinal, path, node, reason, attempts, "
                "raw, record, seal) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")
            .run_sealed(letter->id.to_string(), letter->id.source(), letter->id.ordinal(),
                        path_text(letter->id), letter->node, letter->reason, letter->attempts,
                        letter->raw, compact(letter->record));
    if (status && !letter->id.label().empty()) {
      status = write_label(database_, letter->id.to_string(), std::string(letter->id.label()));
    }
    if (!status) return status;
  }
  return Status();
}

Status CheckpointWriter::write_dead_families(const std::vector<DeadFamily>& families) {
  for (const DeadFamily& family : families) {
    Json places = Json::object();
    for (const auto& [sink, place] : family.places) {
      places[sink] = {place.begin.token, place.end.token};
    }
    Json tally = {{"ledger", family.tally.ledger.to_json()}, {"nodes", Json::object()}};
    for (std::size_t i = 0; i < family.tally.nodes.size(); ++i) {
      if (is_zero(family.tally.nodes[i])) continue;
      tally["nodes"][node_names_[i]] = family.tally.nodes[i].to_json();
    }
    Status status =
        database_
            .statement(
                "INSERT INTO dead_families (source, ordinal, places, tally, seal) VALUES "
                "(?1, ?2, ?3, ?4, ?5)")
            .run_sealed(family.source, family.ordinal, compact(places), compact(tally));
    if (!status) return status;
  }
  return Status();
}

Status CheckpointWriter::write_usage(const Checkpoint& checkpoint) {
  for (const auto& [service, totals] : checkpoint.usage) {
    Status status = database_.statement("INSERT OR REPLACE INTO usage VALUES (?1, ?2, ?3, ?4)")
                        .run_sealed(start_, service, compact(totals));
    if (!status) return status;
  }
  return database_.statement("INSERT OR REPLACE INTO starts VALUES (?1, ?2, ?3, ?4)")
      .run_sealed(start_, began_, checkpoint.elapsed_s);
}

}  // namespace rare::engine
