#include "engine/runtime/preview.h"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <utility>

#include "engine/graph/plan_estimate.h"
#include "engine/observe/log.h"
#include "engine/runtime/boundary.h"
#include "engine/runtime/committer.h"
#include "engine/runtime/components.h"
#include "engine/runtime/executor.h"
#include "engine/runtime/identities.h"
#include "engine/runtime/preview_recorder.h"
#include "engine/runtime/reply_stores.h"
#include "engine/runtime/resume_threads.h"
#include "engine/runtime/run.h"
#include "engine/runtime/run_session.h"
#include "engine/runtime/scratch_folder.h"
#include "engine/runtime/watch.h"
#include "engine/state/reply_database.h"

namespace rare::engine {
namespace {

static_assert(kWaitingRowsBytes == Committer::kWindowBytes,
              "the plan shows what the committer does");

// Stands in for every sink: what comes to it is shown, not kept.
class NoSink final : public Sink {
 public:
  Status open(Context&, std::optional<Offset>) override { return Status(); }
  Status write(std::span<const Record>) override { return Status(); }
  Status write_encoded(std::span<const std::string>) override { return Status(); }
  Result<Offset> sync() override { return Offset{}; }
  Status finalise() override { return Status(); }
  std::string location() const override { return {}; }
  bool in_place() const override { return false; }
};

// Reads the source's first records once more, apart from the preview, for their sizes.
InputSample sample_input(const PlannedNode& node, ComponentContext& context,
                         std::uint64_t records) {
  InputSample sample;
  if (node.is_nondeterministic()) {
    sample.reason_against = "source '" + node.name + "' gives other records each time";
    return sample;
  }
  const std::unique_ptr<Source> source = node.use->component.make_source(node.values, {});
  const Status opened = source->open(context, std::nullopt);
  if (!opened.ok()) {
    sample.reason_against = opened.message();
    return sample;
  }
  double before = 0;
  for (std::uint64_t read = 0; read <= records; ++read) {
    const Result<std::optional<Record>> next = source->next();
    if (!next.ok() && next.status().fault() == Fault::run) {
      sample.reason_against = next.status().message();
      return sample;
    }
    sample.is_whole = next.ok() && !next->has_value();
    if (sample.is_whole || read == records) break;
    const std::optional<Progress> progress = source->progress();
    if (!progress || !progress->total) return sample;
    sample.total = static_cast<double>(*progress->total);
    const auto done = static_cast<double>(progress->done);
    sample.record_sizes.push_back(done - std::exchange(before, done));
  }
  return sample;
}

class PreviewRun {
 public:
  PreviewRun(const Plan& plan, const PreviewSettings& settings)
      : plan_(plan), settings_(settings) {}

  Preview execute() {
    Preview preview;
    preview.tally = Tally(plan_.nodes.size());
    Status status = at_boundary([&] { return open(); });
    if (status.ok()) {
      input_ = sample();
      stream();
      status = control_.fault().value_or(Status());
      describe(preview);
    }
    if (!status.ok()) {
      preview.fault = status.message();
      preview.exit_code = exit_code_of(status);
    } else if (Watch::interrupted()) {
      preview.exit_code = kExitInterrupted;
    } else if (too_many_dead(plan_.config.max_errors, preview.tally.ledger)) {
      preview.exit_code = kExitDeadLetters;
    }
    control_.abort();
    control_.cut();
    if (components_) components_->cancel_services();
    preview.left_behind = left_behind_;
    if (!left_behind_) executor_.reset();
    return preview;
  }

 private:
  Status open() {
    Result<std::unique_ptr<RunState>> state =
        RunState::open(state_options(plan_, folder_.string() + "/state"));
    if (!state) return state.status();
    state_ = std::move(*state);
    ReplyStores::Setup stores;
    stores.file = settings_.reply_file;
    stores.run_id = state_->run_id();
    stores.on_full_disk = [this](Status full) { control_.fail(std::move(full)); };
    stores.stored_only = settings_.look_back.has_value();
    Result<std::unique_ptr<ReplyStores>> replies = ReplyStores::open(std::move(stores));
    if (!replies) return replies.status();
    replies_ = std::move(*replies);
    resume_threads_ = std::make_unique<ResumeThreads>();
    environment_.seed = plan_.config.seed;
    environment_.run_folder = state_->folder();
    environment_.control = &control_;
    environment_.resumer = resume_threads_.get();
    environment_.replies = &replies_->own();
    environment_.reply_stores = replies_.get();
    if (settings_.look_back) {
      meter_.keep_texts();
      environment_.output_owner = settings_.look_back->run_id;
    }
    resume_ = resumed();
    environment_.meter = &meter_;
    components_ = std::make_unique<Components>(plan_, environment_);
    Status status = components_->make_sinks();
    if (!status.ok()) return status;
    environment_.keeps_provenance = components_->sinks_want_provenance();
    status = components_->open_sources({}, earlier_inputs());
    if (status.ok()) status = components_->open_services();
    if (status.ok()) status = components_->open_operators();
    return status.ok() ? open_spills() : status;
  }

