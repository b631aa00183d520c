// The executor: a plan and its open components as a oneTBB flow graph, run once to its end.
//
// Thread-safety: run() on one thread, once; the counts and counters from any thread while it runs.
#pragma once

#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_scheduler_observer.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/runtime/async_watch.h"
#include "engine/runtime/components.h"
#include "engine/runtime/flow.h"
#include "engine/runtime/gather_node.h"
#include "engine/runtime/graph_node.h"
#include "engine/runtime/source_node.h"

namespace rare::engine {

class Executor {
 public:
  struct Setup {
    const Plan* plan = nullptr;
    Components* components = nullptr;
    RunControl* control = nullptr;
    Committer* committer = nullptr;
    const Resume* resume = nullptr;  // with the rounds of retries
    // A retry of dead letters: rows stay records, for spills, and however many die again, the
    // retry goes on.
    bool is_retry = false;
    bool ends_at_gathers = false;                  // whole-set nodes take in and give out nothing
    std::map<std::uint32_t, GatherSpill*> spills;  // of the whole-set nodes, by the plan's index
    std::optional<std::uint64_t> limit;
    // 0: the pipeline's max_records_in_flight, or what all nodes can hold at once and some to
    // spare, so that no node waits for a record while another one's queue holds them all.
    std::int64_t credits = 0;
    int threads = 0;  // 0: as many as there are cores
    FlowObserver* observer = nullptr;
    RecordTap* tap = nullptr;
    WorkObserver* work_observer = nullptr;
    std::string waiting_folder;  // for records that wait on disk; exists
    Overflow::Limits children;   // of one record; without a folder all are in memory
  };
  explicit Executor(Setup setup);
  ~Executor();

  // Returns when every record that was read has ended or was abandoned.
  // Whole-set nodes: level by level, each begun when all of the one before is committed.
  void run();

  // After run(): lets operators end whose record's time was over (`timeout_s`). For `grace_s` they
  // may: what they wait for may be paid, and is kept when it comes. Then services are cut. False:
  // after `hang_s` more some still have not ended; neither this nor the components may be
  // destroyed.
  bool settle(double grace_s, double hang_s);
  // Whether every source, and every whole-set node, gave out all it has.
  bool exhausted() const;
  const Flow& flow() const { return *flow_; }
  NodeCounters& counters() { return flow_->counters(); }
  std::int64_t credits() const { return credits_.total(); }

 private:
  // Each worker says first that it is the engine's.
  class PoolThreads final : public oneapi::tbb::task_scheduler_observer {
   public:
    explicit PoolThreads(oneapi::tbb::task_arena& arena);
    ~PoolThreads() override;
    void on_scheduler_entry(bool is_worker) override;
  };

  void build();
  void build_sources();
  void build_gathers();
  // False: the run ends here.
  bool begin_level(int level);
  std::unique_ptr<GraphNode> make_node(const PlannedNode& node);

  const Setup setup_;
  Credits credits_;
  const int threads_;
  oneapi::tbb::global_control thread_limit_;
  oneapi::tbb::task_arena arena_;
  PoolThreads pool_threads_;
  std::unique_ptr<oneapi::tbb::flow::graph> graph_;
  std::unique_ptr<Flow> flow_;
  std::vector<std::unique_ptr<SourceNode>> sources_;
  std::vector<GatherNode*> gathers_;  // they are among nodes_
  std::vector<Origin*> origins_;      // sources, then gathers: by their place
  std::vector<std::unique_ptr<GraphNode>> nodes_;
  std::unique_ptr<AsyncWatch> async_watch_;
};

}  // namespace rare::engine
