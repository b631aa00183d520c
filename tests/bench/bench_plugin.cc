// Components for engine_bench, with next to nothing to do: what is measured is the engine.
//
// BENCH_PREFIX names the plugin and its components, so that one source gives several plugins.
#include <rare/sdk.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <queue>
#include <thread>
#include <utility>
#include <vector>

namespace rare::bench {
namespace {

using Clock = std::chrono::steady_clock;

std::string named(const char* component) { return std::string(BENCH_PREFIX ".") + component; }

std::int64_t epoch_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

class Count final : public Source {
 public:
  static Spec spec() {
    return Spec(named("count"))
        .summary("Records with a number, and the time of the first in the log.")
        .param(&Count::count_, "count", 1, "How many.")
        .writes("n");
  }
  Status open(Context& context, std::optional<Position> position) override {
    context_ = &context;
    next_ = position ? position->token.get<std::int64_t>() : 0;
    return Status();
  }
  Result<std::optional<Record>> next() override {
    if (next_ == 0) context_->log(LogLevel::info, "first record at " + std::to_string(epoch_ns()));
    if (next_ >= count_) return std::optional<Record>();
    return std::optional<Record>(Record(Json{{"n", next_++}}));
  }
  Position position() const override { return Position{Json(next_)}; }

 private:
  Context* context_ = nullptr;
  std::int64_t count_ = 1, next_ = 0;
};

class Pass final : public Operator {
 public:
  static Spec spec() { return Spec(named("pass")).summary("Passes on."); }
  Status process(Record record, Output& out) override { return out.emit(std::move(record)); }
};

class Burn final : public Operator {
 public:
  static Spec spec() {
    return Spec(named("burn"))
        .summary("Keeps a core busy.")
        .param(&Burn::ms_, "ms", 40, "For how long.")
        .unit("milliseconds");
  }
  Status process(Record record, Output& out) override {
    const auto until = Clock::now() + std::chrono::milliseconds(ms_);
    while (Clock::now() < until) {
    }
    return out.emit(std::move(record));
  }

 private:
  int ms_ = 40;
};

class Nowhere final : public Sink {
 public:
  static Spec spec() { return Spec(named("nowhere")).summary("Counts rows and keeps none."); }
  Status open(Context&, std::optional<Offset>) override { return Status(); }
  Status write(std::span<const Record> rows) override {
    rows_ += rows.size();
    return Status();
  }
  Result<Offset> sync() override { return Offset{Json(rows_)}; }
  Status finalise() override { return Status(); }
  std::string location() const override { return "nowhere"; }
  bool in_place() const override { return true; }

 private:
  std::size_t rows_ = 0;
};

class TimerModel {
 public:
  static constexpr std::string_view kInterface = BENCH_PREFIX ".Timer/1";
  virtual ~TimerModel() = default;
  virtual Awaitable<Result<bool>> wait() = 0;
};

// Answers each request after `ms`, at most `slots` at once. Counts how long slots were in use.
class Timer final : public Service, public TimerModel {
 public:
  static Spec spec() {
    return Spec(named("timer"))
        .summary("An endpoint that does nothing but take its time.")
        .param(&Timer::ms_, "ms", 200, "How long an answer takes.")
        .unit("milliseconds")
        .param(&Timer::slots_, "slots", 64, "How many requests it works on at once.")
        .param(&Timer::ready_after_s_, "ready_after_s", 0, "How long it is not ready at first.")
        .unit("seconds");
  }
  ~Timer() override {
    cancel();
    if (thread_.joinable()) thread_.join();
  }
  Status open(ServiceContext& context) override {
    context_ = &context;
    ready_at_ = Clock::now() + std::chrono::seconds(ready_after_s_);
    thread_ = std::thread([this] { loop(); });
    return Status();
  }
  void* connect(std::string_view interface, const ServiceClient&) override {
    return interface == kInterface ? static_cast<TimerModel*>(this) : nullptr;
  }
  int concurrency() const override { return slots_; }
  bool ready() const override { return Clock::now() >= ready_at_; }
  void cancel() override {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
  }
  Json usage() const override {
    const std::lock_guard lock(mutex_);
    const double busy_s = static_cast<double>(answered_) * ms_ / 1000;
    const double open_s = std::chrono::duration<double>(last_ - first_).count();
    return {{"requests", answered_},
            {"most_in_flight", most_},
            {"busy_share", open_s > 0 ? busy_s / (open_s * slots_) : 0.0}};
  }
  Awaitable<Result<bool>> wait() override {
    auto pair = context_->completion<Result<bool>>();
    bool wake = false;
    {
      const std::lock_guard lock(mutex_);
      const auto now = Clock::now();
      if (first_ == Clock::time_point()) first_ = now;
      if (in_use() < slots_) {
        wake = under_way_.empty();
        begin(now, std::move(pair.completion));
      } else {
        waiting_.push(std::move(pair.completion));
      }
    }
    if (wake) changed_.notify_one();
    return std::move(pair.awaitable);
  }

