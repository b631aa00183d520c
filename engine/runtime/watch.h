// The watch: a thread beside a run that looks after what no record does: signals, the grace period,
// who blocks a thread, cutting services when the run is aborted, progress lines, and an end that a
// hanging node cannot prevent.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "engine/observe/progress.h"
#include "engine/runtime/long_work.h"
#include "engine/runtime/run_control.h"
#include "rare/status.h"

namespace rare::engine {

class Watch {
 public:
  struct Setup {
    const Plan* plan = nullptr;  // never null
    RunControl* control = nullptr;
    LongWork::Limits long_work{};  // past which a warning is logged
    double grace_s = 30;
    // After a cut that nodes do not follow for this long, `give_up` is called.
    double hang_s = 20;
    ProgressStyle progress = ProgressStyle::none;
    std::function<ProgressSnapshot()> snapshot;          // not set: no progress is told
    std::function<void(const ProgressSnapshot&)> seen;   // each that was taken; may be empty
    std::function<std::optional<Status>()> over_budget;  // why the run is to end; may be empty
    std::function<void()> stop_asking;  // services ask nothing more, and wait for what is paid for
    std::function<void()> cut;          // services drop what is under way
    std::function<void()> give_up;      // saves what can be saved and leaves the process
  };
  explicit Watch(Setup setup);
  ~Watch();  // ends the thread; signals have their old meaning again
  // Whether the user asked for the end.
  static bool interrupted();

 private:
  void loop();
  void step(std::chrono::steady_clock::time_point now);
  void look_at_signals(std::chrono::steady_clock::time_point now);
  bool may_wait(std::chrono::steady_clock::time_point now);

  const Setup setup_;
  ProgressPrinter printer_;
  LongWork long_work_;
  std::mutex mutex_;
  std::condition_variable ended_changed_;
  bool ended_ = false;
  int seen_signals_ = 0;
  bool forced_ = false;  // the user, or the grace period, ends what is in flight
  bool interrupted_ = false, said_waiting_ = false;
  std::chrono::steady_clock::time_point drain_since_{}, abort_since_{}, cut_since_{};
  std::thread thread_;
};

}  // namespace rare::engine
