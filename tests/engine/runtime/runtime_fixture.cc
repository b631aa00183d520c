#include "runtime_fixture.h"

#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "catch.h"
#include "engine/graph/plan.h"
#include "engine/runtime/committer.h"
#include "engine/runtime/components.h"
#include "engine/runtime/executor.h"
#include "engine/runtime/resume_threads.h"
#include "engine/runtime/watch.h"
#include "random_graph_components.h"

namespace rare::engine::test {
namespace {

class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) {
    std::string name = std::filesystem::temp_directory_path() / "rare-runtime-XXXXXX";
    const int file = mkstemp(name.data());
    if (file < 0) throw std::runtime_error("no temporary file");
    close(file);
    path = name;
    std::ofstream(path) << text;
  }
  ~TemporaryFile() { std::remove(path.c_str()); }
  std::string path;
};

class NoReplies final : public ReplyStore {
 public:
  void find(std::string, Scope,
            std::function<void(Result<std::optional<StoredReply>>)> done) override {
    done(std::optional<StoredReply>());
  }
  void put(std::string, StoredReply, std::function<void(Status)> done) override { done(Status()); }
};

// Ends the process when the run does not end: nothing else can free threads that wait for ever.
class HangWatch {
 public:
  HangWatch(const Options& options, const Plan& plan, Executor& executor)
      : options_(options), plan_(plan), executor_(executor), thread_([this] { loop(); }) {}
  ~HangWatch() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

 private:
  void loop() {
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, options_.hang, [this] { return ended_; })) return;
    const Flow& flow = executor_.flow();
    std::fprintf(stderr, "\na run hangs: %s\n%llu records begun, %llu finished, %llu abandoned\n",
                 options_.what.c_str(), static_cast<unsigned long long>(flow.started()),
                 static_cast<unsigned long long>(flow.finished()),
                 static_cast<unsigned long long>(flow.abandoned()));
    for (const PlannedNode& node : plan_.nodes) {
      const NodeCounter& counter = executor_.counters()[node.index];
      std::fprintf(stderr, "  %-12s %-14s %lld in it, %llu done\n", node.name.c_str(),
                   node.spec().name().c_str(), static_cast<long long>(counter.in_flight.load()),
                   static_cast<unsigned long long>(counter.done.load()));
    }
    _exit(1);
  }

  const Options& options_;
  const Plan& plan_;
  Executor& executor_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace

TestPlan::TestPlan(const std::string& yaml) {
  add_test_components(registry_);
  add_random_graph_components(registry_);
  const TemporaryFile file(yaml);
  Diagnostics diagnostics;
  LoadOptions load;
  load.file = file.path;
  PipelineConfig config = load_pipeline(load, diagnostics);
  plan_ = make_plan(std::move(config), registry_, diagnostics);
  INFO(yaml);
  INFO(diagnostics.to_string());
  REQUIRE(diagnostics.ok());
}

Status MemoryState::commit(const Checkpoint& checkpoint) {
  if (killed_) return Status();
  ++commits;
  committed.started_before = true;
  committed.sinks = checkpoint.sinks;
  if (committed.tally.nodes.size() < checkpoint.tally.nodes.size()) {
    committed.tally.nodes.resize(checkpoint.tally.nodes.size());
  }
  committed.tally += checkpoint.tally;
  for (const auto& [name, source] : checkpoint.sources) {
    SourceCheckpoint& entry = committed.sources[name];
    entry.position = source.position;
    entry.next_ordinal = source.next_ordinal;
    for (const auto& interval : source.finished.intervals()) entry.finished.add(interval);
  }
  dead_letters.insert(dead_letters.end(), checkpoint.dead_letters.begin(),
                      checkpoint.dead_letters.end());
  committed.dead_letters = dead_letters.size();
  return Status();
}

Outcome run_graph(const std::string& yaml, MemoryState& state, Observed& observed,
                  const Options& options, RunControl* control) {
  const TestPlan planned(yaml);
  return run_graph(planned.plan(), state, observed, options, control);
}

