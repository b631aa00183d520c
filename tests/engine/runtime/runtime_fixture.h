// Runs a pipeline of test components through the real plan, components, graph and committer, with a
// state that is kept in memory.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/graph/plan.h"
#include "engine/observe/work_observer.h"
#include "engine/plugin/registry.h"
#include "engine/runtime/long_work.h"
#include "engine/runtime/run_control.h"
#include "engine/state/run_state.h"
#include "rare/reply_store.h"
#include "scratch_folder.h"
#include "test_components.h"

namespace rare::engine::test {

// The plan of a pipeline of test components. REQUIREs that it has one.
class TestPlan {
 public:
  explicit TestPlan(const std::string& yaml);
  TestPlan(const TestPlan&) = delete;
  const Plan& plan() const { return plan_; }

 private:
  Registry registry_;
  Plan plan_;
};

// As a state folder, for as long as the object lives.
class MemoryState final : public RunState {
 public:
  const Resume& resume() const override { return resume_; }
  const std::string& run_id() const override { return run_id_; }
  Status reset() override { return resume_ = Resume(), Status(); }
  Status check_input(const std::string&, const Json&) override { return Status(); }
  Status go_on_over(const std::map<std::string, Json>&) override { return Status(); }
  // Retries are of the state on disk.
  Result<RetryWork> retry_work() override { return RetryWork(); }
  Result<std::vector<DeadLetter>> read_dead_letters() override { return dead_letters; }
  Status commit_retry(const RetryWork&, const RetryResult&) override { return Status(); }
  Status reset_for_retry(const RetryWork&) override { return Status(); }
  Status commit(const Checkpoint& checkpoint) override;
  Status set_phase(Phase phase) override { return resume_.phase = phase, Status(); }
  Status write_dead_letters() override { return Status(); }
  Status write_manifest(const Json&) override { return Status(); }
  const std::string& folder() const override { return folder_.path(); }

  // What a start after this one finds.
  Resume committed;
  std::vector<DeadLetter> dead_letters;
  std::size_t commits = 0;
  void begin() {
    killed_ = false;
    resume_ = committed;
  }
  // From now on nothing reaches the state, as after a kill. Until begin(); any thread.
  void kill() { killed_ = true; }

 private:
  std::atomic<bool> killed_{false};
  Resume resume_;
  std::string run_id_ = "memory";
  testing::ScratchFolder folder_;  // for what whole-set nodes take in
};

struct Options {
  int threads = 8;
  std::int64_t credits = 0;
  std::optional<std::uint64_t> limit = std::nullopt;
  std::size_t window_bytes = 64u << 20;
  // What one credit carries of a record's children.
  std::size_t children_records = 64, children_bytes = 1u << 20;
  std::string children_folder{};  // empty: the state's
  std::chrono::milliseconds checkpoint_every{1000};
  ReplyStore* replies = nullptr;  // nothing is kept without
  LongWork::Limits long_work{};
  double grace_s = 30;  // for operators whose record's time was over
  // A run that takes longer is said to hang: `what` and what each node does are printed, and the
  // process ends.
  std::chrono::seconds hang{300};
  std::string what{};
  WorkObserver* work_observer = nullptr;
};

struct Outcome {
  std::optional<Status> fault;
  Status opening;  // why components did not open
  Tally tally;     // of this start
  std::uint64_t started = 0, finished = 0, abandoned = 0, committed = 0;
  bool exhausted = false;
  std::uint64_t late = 0;  // operators that ended after their record's time
};

// One start of `yaml` over `state`. `control` may be used by the test to stop it.
Outcome run_graph(const std::string& yaml, MemoryState& state, Observed& observed,
                  const Options& options = {}, RunControl* control = nullptr);
Outcome run_graph(const Plan& plan, MemoryState& state, Observed& observed,
                  const Options& options = {}, RunControl* control = nullptr);

// REQUIREs that everything that was read or given out is accounted for.
void require_accounted(const Outcome& outcome);

}  // namespace rare::engine::test
