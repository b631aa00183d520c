#include "engine/runtime/executor.h"

#include <algorithm>
#include <cstdio>
#include <thread>
#include <utility>

#include "engine/graph/plan_estimate.h"
#include "engine/observe/log.h"
#include "engine/runtime/async_node.h"
#include "engine/runtime/crash_report.h"
#include "engine/runtime/identities.h"
#include "engine/runtime/operator_node.h"
#include "engine/runtime/sink_node.h"

namespace rare::engine {
namespace fg = oneapi::tbb::flow;

namespace {

constexpr std::chrono::milliseconds kBeforeSayingSo{200};

Credits chosen_credits(const Executor::Setup& setup) {
  std::int64_t held = 0;
  for (const PlannedNode& node : setup.plan->nodes) held += setup.components->parallelism(node);
  std::int64_t total = held + kSpareCredits;
  if (setup.plan->credits > 0) total = setup.plan->credits;
  if (setup.credits > 0) total = setup.credits;
  // A source may wait for a train's worth of those that no node needs to be full.
  return Credits(total, std::clamp<std::int64_t>((total - held) / 4, 1, kTrainRecords));
}

int chosen_threads(int wanted) {
  if (wanted > 0) return wanted;
  return std::max(2, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

Executor::PoolThreads::PoolThreads(oneapi::tbb::task_arena& arena)
    : oneapi::tbb::task_scheduler_observer(arena) {
  observe(true);
}

Executor::PoolThreads::~PoolThreads() { observe(false); }

void Executor::PoolThreads::on_scheduler_entry(bool is_worker) {
  if (is_worker) begin_engine_thread("pool");
}

Executor::Executor(Setup setup)
    : setup_(std::move(setup)),
      credits_(chosen_credits(setup_)),
      threads_(chosen_threads(setup_.threads)),
      thread_limit_(oneapi::tbb::global_control::max_allowed_parallelism,
                    static_cast<std::size_t>(threads_)),
      arena_(threads_),
      pool_threads_(arena_) {
  // A graph belongs to the arena it is made in.
  arena_.execute([this] { build(); });
}

Executor::~Executor() = default;

void Executor::build() {
  graph_ = std::make_unique<fg::graph>();
  flow_ = std::make_unique<Flow>(*setup_.plan, *graph_, *setup_.control, *setup_.committer,
                                 credits_, setup_.children);
  credits_.set_graph(*graph_);
  setup_.committer->set_return_credits([this](std::int64_t count) { credits_.give_back(count); });
  flow_->set_observer(setup_.observer);
  flow_->set_tap(setup_.tap);
  flow_->set_work_observer(setup_.work_observer);
  if (setup_.is_retry) flow_->ignore_error_share();
  flow_->set_earlier(setup_.resume->tally.ledger.read, setup_.resume->tally.ledger.dead);
  nodes_.resize(setup_.plan->nodes.size());
  for (const PlannedNode& node : setup_.plan->nodes) {
    if (node.kind() == ComponentKind::source || node.gathers()) continue;
    nodes_[node.index] = make_node(node);
    flow_->set_input(node.index, nodes_[node.index]->input());
  }
  std::vector<AsyncNode*> async;
  for (const PlannedNode& node : setup_.plan->nodes) {
    if (node.kind() != ComponentKind::async_operator) continue;
    async.push_back(static_cast<AsyncNode*>(nodes_[node.index].get()));
  }
  async_watch_ = std::make_unique<AsyncWatch>(std::move(async));
  build_sources();
  build_gathers();
}

void Executor::build_sources() {
  for (const std::uint32_t index : setup_.components->source_nodes()) {
    const PlannedNode& node = setup_.plan->nodes[index];
    const std::uint32_t place = origin_place(*setup_.plan, node);
    SourceNode::Setup source;
    source.source = place;
    source.node = &node;
    source.instance = &setup_.components->source(node.index);
    source.limit = setup_.limit;
    const auto at = setup_.resume->sources.find(node.name);
    if (at != setup_.resume->sources.end()) {
      source.next_ordinal = at->second.next_ordinal;
      source.finished = at->second.finished;
    }
    setup_.committer->source_opened(place, node.name, source.instance->position(),
                                    source.next_ordinal, source.finished);
    sources_.push_back(
        std::make_unique<SourceNode>(*flow_, *setup_.committer, credits_, std::move(source)));
    origins_.push_back(sources_.back().get());
  }
}

void Executor::build_gathers() {
  for (const PlannedNode& node : setup_.plan->nodes) {
    if (!node.gathers()) continue;
    auto gather = std::make_unique<GatherNode>(*flow_, *setup_.committer, credits_, node,
                                               *setup_.components->operators(node.index).front(),
                                               *setup_.spills.at(node.index),
                                               origin_place(*setup_.plan, node));
    gathers_.push_back(gather.get());
    origins_.push_back(gather.get());
    flow_->set_input(node.index, gather->input());
    nodes_[node.index] = std::move(gather);
  }
}

std::unique_ptr<GraphNode> Executor::make_node(const PlannedNode& node) {
  if (node.kind() == ComponentKind::sink) {
    return std::make_unique<SinkNode>(*flow_, node, setup_.components->sink(node.index),
                                      setup_.is_retry);
  }
  if (node.kind() == ComponentKind::async_operator) {
    AsyncNode::Setup async;
    async.instance = &setup_.components->async_operator(node.index);
    async.parallelism = setup_.components->parallelism(node);
    async.resume_threads = &setup_.components->resumer();
    async.ready = [this, &node] { return setup_.components->ready(node); };
    async.parking_folder = setup_.waiting_folder;
    async.rounds = &setup_.resume->rounds;
    return std::make_unique<AsyncNode>(*flow_, node, std::move(async));
  }
  std::vector<Operator*> instances;
  for (const auto& instance : setup_.components->operators(node.index)) {
    instances.push_back(instance.get());
  }
  return std::make_unique<OperatorNode>(*flow_, node, std::move(instances));
}

void Executor::run() {
  arena_.execute([this] {
    int levels = 0;
    for (const GatherNode* gather : gathers_) levels = std::max(levels, gather->level());
    for (const auto& source : sources_) source->start();
    graph_->wait_for_all();
    if (setup_.ends_at_gathers) return;
    for (int level = 1; level <= levels && begin_level(level); ++level) graph_->wait_for_all();
  });
}

bool Executor::begin_level(int level) {
  setup_.committer->settle();
  if (setup_.control->draining()) return false;
  for (GatherNode* gather : gathers_) {
    if (gather->level() != level) continue;
    const auto at = setup_.resume->sources.find(gather->name());
    IntervalSet finished;
    if (at != setup_.resume->sources.end()) finished = at->second.finished;
    const Status status = gather->begin(std::move(finished));
    if (!status.ok()) {
      setup_.control->fail(status);
      return false;
    }
  }
  for (GatherNode* gather : gathers_) {
    if (gather->level() == level) gather->start();
  }
  return true;
}

bool Executor::settle(double grace_s, double hang_s) {
  using Seconds = std::chrono::duration<double>;
  const auto cut = [this] {
    const RunControl& control = *setup_.control;
    return control.cutting() || (control.aborting() && !control.fault());
  };
  if (async_watch_->settle(kBeforeSayingSo, cut)) return true;
  if (!cut()) {
    char text[120];
    std::snprintf(
        text, sizeof text,
        "waiting up to %g s for answers that come too late for their records: what is paid "
        "is kept",
        grace_s);
    log_line(LogLevel::info, {}, text);
  }
  if (async_watch_->settle(Seconds(grace_s), cut)) return true;
  setup_.components->cancel_services();
  if (async_watch_->settle(Seconds(hang_s), [] { return false; })) return true;
  log_line(LogLevel::error, {},
           "an operator whose record's time was over does not end; leaving without it");
  return false;
}

bool Executor::exhausted() const {
  return std::all_of(origins_.begin(), origins_.end(),
                     [](const Origin* origin) { return origin->exhausted(); });
}

}  // namespace rare::engine
