// The state of a run on disk (state.db): what is finished, how far each sink is committed, and what
// the tallies are. Specified in docs/formats/state.md.
//
// One process at a time (a lock file with pid and host). Thread-safety: commit() and the methods
// after it from one thread at a time; the snapshot of resume() is taken by open().
// Errors: a full disk or a vanished folder is a run fault with StatusCode::resource_exhausted or
// unavailable; a held lock, another fingerprint or changed input one with invalid_argument.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/state/interval_set.h"
#include "engine/state/ledger.h"
#include "engine/state/retry_rounds.h"
#include "rare/json.h"
#include "rare/record.h"
#include "rare/sink.h"
#include "rare/source.h"
#include "rare/status.h"

namespace rare::engine {

struct DeadLetter {
  RecordId id;
  std::string node;
  std::string reason;
  int attempts = 1;
  std::optional<std::string> raw;  // reply or input bytes; not necessarily UTF-8
  Json record;                     // fields so far; null when there are none
};

// A family with dead letters: where its rows stand in the sinks and what it counted, so that those
// of a retry can take their place.
struct DeadFamily {
  struct Place {
    Offset begin, end;
  };
  std::uint32_t source = 0;  // of its root
  std::uint64_t ordinal = 0;
  std::map<std::string, Place> places;  // by sink; without those that cannot say
  Tally tally;
};

struct SourceCheckpoint {
  Position position;               // before the first ordinal that is not finished
  std::uint64_t next_ordinal = 0;  // of the record at `position`
  IntervalSet finished;            // commit: those finished since the last; resume: all
};

// What one transaction takes to disk. REQUIRES: every sink has synced up to its offset.
struct Checkpoint {
  std::map<std::string, Offset> sinks;              // by node
  std::map<std::string, SourceCheckpoint> sources;  // by node
  Tally tally;                                      // since the last commit
  std::vector<DeadLetter> dead_letters;             // since the last commit
  std::vector<DeadFamily> dead_families;            // since the last commit
  std::map<std::string, Json> usage;                // by service: totals of this start
  double elapsed_s = 0;                             // of this start
};

enum class Phase { running, finalising, done };

struct Resume {
  Phase phase = Phase::running;
  bool started_before = false;
  std::map<std::string, Offset> sinks;
  std::map<std::string, SourceCheckpoint> sources;
  std::map<std::string, Json> inputs;  // Source::identity() as first seen
  Tally tally;
  std::uint64_t dead_letters = 0;
  RetryRounds rounds;                 // of all retries
  std::uint64_t retries = 0;          // that are done
  std::map<std::string, Json> usage;  // of all earlier starts
  double elapsed_s = 0;
};

// What a retry of a finished run does again.
struct RetryWork {
  std::vector<DeadFamily> families;  // in the order in which they were written
  RetryRounds rounds;                // those of the dead letters raised by one
};

// What came of it: the new state of the retried families, in the place of the old.
struct RetryResult {
  std::map<std::string, Offset> sinks;  // of the output that was made anew
  Tally replaced, tally;                // what the families counted before, and now
  std::vector<DeadLetter> dead_letters;
  std::vector<DeadFamily> dead_families;
  std::map<std::string, Json> usage;  // by service: totals of the retry
  double elapsed_s = 0;
};

struct StateOptions {
  std::string folder;                   // made when missing, mode 0700
  Json fingerprint;                     // flat object: key -> value
  Json defaults = Json::object();       // of it, what an earlier version's run may not name
  std::vector<std::string> node_names;  // by the plan's index
  // Of their input more may come: what is known of it outlives a reset(), because it decides the
  // ordinals.
  std::vector<std::string> growing_sources;
  bool fresh = false;  // forget what the folder holds (replies are elsewhere, untouched)
};

// Where write_manifest() writes, of the state in `folder`.
inline std::string manifest_file(const std::string& folder) { return folder + "/manifest.json"; }

class RunState {
 public:
  // Opens or makes the state, takes the lock, compares the fingerprint: a difference names the keys
  // with both values and offers --fresh and --state-dir.
  static Result<std::unique_ptr<RunState>> open(StateOptions options);
  virtual ~RunState() = default;

  virtual const Resume& resume() const = 0;
  // Identifies the run for ReplyStore::Scope::this_run: stays across resumes, new with --fresh.
  virtual const std::string& run_id() const = 0;
  // Starts over in place (a complete run's output is gone); keeps run_id(), and so its replies.
  virtual Status reset() = 0;
  // REQUIRES for these three: the phase is done, or a commit_retry() came before.
  virtual Result<RetryWork> retry_work() = 0;
  virtual Result<std::vector<DeadLetter>> read_dead_letters() = 0;
  // In one transaction, with the phase finalising: from here on the new output counts.
  virtual Status commit_retry(const RetryWork& work, const RetryResult& result) = 0;
  // As reset(), and the records of `work` are asked for anew when their turn comes.
  virtual Status reset_for_retry(const RetryWork& work) = 0;
  // Remembers a source's identity, or refuses when it differs from what was remembered.
  virtual Status check_input(const std::string& source, const Json& identity) = 0;
  // In one transaction: remembers these, by source, whatever was remembered (of sources that have
  // looked themselves), and a run that was done is running again.
  virtual Status go_on_over(const std::map<std::string, Json>& inputs) = 0;
  virtual Status commit(const Checkpoint& checkpoint) = 0;
  virtual Status set_phase(Phase phase) = 0;
  // dead_letters.jsonl and manifest.json in the folder, written whole and renamed.
  virtual Status write_dead_letters() = 0;
  virtual Status write_manifest(const Json& manifest) = 0;
  virtual const std::string& folder() const = 0;
};

}  // namespace rare::engine
