#include "engine/runtime/gather_pass.h"

#include <algorithm>
#include <utility>

#include "engine/runtime/at_work.h"
#include "engine/runtime/boundary.h"
#include "engine/runtime/crash_report.h"
#include "engine/runtime/operator_call.h"

namespace rare::engine {
namespace {

constexpr std::size_t kQueued = 256;

}  // namespace

// Hands on what finish() gives out as it comes.
class GatherPass::Gradual final : public Output {
 public:
  explicit Gradual(GatherPass& pass) : pass_(pass) {}
  Status emit(Record record) override { return give(0, std::move(record)); }
  Status emit(std::string_view port, Record record) override {
    BufferedOutput checked(pass_.names_);
    Status status = checked.emit(port, std::move(record));
    if (!status.ok()) return status;
    return give(checked.emissions.front().port, std::move(checked.emissions.front().record));
  }
  Status filter(std::string_view reason) override {
    pass_.count_filtered(reason);
    return Status();
  }
  Status count(std::string_view counter, std::uint64_t more) override {
    BufferedOutput checked(pass_.names_);
    Status status = checked.count(counter, more);
    pass_.count(checked);
    return status;
  }

 private:
  Status give(std::uint32_t port, Record record) {
    Given given;
    given.record = std::move(record);
    given.port = port;
    return pass_.put(std::move(given)) ? Status() : Status::cancelled();
  }
  GatherPass& pass_;
};

GatherPass::GatherPass(const PlannedNode& node, Operator& instance,
                       std::unique_ptr<SpilledRows> rows, WorkObserver* observer)
    : node_(node),
      observer_(observer),
      instance_(instance),
      names_(node),
      rows_(std::move(rows)),
      thread_([this] { work(); }) {}

GatherPass::~GatherPass() { end(); }

void GatherPass::end() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

GatherPass::Wait GatherPass::next(Given& given, Status& fault, std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [this] { return !queue_.empty() || ended_; });
  if (!queue_.empty()) {
    given = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    changed_.notify_all();
    return Wait::ready;
  }
  fault = fault_;
  return ended_ ? Wait::ended : Wait::not_yet;
}

bool GatherPass::put(Given given) {
  given.before = std::exchange(before_, NodeTally());
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return queue_.size() < kQueued || stopped_; });
  if (stopped_) return false;
  queue_.push_back(std::move(given));
  lock.unlock();
  changed_.notify_all();
  return true;
}

bool GatherPass::stopped() {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

void GatherPass::count_filtered(std::string_view reason) {
  ++before_.filtered;
  ++before_.filter_reasons[std::string(reason)];
}

void GatherPass::count(const BufferedOutput& output) {
  for (const auto& [counter, more] : output.counts) before_.counters[counter] += more;
}

Status GatherPass::take_in(SpilledRow row, ObservedBody& observed) {
  const AtWork at_work(node_);
  BufferedOutput output(names_);
  observed.begin();
  const Status status = call_for_record(ThreadWork::here(), node_, row.record.id(), [&] {
    return instance_.process(row.record.share(), output);
  });
  observed.end(&row.record.id(), status, output.filtered);
  if (status.fault() == Fault::run && !status.ok()) return status;
  if (!status.ok()) {
    Given failed;
    failed.record = std::move(row.record);
    failed.error = status;
    return put(std::move(failed)) ? Status() : Status::cancelled();
  }
  count(output);
  if (output.filtered) count_filtered(output.filter_reason);
  for (auto& emission : output.emissions) {
    Given given;
    given.record = std::move(emission.record);
    given.port = emission.port;
    if (!put(std::move(given))) return Status::cancelled();
  }
  return Status();
}

void GatherPass::work() {
  begin_engine_thread("whole set");
  Status fault;
  ObservedBody observed(observer_, node_);
  for (;;) {
    Result<std::optional<SpilledRow>> row = rows_->next();
    fault = row.status();
    if (!row.ok() || !row->has_value()) break;
    if (stopped()) fault = Status::cancelled();
    if (fault.ok()) fault = take_in(std::move(**row), observed);
    if (!fault.ok()) break;
  }
  if (fault.ok()) {
    const AtWork at_work(node_);
    Gradual output(*this);
    observed.begin();
    fault = at_boundary([&] { return instance_.finish(output); });
    observed.end(nullptr, fault);
  }
  if (fault.ok()) put(Given());  // what was counted after the last record
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    fault_ = fault;
  }
  changed_.notify_all();
}

}  // namespace rare::engine
