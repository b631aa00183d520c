#include "engine/runtime/watch.h"

#include <atomic>
#include <utility>

#include "engine/observe/log.h"
#include "engine/runtime/crash_report.h"
#include "engine/runtime/end_signals.h"

namespace rare::engine {
namespace {

std::atomic<int> signals_received{0};
static_assert(std::atomic<int>::is_always_lock_free, "used in a signal handler");

extern "C" void count_signal(int) { signals_received.fetch_add(1); }

constexpr auto kStep = std::chrono::milliseconds(50);
constexpr double kBeforeSayingSo_s = 0.5;

}  // namespace

Watch::Watch(Setup setup)
    : setup_(std::move(setup)),
      printer_(setup_.progress),
      long_work_(*setup_.plan, setup_.long_work) {
  signals_received.store(0);
  handle_end_signals(count_signal);
  thread_ = std::thread([this] { loop(); });
}

Watch::~Watch() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  ended_changed_.notify_all();
  thread_.join();
  printer_.finish();
  handle_end_signals(SIG_DFL);
}

bool Watch::interrupted() { return signals_received.load() > 0; }

void Watch::loop() {
  begin_engine_thread("watch");
  std::unique_lock lock(mutex_);
  while (!ended_changed_.wait_for(lock, kStep, [this] { return ended_; })) {
    lock.unlock();
    step(std::chrono::steady_clock::now());
    lock.lock();
  }
}

void Watch::look_at_signals(std::chrono::steady_clock::time_point now) {
  RunControl& control = *setup_.control;
  const int signals = signals_received.load();
  if (signals == seen_signals_) return;
  if (seen_signals_ == 0 && signals == 1 && !control.aborting()) {
    log_line(LogLevel::info, {},
             "stopping: records in flight have " +
                 std::to_string(static_cast<int>(setup_.grace_s)) +
                 " s to finish; press Ctrl-C again to cut them (nothing paid is lost)");
    control.drain();
    drain_since_ = now;
  } else {
    forced_ = true;
    control.abort();
  }
  seen_signals_ = signals;
}

// After a fault, calls that are on their way are waited for: they are paid for, and a later start
// finds their replies in the store.
bool Watch::may_wait(std::chrono::steady_clock::time_point now) {
  if (forced_ || !setup_.control->fault()) return false;
  const double waited_s = std::chrono::duration<double>(now - abort_since_).count();
  if (waited_s > kBeforeSayingSo_s && !std::exchange(said_waiting_, true)) {
    log_line(LogLevel::error, {},
             "a fault ends the run; calls in flight have " +
                 std::to_string(static_cast<int>(setup_.grace_s)) +
                 " s to bring their replies into the store (Ctrl-C cuts them)");
  }
  return waited_s <= setup_.grace_s;
}

void Watch::step(std::chrono::steady_clock::time_point now) {
  RunControl& control = *setup_.control;
  const auto seconds_since = [now](std::chrono::steady_clock::time_point then) {
    return std::chrono::duration<double>(now - then).count();
  };
  look_at_signals(now);
  long_work_.look(now);
  if (seen_signals_ > 0 && !control.aborting() && seconds_since(drain_since_) > setup_.grace_s) {
    log_line(LogLevel::info, {}, "the grace period is over: cutting what is still in flight");
    forced_ = true;
    control.abort();
  }
  if (setup_.over_budget && !control.aborting()) {
    if (std::optional<Status> reached = setup_.over_budget()) control.fail(std::move(*reached));
  }
  if (control.aborting() && !interrupted_) {
    interrupted_ = true;
    abort_since_ = now;
    control.interrupt();
    setup_.stop_asking();
  }
  if (interrupted_ && !control.cutting() && !may_wait(now)) {
    cut_since_ = now;
    control.cut();
    setup_.cut();
  }
  if (control.cutting() && seconds_since(cut_since_) > setup_.hang_s) setup_.give_up();
  if (!setup_.snapshot || !printer_.due(now)) return;
  const ProgressSnapshot snapshot = setup_.snapshot();
  printer_.look(snapshot, now);
  if (setup_.seen) setup_.seen(snapshot);
}

}  // namespace rare::engine
