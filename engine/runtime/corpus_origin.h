// Where records of a corpus pass begin: a source that is opened again, or a whole-set operator that
// is run again over what a pass of its own brings to it.
//
// Errors: an origin that cannot go on says so with a run fault that names the node.
// Thread-safety: one thread at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/graph/plan.h"
#include "engine/runtime/component_context.h"
#include "engine/state/spilled_row.h"

namespace rare::engine {

// What all parts of one pass share.
struct CorpusScope {
  const Plan& plan;
  const Environment& environment;
  std::atomic<bool> dropped{false};  // nobody reads the pass any more
  // Whoever works or waits for the pass looks at it from record to record. Any thread.
  bool is_cut() const { return dropped.load() || environment.control->aborting(); }
};

class CorpusOrigin {
 public:
  struct Given {
    std::optional<Record> record;  // nothing where it could not be read, or the operator failed
    std::uint32_t port = 0;
  };

  // Opens the node's component. REQUIRES: `scope` outlives the origin; the node is a source or
  // gathers.
  static Result<std::unique_ptr<CorpusOrigin>> open(const CorpusScope& scope,
                                                    const PlannedNode& node);
  virtual ~CorpusOrigin() = default;
  CorpusOrigin(const CorpusOrigin&) = delete;
  CorpusOrigin& operator=(const CorpusOrigin&) = delete;

  const PlannedNode& node() const { return node_; }
  // Of what next() will give: of several origins the one with the lowest is next in the run.
  const RunPlace& place() const { return place_; }
  // Nothing at the end. Records have the ids that they have in the run.
  Result<std::optional<Given>> next();

 protected:
  CorpusOrigin(const CorpusScope& scope, const PlannedNode& node);

  const CorpusScope& scope_;
  const PlannedNode& node_;
  ComponentContext context_;

 private:
  virtual Status open() = 0;
  // As next(); a record that is new has no id.
  virtual Result<std::optional<Given>> give() = 0;

  RunPlace place_;
  const std::shared_ptr<const std::string> id_prefix_;
};

}  // namespace rare::engine
