#include "delay.h"

#include <chrono>
#include <utility>

namespace rare::basic {

Spec Delay::spec() {
  return Spec("basic.delay")
      .summary("Lets each record wait a while, as a slow service would; for demonstrations.")
      .description(
          "No thread waits: `parallelism` is how many records wait at the same time. When the run "
          "is "
          "cut short, the waits end at once.")
      .required_param(&Delay::ms_, "ms", "How long each record waits.")
      .range(0, 86400000)
      .unit("ms")
      .no_effect_on_result();
}

Status Delay::open(Context& context) {
  timer_ = std::make_unique<Timer>(context);
  return Status();
}

Task<Status> Delay::process(Record record, Output& out) {
  const auto duration = std::chrono::duration_cast<Timer::Clock::duration>(
      std::chrono::duration<double, std::milli>(ms_));
  Awaitable<Status> waiting = timer_->wait(duration);
  const Status waited = co_await waiting;
  if (!waited.ok()) co_return waited;
  co_return out.emit(std::move(record));
}

}  // namespace rare::basic
