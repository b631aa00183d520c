#include "engine/runtime/gather_pass.h"

#include <algorithm>
#include <utility>

#include "engine/runtime/boundary.h"
#include "engine/runtime/buffered_output.h"

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
    BufferedOutput checked(pass_.ports_);
    Status status = checked.emit(port, std::move(record));
    if (!status.ok()) return status;
    return give(checked.emissions.front().port, std::move(checked.emissions.front().record));
  }
  Status filter(std::string_view reason) override {
    pass_.count_filtered(reason);
    return Status();
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

GatherPass::GatherPass(Operator& instance, std::vector<std::string> ports,
                       std::unique_ptr<SpilledRows> rows)
    : instance_(instance),
      ports_(std::move(ports)),
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
  given.before = std::exchange(filtered_, NodeTally());
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
  ++filtered_.filtered;
  ++filtered_.filter_reasons[std::string(reason)];
}

Status GatherPass::take_in(SpilledRow row) {
  BufferedOutput output(ports_);
  const Status status = at_boundary([&] { return instance_.process(row.record.share(), output); });
  if (status.fault() == Fault::run && !status.ok()) return status;
  if (!status.ok()) {
    Given failed;
    failed.record = std::move(row.record);
    failed.error = status;
    return put(std::move(failed)) ? Status() : Status::cancelled();
  }
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
  Status fault;
  for (;;) {
    Result<std::optional<SpilledRow>> row = rows_->next();
    fault = row.status();
    if (!row.ok() || !row->has_value()) break;
    if (stopped()) fault = Status::cancelled();
    if (fault.ok()) fault = take_in(std::move(**row));
    if (!fault.ok()) break;
  }
  if (fault.ok()) {
    Gradual output(*this);
    fault = at_boundary([&] { return instance_.finish(output); });
  }
  if (fault.ok()) put(Given());  // what was filtered after the last record
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    fault_ = fault;
  }
  changed_.notify_all();
}

}  // namespace rare::engine
