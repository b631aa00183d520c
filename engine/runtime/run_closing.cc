#include "engine/runtime/run_closing.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "engine/observe/log.h"
#include "engine/observe/standard_output.h"
#include "engine/runtime/run.h"
#include "engine/runtime/run_session.h"

namespace rare::engine {

bool has_gather(const Plan& plan) {
  return std::any_of(plan.nodes.begin(), plan.nodes.end(),
                     [](const PlannedNode& node) { return node.gathers(); });
}

int report_fault(const Status& fault) {
  log_end_of_run(LogLevel::error, fault.message());
  return exit_code_of(fault);
}

std::string result_line(const Components& components, const Ledger& ledger) {
  std::string line = "complete, " + std::to_string(ledger.written) + " records at ";
  bool first = true;
  for (const std::uint32_t node : components.sink_nodes()) {
    if (!std::exchange(first, false)) line += ", ";
    line += components.sink(node).location();
  }
  return line;
}

Status finalise_output(RunState& state, Components& components,
                       const std::function<Status()>& write_reports) {
  Status status = state.set_phase(Phase::finalising);
  for (const std::uint32_t node : components.sink_nodes()) {
    if (status.ok()) status = components.sink(node).finalise();
  }
  if (status.ok()) status = write_reports();
  if (status.ok()) status = state.set_phase(Phase::done);
  std::error_code not_needed;  // what whole-set nodes took in: a left-over costs only space
  if (status.ok()) std::filesystem::remove_all(spill_folder(state), not_needed);
  return status;
}

Status write_reports(RunState& state, const Plan& plan, const RunAccount& account,
                     const NodeCounters& counters) {
  const Status written = state.write_dead_letters();
  return written.ok() ? state.write_manifest(manifest_json(plan, nullptr, account, counters))
                      : written;
}

void print_closing(const Plan& plan, const RunAccount& account, const Components& components) {
  std::string text = closing_text(plan, account);
  for (const std::string& notice : components.notices()) text += notice + "\n";
  write_result(text);
}

}  // namespace rare::engine
