// Observes the work of one start of a run for those who asked: a profile, and traces.
//
// Thread-safety: as WorkObserver; open() and close() from one thread.
#pragma once

#include <memory>
#include <string>

#include "engine/graph/plan.h"
#include "engine/observe/run_profile.h"
#include "engine/observe/trace_events.h"
#include "engine/observe/work_observer.h"
#include "engine/runtime/model_meter.h"

namespace rare::engine {

struct RunSettings;

class WorkAccount final : public WorkObserver {
 public:
  // Nothing where nobody asked.
  static std::unique_ptr<WorkAccount> open(const Plan& plan, const RunSettings& settings);

  void visited(const NodeVisit& visit) override;
  void ended(const RecordId& root, std::uint64_t dead, bool abandoned) override;
  // To stand before language models.
  ModelMeter& meter() { return meter_; }

  // Writes what it has into `folder` and says so. That it cannot be written is a warning.
  // REQUIRES: nothing is observed any more.
  void close(const std::string& folder, const std::string& run_id);

 private:
  explicit WorkAccount(const Plan& plan) : plan_(plan) {}
  void write_profile(const std::string& folder, const std::string& run_id);

  const Plan& plan_;
  const WorkClock::time_point started_ = WorkClock::now();
  ModelMeter meter_{ModelMeter::Keeps::nothing};
  std::unique_ptr<RunProfile> profile_;
  std::unique_ptr<TraceEvents> events_;
};

}  // namespace rare::engine
