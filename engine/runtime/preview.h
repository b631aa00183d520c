// A preview: the first records of a pipeline on their real way through it, with nothing written but
// the reply store. What the `preview` verb does.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/graph/plan.h"
#include "engine/runtime/model_meter.h"
#include "engine/runtime/preview_estimate.h"
#include "engine/state/ledger.h"
#include "engine/state/retry_rounds.h"
#include "rare/json.h"

namespace rare::engine {

// One record of a run, looked at again: it goes its way once more, with the replies of the run and
// no others. Whole-set nodes take it in, and there its way ends.
struct LookBack {
  std::uint32_t source = 0;  // place of its origin
  std::uint64_t ordinal = 0;
  RetryRounds rounds;
  std::string run_id;
  std::map<std::string, Json> inputs;  // what the run read, by source
};

struct PreviewSettings {
  std::string reply_file;
  std::optional<LookBack> look_back;  // instead of the first records
  std::uint64_t records = 3;          // of each source
  int threads = 0;                    // 0: as many as there are cores
};

// One record at one node.
struct PreviewStep {
  enum class Did { emitted, filtered, gathered, failed, written };
  // One record that the node gave out, against the one that came in.
  struct Emission {
    std::string port;
    Json added = Json::object();    // field: value
    Json changed = Json::object();  // field: new value
    std::vector<std::string> removed;
  };
  std::uint32_t node = 0;  // the plan's index
  std::uint32_t source = 0;
  std::uint64_t ordinal = 0;  // of the family
  std::string id;             // of the record that came in (given out, of a whole-set node)
  std::string label;          // what people call it; empty: nothing
  Did did = Did::emitted;
  std::string reason;  // filtered, failed
  std::vector<Emission> emissions;
  Json fields;  // written: the whole record
};

struct Preview {
  // How it ended, as `run` would have (engine/runtime/run.h).
  int exit_code = 0;
  std::string fault;
  std::vector<PreviewStep> steps;  // by source, record, and the plan's order of nodes
  Tally tally;                     // by node, and of the whole
  double elapsed_s = 0;
  PreviewEstimate estimate;
  std::vector<ModelMeter::Reply> replies;  // with `look_back`: in the order in which they came
  // An operator did not end, and what it uses is still there: leave the process by _exit().
  bool left_behind = false;
};

// Runs the first records of `plan`. SIGINT and SIGTERM are handled while it runs. Reads inputs,
// asks services, uses and fills the reply store; opens no sink and touches no state of the
// pipeline's runs. REQUIRES: one call at a time in a process, and none of run_pipeline() beside it.
Preview preview_pipeline(const Plan& plan, const PreviewSettings& settings);

}  // namespace rare::engine
