// Keeps what a preview shows: the steps of all records, and what each of them took.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "engine/config/pipeline.h"
#include "engine/runtime/flow_observer.h"
#include "engine/runtime/model_meter.h"
#include "engine/runtime/preview.h"

namespace rare::engine {

class PreviewRecorder final : public FlowObserver {
 public:
  void released(const PlannedNode& node, const Record& came, const BufferedOutput& output) override;
  void gathered(const PlannedNode& node, const Record& came) override;
  void failed(const PlannedNode& node, const Record& came, const Status& status) override;
  void written(const PlannedNode& sink, const Record& came) override;

  // REQUIRES for the rest: nothing is observed any more.
  std::vector<PreviewStep> take_steps();
  RecordCosts costs(const std::vector<ModelMeter::Reply>& replies,
                    const std::map<std::string, Price>& prices) const;

 private:
  using Clock = std::chrono::steady_clock;
  using FamilyKey = std::pair<std::uint32_t, std::uint64_t>;  // source, ordinal
  struct FamilyAccount {
    Clock::time_point began, ended;
    double output_bytes = 0;
  };
  Json fields_before(const PlannedNode& node, const Record& came);
  void keep(PreviewStep step, double output_bytes);

  std::mutex mutex_;
  std::vector<PreviewStep> steps_;
  std::map<FamilyKey, FamilyAccount> families_;
  // What whole-set nodes took in: by node and record.
  std::map<std::pair<std::uint32_t, std::string>, Json> gathered_;
};

}  // namespace rare::engine
