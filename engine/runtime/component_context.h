// What components see of the engine: the Context of one node or service.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>

#include "engine/observe/log.h"
#include "engine/runtime/at_work.h"
#include "engine/runtime/model_meter.h"
#include "engine/runtime/record_coroutine.h"
#include "engine/runtime/reply_stores.h"
#include "engine/runtime/resume_threads.h"
#include "engine/runtime/run_control.h"
#include "engine/state/shard_presence.h"
#include "rare/context.h"
#include "rare/reply_store.h"

namespace rare::engine {

// What all contexts of a run share. Outlives every component.
struct Environment {
  std::uint64_t seed = 0;
  std::string run_folder;
  RunControl* control = nullptr;
  ResumeThreads* resumer = nullptr;
  ReplyStore* replies = nullptr;
  ReplyStores* reply_stores = nullptr;  // none where no record is sent
  std::string output_owner;             // whose outputs are kept (kept_output.h); empty: none are
  ModelMeter* meter = nullptr;          // stands before language models; may be null
  bool keeps_provenance = false;
  const ShardPresence* presence = nullptr;  // of a shard; null: no other process works at the run
};

// Where the temporary files of a run's components are, each in a folder of its own.
inline std::filesystem::path scratch_root(const std::string& run_folder) {
  return std::filesystem::path(run_folder) / "scratch";
}

class ComponentContext : public ServiceContext {
 public:
  using StreamFactory = std::function<Result<std::unique_ptr<RecordStream>>(const std::string&)>;

  ComponentContext(std::string name, const Environment& environment, StreamFactory records_of = {})
      : name_(std::move(name)), environment_(environment), records_of_(std::move(records_of)) {}
  ~ComponentContext() override {
    if (scratch_folder_.empty()) return;
    std::error_code ignored;
    std::filesystem::remove_all(scratch_folder_, ignored);
    std::filesystem::remove(scratch_root(environment_.run_folder), ignored);  // when it is empty
  }

  const std::string& name() const override { return name_; }
  void log(LogLevel level, std::string_view message) override {
    if (!is_logged(level, name_)) return;
    const RecordId* const record = record_of_thread;
    log_line(level, name_, message, record != nullptr ? record->to_string() : std::string());
  }
  std::uint64_t seed() const override { return environment_.seed; }
  std::stop_token stop_token() const override { return environment_.control->stop_token(); }
  // What is asked for while a record is worked on goes on as that record's.
  Resumer& resumer() override { return resumer_of_thread(*environment_.resumer); }
  ReplyStore& replies() override { return *environment_.replies; }
  Result<ReplyStore*> replies_in(const std::string& file) override {
    if (environment_.reply_stores == nullptr) return environment_.replies;
    return environment_.reply_stores->in(file);
  }
  std::string run_folder() const override { return environment_.run_folder; }
  std::string scratch_folder() override {
    const std::lock_guard lock(scratch_mutex_);
    if (scratch_folder_.empty()) {
      // A corpus pass opens nodes of the run a second time: a number keeps the two apart.
      static std::atomic<unsigned> number{0};
      const std::filesystem::path folder = scratch_root(environment_.run_folder) /
                                           (name_ + "-" + std::to_string(number.fetch_add(1)));
      std::filesystem::create_directories(folder);
      scratch_folder_ = folder.string();
    }
    return scratch_folder_;
  }
  bool keeps_provenance() const override { return environment_.keeps_provenance; }
  Result<std::unique_ptr<RecordStream>> records_of(const std::string& node) override {
    return records_of_(node);
  }
  int processes_at_work() const override {
    return environment_.presence == nullptr ? 1 : environment_.presence->count();
  }

 private:
  const std::string name_;
  const Environment& environment_;
  const StreamFactory records_of_;
  std::mutex scratch_mutex_;
  std::string scratch_folder_;
};

}  // namespace rare::engine
