#include "engine/runtime/work_account.h"

#include <array>
#include <cstdio>
#include <random>
#include <utility>
#include <vector>

#include "engine/observe/log.h"
#include "engine/runtime/run.h"
#include "engine/state/folder.h"

namespace rare::engine {

std::unique_ptr<WorkAccount> WorkAccount::open(const Plan& plan, const RunSettings& settings,
                                               const std::string& run_id) {
  const bool traces = settings.traces && settings.traces->share > 0;
  if (!settings.profile && !traces) return nullptr;
  std::unique_ptr<WorkAccount> account(new WorkAccount(plan, run_id));
  if (settings.profile) account->begin_profile();
  if (traces) account->begin_traces(*settings.traces);
  return account;
}

void WorkAccount::begin_profile() {
  std::vector<std::string> names;
  std::vector<TraceEvents::Node> nodes;
  for (const PlannedNode& node : plan_.nodes) {
    names.push_back(node.name);
    nodes.push_back({node.name, node.kind() == ComponentKind::async_operator});
  }
  profile_ = std::make_unique<RunProfile>(std::move(names));
  events_ = std::make_unique<TraceEvents>(std::move(nodes));
}

void WorkAccount::begin_traces(TraceTarget target) {
  RecordTraces::Setup traces;
  for (const PlannedNode& node : plan_.nodes) {
    const bool is_source = node.kind() == ComponentKind::source;
    traces.nodes.push_back(node.name);
    traces.is_source.push_back(is_source);
    traces.sources += is_source ? 1 : 0;
  }
  traces.share = target.share;
  std::random_device entropy;
  traces.nonce = (std::uint64_t{entropy()} << 32) | entropy();
  traces.take = [this](std::vector<Span> spans) { sender_->add(std::move(spans)); };
  std::array<char, 32> share{};
  std::snprintf(share.data(), share.size(), "%g%%", target.share * 100);
  log_line(LogLevel::info, {},
           "traces of " + std::string(share.data()) + " of the source records go to " +
               shown_address(target.url));
  target.resource.emplace_back("service.version", RARE_ENGINE_VERSION);
  target.resource.emplace_back("rare.pipeline", plan_.config.name);
  target.resource.emplace_back("rare.run", run_id_);
  sender_ = std::make_unique<SpanSender>(std::move(target), RARE_ENGINE_VERSION);
  traces_ = std::make_unique<RecordTraces>(std::move(traces));
}

void WorkAccount::visited(const NodeVisit& visit) {
  if (profile_) profile_->visited(visit);
  if (events_) events_->visited(visit);
  if (traces_) traces_->visited(visit);
}

void WorkAccount::ended(const RecordId& root, std::uint64_t dead, bool abandoned) {
  if (traces_) traces_->ended(root, dead, abandoned);
}

void WorkAccount::close(const std::string& folder) {
  if (profile_ && !folder.empty()) write_profile(folder);
  if (sender_) end_traces();
}

void WorkAccount::end_traces() {
  const SpanSender::Account account = sender_->close();
  const std::uint64_t lost = account.no_room + account.not_taken;
  if (lost == 0) return;
  std::string line = "traces: " + std::to_string(lost) + " of " +
                     std::to_string(account.sent + lost) + " spans are lost";
  if (account.no_room > 0) {
    line += "; " + std::to_string(account.no_room) +
            " came faster than they could be sent: OTEL_TRACES_SAMPLER_ARG=0.01 traces a hundredth "
            "of the source records";
  }
  if (account.not_taken > 0) {
    line += "; " + std::to_string(account.not_taken) +
            " the collector did not take: " + account.problem;
  }
  log_line(LogLevel::warning, {}, line);
}

void WorkAccount::write_profile(const std::string& folder) {
  const double elapsed_s = std::chrono::duration<double>(WorkClock::now() - started_).count();
  const std::string text = profile_->text(elapsed_s);
  const std::string text_file = folder + "/profile.txt", trace_file = folder + "/trace.json";
  Status status = write_whole(text_file, text);
  if (status.ok()) {
    status = write_whole(trace_file, events_->json(plan_.config.name, run_id_));
  }
  if (log_format() == LogFormat::text) std::fputs(text.c_str(), stderr);
  if (!status.ok()) {
    log_line(LogLevel::warning, {}, "the profile is not kept: " + status.message());
    return;
  }
  std::string line = "profile: " + text_file + "; trace for ui.perfetto.dev: " + trace_file;
  if (events_->stride() > 1) {
    line += " (with 1 of " + std::to_string(events_->stride()) + " source records)";
  }
  if (events_->left_out() > 0) {
    line += " (without " + std::to_string(events_->left_out()) + " visits that found no room)";
  }
  log_line(LogLevel::info, {}, line);
}

}  // namespace rare::engine