Outcome run_graph(const Plan& plan, MemoryState& state, Observed& observed, const Options& options,
                  RunControl* given) {
  observe_with(&observed);
  RunControl own;
  RunControl& control = given != nullptr ? *given : own;
  NoReplies replies;
  Environment environment;
  environment.control = &control;
  environment.replies = &replies;
  if (options.replies != nullptr) {
    environment.replies = options.replies;
    environment.output_owner = state.run_id();
  }
  environment.run_folder = state.folder();
  ResumeThreads resume_threads;
  environment.resumer = &resume_threads;
  Components components(plan, environment);
  state.begin();

  Outcome outcome;
  outcome.opening = components.make_sinks();
  if (outcome.opening.ok()) outcome.opening = components.open_sources(state.resume().sources);
  if (outcome.opening.ok()) outcome.opening = components.open_services();
  if (outcome.opening.ok()) outcome.opening = components.open_operators();
  if (outcome.opening.ok()) outcome.opening = components.open_sinks(state.resume().sinks);
  if (!outcome.opening.ok()) {
    components.cancel_services();
    return outcome;
  }
  Committer::Setup commit;
  commit.plan = &plan;
  for (const std::uint32_t node : components.sink_nodes()) {
    commit.targets.push_back({node, &components.sink(node), nullptr});
  }
  std::map<std::uint32_t, std::unique_ptr<GatherSpill>> spills;
  for (const PlannedNode& node : plan.nodes) {
    if (!node.gathers()) continue;
    std::optional<Offset> committed;
    const auto at = state.resume().sinks.find(node.name);
    if (at != state.resume().sinks.end()) committed = at->second;
    auto spill = GatherSpill::open(state.folder() + "/" + node.name, committed);
    REQUIRE(spill.ok());
    spills[node.index] = std::move(*spill);
    commit.targets.push_back({node.index, nullptr, spills[node.index].get()});
  }
  commit.state = &state;
  commit.control = &control;
  commit.work_observer = options.work_observer;
  commit.window_bytes = options.window_bytes;
  commit.checkpoint_every = options.checkpoint_every;
  Committer committer(std::move(commit));
  Executor::Setup execute;
  execute.plan = &plan;
  execute.components = &components;
  execute.control = &control;
  execute.committer = &committer;
  execute.resume = &state.resume();
  for (const auto& [node, spill] : spills) execute.spills[node] = spill.get();
  execute.limit = options.limit;
  execute.credits = options.credits;
  execute.threads = options.threads;
  execute.work_observer = options.work_observer;
  execute.waiting_folder = state.folder();
  execute.children.folder =
      options.children_folder.empty() ? state.folder() : options.children_folder;
  execute.children.records = options.children_records;
  execute.children.bytes = options.children_bytes;
  Executor executor(std::move(execute));
  {
    Watch::Setup watch;
    watch.plan = &plan;
    watch.control = &control;
    watch.long_work = options.long_work;
    watch.stop_asking = [&components] { components.stop_asking(); };
    watch.cut = [&components] { components.cancel_services(); };
    watch.give_up = [] {
      std::fputs("a test's graph hangs after it was cut\n", stderr);
      std::abort();
    };
    watch.hang_s = 300;
    const Watch watching(std::move(watch));
    const HangWatch hanging(options, plan, executor);
    executor.run();
    committer.close();
    if (!executor.settle(options.grace_s, 300)) std::abort();
  }
  outcome.fault = control.fault();
  outcome.tally = committer.tally();
  outcome.started = executor.flow().started();
  outcome.finished = executor.flow().finished();
  outcome.abandoned = executor.flow().abandoned();
  outcome.committed = committer.families_committed();
  outcome.exhausted = executor.exhausted();
  for (const PlannedNode& node : plan.nodes) outcome.late += executor.counters()[node.index].late;
  components.cancel_services();
  return outcome;
}

void require_accounted(const Outcome& outcome) {
  REQUIRE(outcome.opening.ok());
  INFO(outcome.tally.ledger.to_string());
  INFO((outcome.fault ? outcome.fault->message() : std::string()));
  REQUIRE_FALSE(outcome.fault.has_value());
  REQUIRE(outcome.tally.ledger.adds_up());
  REQUIRE(outcome.started == outcome.finished + outcome.abandoned);
  REQUIRE(outcome.abandoned == 0);
  REQUIRE(outcome.committed == outcome.started);
  REQUIRE(outcome.tally.ledger.read <= outcome.started);
}

}  // namespace rare::engine::test
