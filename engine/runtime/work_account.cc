#include "engine/runtime/work_account.h"

#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/observe/log.h"
#include "engine/runtime/run.h"
#include "engine/state/folder.h"

namespace rare::engine {
namespace {

Status write_whole(const std::string& file, std::string_view text) {
  WholeFile whole(file);
  Status status = whole.open();
  if (status.ok()) status = whole.write(text);
  return status.ok() ? whole.finish() : status;
}

}  // namespace

std::unique_ptr<WorkAccount> WorkAccount::open(const Plan& plan, const RunSettings& settings) {
  if (!settings.profile) return nullptr;
  std::unique_ptr<WorkAccount> account(new WorkAccount(plan));
  std::vector<std::string> names;
  std::vector<TraceEvents::Node> nodes;
  for (const PlannedNode& node : plan.nodes) {
    names.push_back(node.name);
    nodes.push_back({node.name, node.kind() == ComponentKind::async_operator});
  }
  account->profile_ = std::make_unique<RunProfile>(std::move(names));
  account->events_ = std::make_unique<TraceEvents>(std::move(nodes));
  return account;
}

void WorkAccount::visited(const NodeVisit& visit) {
  if (profile_) profile_->visited(visit);
  if (events_) events_->visited(visit);
}

void WorkAccount::ended(const RecordId&, std::uint64_t, bool) {}

void WorkAccount::close(const std::string& folder, const std::string& run_id) {
  if (profile_) write_profile(folder, run_id);
}

void WorkAccount::write_profile(const std::string& folder, const std::string& run_id) {
  const double elapsed_s = std::chrono::duration<double>(WorkClock::now() - started_).count();
  const std::string text = profile_->text(elapsed_s);
  const std::string text_file = folder + "/profile.txt", trace_file = folder + "/trace.json";
  Status status = write_whole(text_file, text);
  if (status.ok()) {
    status = write_whole(trace_file, events_->json(plan_.config.name, run_id));
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