  // To look back at one record, all others are passed over.
  Resume resumed() const {
    Resume resume = state_->resume();
    if (!settings_.look_back) return resume;
    resume.rounds = settings_.look_back->rounds;
    for (const PlannedNode& node : plan_.nodes) {
      if (node.kind() != ComponentKind::source) continue;
      IntervalSet wanted;
      if (origin_place(plan_, node) == settings_.look_back->source) {
        wanted.add(settings_.look_back->ordinal);
      }
      resume.sources[node.name].finished = wanted.complement();
    }
    return resume;
  }

  EarlierInputs earlier_inputs() const {
    return settings_.look_back ? EarlierInputs{settings_.look_back->inputs} : EarlierInputs();
  }

  Status open_spills() {
    for (const PlannedNode& node : plan_.nodes) {
      if (!node.gathers()) continue;
      auto spill = GatherSpill::open(folder_.string() + "/gather/" + node.name + ".rows", {});
      if (!spill) return spill.status();
      spills_[node.index] = std::move(*spill);
    }
    return Status();
  }

  InputSample sample() {
    InputSample none;
    if (settings_.look_back) return none;
    if (components_->source_nodes().size() != 1) {
      none.reason_against = "it is made for pipelines with one source";
      return none;
    }
    if (!spills_.empty()) {
      none.reason_against = "what whole-set nodes do to few records says little of the whole";
      return none;
    }
    const PlannedNode& node = plan_.nodes[components_->source_nodes().front()];
    ComponentContext context(node.name, environment_);
    try {
      return sample_input(node, context, settings_.records);
    } catch (...) {
      none.reason_against = status_of_exception().message();
      return none;
    }
  }

  void stream() {
    Committer::Setup commit;
    commit.plan = &plan_;
    for (const std::uint32_t node : components_->sink_nodes()) {
      commit.targets.push_back({node, &no_sink_, nullptr});
    }
    Executor::Setup execute;
    for (const auto& [node, spill] : spills_) {
      commit.targets.push_back({node, nullptr, spill.get()});
      execute.spills[node] = spill.get();
    }
    commit.state = state_.get();
    commit.control = &control_;
    commit.usage = [this] { return components_->usage(); };
    committer_ = std::make_unique<Committer>(std::move(commit));

    execute.plan = &plan_;
    execute.components = components_.get();
    execute.control = &control_;
    execute.committer = committer_.get();
    execute.resume = &resume_;
    execute.ends_at_gathers = settings_.look_back.has_value();
    if (!settings_.look_back) execute.limit = settings_.records;
    execute.threads = settings_.threads;
    execute.observer = &recorder_;
    execute.waiting_folder = state_->folder();
    executor_ = std::make_unique<Executor>(std::move(execute));

    Watch::Setup watch;
    watch.plan = &plan_;
    watch.control = &control_;
    watch.grace_s = plan_.config.grace_s;
    watch.stop_asking = [this] { components_->stop_asking(); };
    watch.cut = [this] { components_->cancel_services(); };
    watch.give_up = [] {
      log_line(LogLevel::error, {}, "a node does not end although the preview was cut");
      _exit(kExitInterrupted);
    };
    const Watch watching(std::move(watch));
    const auto started = std::chrono::steady_clock::now();
    executor_->run();
    elapsed_s_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    committer_->close();
    left_behind_ = !executor_->settle(plan_.config.grace_s, RunSettings().hang_s);
  }

  void describe(Preview& preview) {
    preview.tally = committer_->tally();
    preview.elapsed_s = elapsed_s_;
    preview.steps = recorder_.take_steps();
    if (settings_.look_back) preview.replies = meter_.replies();
    RecordCosts costs = recorder_.costs(meter_.replies(), plan_.config.prices);
    costs.elapsed_s = elapsed_s_;
    preview.estimate = estimate_whole(input_, costs);
    const bool cut_short = control_.fault() || Watch::interrupted();
    if (cut_short) preview.estimate.reason_against = "the preview did not come to its end";
  }

  const Plan& plan_;
  const PreviewSettings settings_;
  // In the order in which they are needed, so that they end in reverse.
  const ScratchFolder folder_;
  RunControl control_;
  NoSink no_sink_;
  ModelMeter meter_;
  PreviewRecorder recorder_;
  std::unique_ptr<RunState> state_;
  std::unique_ptr<ReplyStores> replies_;
  Resume resume_;
  Environment environment_;
  std::unique_ptr<ResumeThreads> resume_threads_;  // services use it until their threads have ended
  std::unique_ptr<Components> components_;
  std::map<std::uint32_t, std::unique_ptr<GatherSpill>> spills_;  // by the plan's index
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<Executor> executor_;
  InputSample input_;
  double elapsed_s_ = 0;
  bool left_behind_ = false;
};

}  // namespace

Preview preview_pipeline(const Plan& plan, const PreviewSettings& settings) {
  try {
    auto run = std::make_unique<PreviewRun>(plan, settings);
    Preview preview = run->execute();
    if (preview.left_behind) static_cast<void>(run.release());
    return preview;
  } catch (const std::filesystem::filesystem_error& error) {
    Preview none;
    none.tally = Tally(plan.nodes.size());
    none.fault = error.what();
    none.exit_code = kExitTryAgain;
    return none;
  }
}

}  // namespace rare::engine
