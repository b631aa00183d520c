// What components see of the engine: the Context of one node or service.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "engine/observe/log.h"
#include "engine/runtime/model_meter.h"
#include "engine/runtime/run_control.h"
#include "rare/context.h"
#include "rare/reply_store.h"

namespace rare::engine {

// What all contexts of a run share. Outlives every component.
struct Environment {
  std::uint64_t seed = 0;
  std::string run_folder;
  RunControl* control = nullptr;
  Resumer* resumer = nullptr;
  ReplyStore* replies = nullptr;
  ModelMeter* meter = nullptr;  // previews only
};

class ComponentContext : public ServiceContext {
 public:
  using StreamFactory = std::function<Result<std::unique_ptr<RecordStream>>(const std::string&)>;

  ComponentContext(std::string name, const Environment& environment, StreamFactory records_of = {})
      : name_(std::move(name)), environment_(environment), records_of_(std::move(records_of)) {}

  const std::string& name() const override { return name_; }
  void log(LogLevel level, std::string_view message) override { log_line(level, name_, message); }
  std::uint64_t seed() const override { return environment_.seed; }
  std::stop_token stop_token() const override { return environment_.control->stop_token(); }
  Resumer& resumer() override { return *environment_.resumer; }
  ReplyStore& replies() override { return *environment_.replies; }
  std::string run_folder() const override { return environment_.run_folder; }
  Result<std::unique_ptr<RecordStream>> records_of(const std::string& node) override {
    return records_of_(node);
  }

 private:
  const std::string name_;
  const Environment& environment_;
  const StreamFactory records_of_;
};

}  // namespace rare::engine
