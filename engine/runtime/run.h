// A whole run: state, components, graph, closing, accounts. What the `run` verb does.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/graph/plan.h"
#include "engine/observe/live_run.h"
#include "engine/observe/metrics_endpoint.h"
#include "engine/observe/progress.h"
#include "engine/observe/trace_target.h"
#include "engine/state/ledger.h"
#include "engine/state/shard_presence.h"
#include "rare/source.h"
#include "rare/status.h"

namespace rare::engine {

// What of a source's records is read: those from `first` up to before `end`.
struct SourceRange {
  Position position;  // before the record `first`
  std::uint64_t first = 0, end = 0;
};

struct RunSettings {
  std::string state_folder;
  std::string reply_file;
  bool fresh = false;
  std::optional<std::uint64_t> limit;
  std::map<std::string, SourceRange> ranges;  // of a shard, by source; none: all that they have
  std::string reply_log_folder;  // of a shard: where its attempts log replies; empty: nowhere
  // Of a shard's retry: the attempts that it rests on, the last first. Where several paid for the
  // same, their replies are those that rows were made of.
  std::vector<std::string> committed_attempts;
  // Of a shard: whose outputs are kept (kept_output.h); empty: those of the run.
  std::string output_owner;
  const ShardPresence* presence = nullptr;  // of a shard: who else is at work; null: nobody
  ProgressStyle progress = ProgressStyle::none;
  // Whether sources whose input may grow give what came since an earlier start.
  bool takes_more = true;
  int threads = 0;                     // 0: as many as there are cores
  MetricsEndpoint* metrics = nullptr;  // shows the run while it streams; may be null
  LiveRun* live = nullptr;             // is told how the run goes, and is asked; may be null
  bool profile = false;  // what nodes and records cost: told, and kept beside the state
  std::optional<TraceTarget> traces;  // where traces of records go; nothing: nowhere
  double hang_s = 20;                 // how long nodes may take to end after the run was cut
};

// Exit codes; names in docs/reference/contract.md.
enum ExitCode {
  kExitDone = 0,
  kExitFailed = 1,
  kExitConfiguration = 2,
  kExitDeadLetters = 3,
  kExitTryAgain = 4,
  kExitBudget = 5,
  kExitInterrupted = 130,
};

// What a run fault means for whoever started the run.
int exit_code_of(const Status& fault);

// Whether `max_errors` makes it exit code 3.
bool too_many_dead(const ErrorBound& bound, const Ledger& ledger);

// Runs, or goes on with, the plan. Messages go to standard error, the closing account to standard
// output. SIGINT and SIGTERM are handled while it runs. REQUIRES: one call at a time in a process.
int run_pipeline(const Plan& plan, const RunSettings& settings);

// Everything run_pipeline checks before its first record, without touching state or output.
Status check_components(const Plan& plan);

}  // namespace rare::engine