 private:
  using Answer = Completion<Result<bool>>;
  struct Request {
    Clock::time_point due;
    Answer answer;
  };

  int in_use() const { return static_cast<int>(under_way_.size()); }
  // All requests take equally long: who begins first is due first.
  void begin(Clock::time_point now, Answer answer) {
    under_way_.push({std::max(now, ready_at_) + std::chrono::milliseconds(ms_), std::move(answer)});
    most_ = std::max(most_, in_use());
  }

  void loop() {
    std::unique_lock lock(mutex_);
    std::vector<Answer> due;
    while (!ended_) {
      if (under_way_.empty()) {
        changed_.wait(lock);
        continue;
      }
      const auto next = under_way_.front().due;
      if (Clock::now() < next) {
        changed_.wait_until(lock, next);
        continue;
      }
      const auto now = Clock::now();
      while (!under_way_.empty() && under_way_.front().due <= now) {
        due.push_back(std::move(under_way_.front().answer));
        under_way_.pop();
        ++answered_;
        last_ = now;
      }
      while (in_use() < slots_ && !waiting_.empty()) {
        begin(now, std::move(waiting_.front()));
        waiting_.pop();
      }
      lock.unlock();
      for (Answer& answer : due) answer.set(true);
      due.clear();
      lock.lock();
    }
    while (!under_way_.empty()) {
      due.push_back(std::move(under_way_.front().answer));
      under_way_.pop();
    }
    for (; !waiting_.empty(); waiting_.pop()) due.push_back(std::move(waiting_.front()));
    lock.unlock();
    for (Answer& answer : due) answer.set(Status::cancelled());
  }

  int ms_ = 200, slots_ = 64, ready_after_s_ = 0;
  Clock::time_point ready_at_{};
  ServiceContext* context_ = nullptr;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::queue<Request> under_way_;
  std::queue<Answer> waiting_;
  bool ended_ = false;
  std::int64_t answered_ = 0;
  int most_ = 0;
  Clock::time_point first_{}, last_{};
  std::thread thread_;
};

class Wait final : public AsyncOperator {
 public:
  static Spec spec() {
    return Spec(named("wait"))
        .summary("Waits for a timer.")
        .service(&Wait::timer_, "timer", "Which one.");
  }
  Task<Status> process(Record record, Output& out) override {
    auto answer = co_await timer_->wait();
    if (!answer) co_return answer.status();
    co_return out.emit(std::move(record));
  }

 private:
  TimerModel* timer_ = nullptr;
};

}  // namespace
}  // namespace rare::bench

RARE_PLUGIN(BENCH_PREFIX, "1.0.0") {
  registrar.add<rare::bench::Count>();
  registrar.add<rare::bench::Pass>();
  registrar.add<rare::bench::Burn>();
  registrar.add<rare::bench::Nowhere>();
  registrar.add<rare::bench::Timer>();
  registrar.add<rare::bench::Wait>();
}
