// Writes checkpoints into the tables of state.db, each within its caller's transaction. Every row
// carries a seal, so totals are kept here and written anew, not added to in SQL.
// Thread-safety: one thread at a time. Errors are the database's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/state/run_state.h"
#include "engine/state/sqlite.h"

namespace rare::engine {

class CheckpointWriter {
 public:
  // `committed`: the tallies of the nodes up to now, by the plan's index. REQUIRES: the database
  // outlives the writer.
  CheckpointWriter(sqlite::Database& database, std::vector<std::string> node_names,
                   std::int64_t start, std::string began, std::vector<NodeTally> committed)
      : database_(database),
        node_names_(std::move(node_names)),
        start_(start),
        began_(std::move(began)),
        nodes_(std::move(committed)) {}

  // All but the row of table `run`.
  Status write(const Checkpoint& checkpoint);
  // For a retry, whose tallies replace those of families.
  void set_nodes(std::vector<NodeTally> nodes) { nodes_ = std::move(nodes); }
  const std::vector<NodeTally>& nodes() const { return nodes_; }

 private:
  Status write_nodes(const std::vector<NodeTally>& more);
  // `more`: what of it is new, so that a node with many reasons is not written whole each time.
  Status write_node(const std::string& name, const NodeTally& tally, const NodeTally& more);
  Status write_source(const std::string& name, const SourceCheckpoint& source);
  Status add_finished(const std::string& source, IntervalSet::Interval interval);
  Status write_dead_letters(const std::vector<DeadLetter>& letters);
  Status write_dead_families(const std::vector<DeadFamily>& families);
  Status write_usage(const Checkpoint& checkpoint);

  sqlite::Database& database_;
  const std::vector<std::string> node_names_;
  const std::int64_t start_;
  const std::string began_;
  std::vector<NodeTally> nodes_;
};

}  // namespace rare::engine
