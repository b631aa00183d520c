// What a run's folder says of it, read beside it: also while the run goes on in another process,
// which is not held up. What it says is what was committed last, a second ago or so.
// Thread-safety: a function over files.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/state/ledger.h"
#include "engine/state/run_state.h"
#include "rare/json.h"
#include "rare/status.h"

namespace rare::engine {

struct RunReport {
  // Reasons that differ only in the place in a file count as one.
  struct Reason {
    std::string node, reason;
    std::uint64_t records = 0;
  };

  std::string run_id;
  Json fingerprint;
  RetryRounds rounds;
  std::map<std::string, Json> inputs;  // what each source read
  Phase phase = Phase::running;
  std::optional<std::string> holder;  // "pid P on host H": the process that has the run now
  std::string created;                // UTC
  std::uint64_t starts = 0;
  double elapsed_s = 0;  // of all starts
  Ledger ledger;
  std::vector<std::pair<std::string, NodeTally>> nodes;  // in the order in which they first worked
  std::map<std::string, Json> usage;                     // by service, of all starts
  std::map<std::string, Json> sinks;                     // committed, in each sink's own words
  std::vector<Reason> dead;                              // the most frequent first
};

// Errors: not_found where the folder holds no run; else as RunState::open(). Nothing is changed.
Result<RunReport> read_run_report(const std::string& folder);

// {"reasons": [{"node", "reason", "records", "samples": [{"id", "reason", "reply", "record"}]}]}:
// the most frequent reasons, with a few of the dead letters that came last. Of texts only a
// beginning.
Result<Json> dead_letter_samples(const std::string& folder);

// As RunState::write_dead_letters(), beside a run that may do so itself. The file's name.
Result<std::string> write_dead_letters_of(const std::string& folder);

}  // namespace rare::engine
