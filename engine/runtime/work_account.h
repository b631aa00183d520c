// Observes the work of one start of a run for those who asked: a profile, and traces.
//
// Thread-safety: as WorkObserver; open() and close() from one thread.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "engine/graph/plan.h"
#include "engine/observe/record_traces.h"
#include "engine/observe/run_profile.h"
#include "engine/observe/span_sender.h"
#include "engine/observe/trace_events.h"
#include "engine/observe/work_observer.h"
#include "engine/runtime/model_meter.h"

namespace rare::engine {

struct RunSettings;

class WorkAccount final : public WorkObserver {
 public:
  // Nothing where nobody asked.
  static std::unique_ptr<WorkAccount> open(const Plan& plan, const RunSettings& settings,
                                           const std::string& run_id);

  void visited(const NodeVisit& visit) override;
  void ended(const RecordId& root, std::uint64_t dead, bool abandoned) override;
  // To stand before language models.
  ModelMeter& meter() { return meter_; }

  // Writes the profile into `folder` and says so, and sends what traces are left. What of that
  // cannot be done is a warning. REQUIRES: nothing is observed any more, or `folder` is empty: then
  // no profile is written.
  void close(const std::string& folder);

 private:
  WorkAccount(const Plan& plan, std::string run_id) : plan_(plan), run_id_(std::move(run_id)) {}
  void begin_profile();
  void begin_traces(TraceTarget target);
  void write_profile(const std::string& folder);
  void end_traces();

  const Plan& plan_;
  const std::string run_id_;
  const WorkClock::time_point started_ = WorkClock::now();
  ModelMeter meter_{ModelMeter::Keeps::nothing};
  std::unique_ptr<RunProfile> profile_;
  std::unique_ptr<TraceEvents> events_;
  std::unique_ptr<SpanSender> sender_;
  std::unique_ptr<RecordTraces> traces_;
};

}  // namespace rare::engine
