// The components of a run: made from the plan, opened in order, ended in reverse.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "engine/graph/plan.h"
#include "engine/runtime/component_context.h"
#include "engine/runtime/crash_report.h"
#include "engine/state/run_state.h"
#include "rare/plugin.h"

namespace rare::engine {

// What an earlier start read, by source; those whose input may grow follow it, and go on to what
// came since if it `takes_more`.
struct EarlierInputs {
  std::map<std::string, Json> identities;
  bool takes_more = false;
};

class Components {
 public:
  // REQUIRES: plan and environment outlive this.
  Components(const Plan& plan, const Environment& environment);
  ~Components();

  // Each says in its error which node or service failed. Services first: operators bind to them.
  Status open_services();
  Status open_operators();
  Status open_sources(const std::map<std::string, SourceCheckpoint>& checkpoints,
                      const EarlierInputs& earlier = {});
  Status open_sinks(const std::map<std::string, Offset>& committed);
  // Makes the sinks without opening them: where is their output, is it in place?
  Status make_sinks();
  // The first sink whose finished output is not there, as far as it is `committed`; null: none.
  // REQUIRES: make_sinks().
  const Sink* sink_without_output(const std::map<std::string, Offset>& committed) const;
  // An error where rows that are committed would be written again, to a sink that keeps them:
  // `instead` says what to do. REQUIRES: make_sinks().
  Status check_remaking(const std::string& instead) const;

  // Of the plan's nodes, by index. REQUIRES: opened, of that kind.
  const std::vector<std::unique_ptr<Operator>>& operators(std::uint32_t node) const;
  AsyncOperator& async_operator(std::uint32_t node) const;
  Source& source(std::uint32_t node) const;
  Sink& sink(std::uint32_t node) const;
  // Records the node may hold at once; sized by its services where the pipeline leaves it out.
  int parallelism(const PlannedNode& node) const;

  // Whether all services of the node work on requests as they come. Any thread.
  bool ready(const PlannedNode& node) const;

  const std::vector<std::uint32_t>& source_nodes() const { return source_nodes_; }
  const std::vector<std::uint32_t>& sink_nodes() const { return sink_nodes_; }

  ResumeThreads& resumer() const { return *environment_.resumer; }

  // Of the services that have one, by "services.NAME". REQUIRES: open_services() succeeded.
  Result<std::map<std::string, Json>> service_identities() const;

  // Any thread, after open_services().
  std::map<std::string, Json> usage() const;              // counts alone
  std::map<std::string, Json> usage_and_load() const;     // with `now`, of those that say it
  std::map<std::string, std::string> activities() const;  // of those that have something to say
  std::vector<std::string> notices() const;
  // REQUIRES: make_sinks() succeeded.
  bool sinks_want_provenance() const;
  void stop_asking();  // of services; what is paid for goes on
  void cancel_services();

 private:
  struct NodeParts {
    std::vector<std::unique_ptr<Operator>> operators;
    std::unique_ptr<AsyncOperator> async_operator;
    std::unique_ptr<Source> source;
    std::unique_ptr<Sink> sink;
  };
  ComponentContext& context_of(const std::string& name);
  Status open_service(const PlannedService& service);
  Status open_operator(const PlannedNode& node);
  template <class AnyOperator>
  std::unique_ptr<AnyOperator> kept_where_needed(const PlannedNode& node,
                                                 std::unique_ptr<AnyOperator> made);
  Result<ServiceResolver> connect(const PlannedNode& node);
  template <class Say>
  auto said_by(std::size_t service, const Say& say) const -> decltype(say());

  const ComponentsAtWork at_work_;  // until the last has ended
  const Plan& plan_;
  const Environment& environment_;
  std::vector<std::unique_ptr<ComponentContext>> contexts_;
  std::vector<std::unique_ptr<Service>> services_;  // by the plan's index
  std::vector<NodeParts> nodes_;
  std::vector<std::uint32_t> source_nodes_, sink_nodes_;
  mutable std::mutex said_mutex_;
  mutable std::set<std::size_t> odd_services_;  // that threw when they were to say something
};

}  // namespace rare::engine
