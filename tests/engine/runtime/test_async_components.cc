// The components of the runtime's tests that wait, and the service that they wait for.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "rare/sdk.h"
#include "test_components.h"

namespace rare::engine::test {
namespace {

// Answers from two threads; each takes the newest and the oldest request in turn, so that answers
// come out of order.
class Echo final : public Service, public EchoModel {
 public:
  static Spec spec() {
    return Spec("test.echo")
        .summary("Answers.")
        .param(&Echo::concurrency_, "concurrency", 4, "What it says of itself.")
        .param(&Echo::drop_by_, "drop_by", 0, "Forgets n % drop_by == 1.")
        .param(&Echo::hold_, "hold", 0, "Answers nothing until so many wait.");
  }
  ~Echo() override {
    cancel();
    for (std::thread& thread : threads_) thread.join();
  }
  Status open(ServiceContext& context) override {
    context_ = &context;
    for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { loop(); });
    return Status();
  }
  void* connect(std::string_view interface, const ServiceClient&) override {
    return interface == kInterface ? static_cast<EchoModel*>(this) : nullptr;
  }
  int concurrency() const override { return concurrency_; }
  Json usage() const override { return {{"calls", calls_.load()}}; }
  void cancel() override {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
  }
  Awaitable<Result<std::int64_t>> ask(std::int64_t n) override {
    auto pair = context_->completion<Result<std::int64_t>>();
    raise_to(observed_now().most_waiting, ++observed_now().waiting);
    ++observed_now().asked;
    ++calls_;
    bool late = false;  // its threads may have ended already
    {
      const std::lock_guard lock(mutex_);
      late = ended_;
      if (!late) requests_.push_back({n, std::move(pair.completion)});
    }
    if (late) {
      --observed_now().waiting;
      pair.completion.set(Status::cancelled());
    }
    changed_.notify_one();
    return std::move(pair.awaitable);
  }

 private:
  struct Request {
    std::int64_t n;
    Completion<Result<std::int64_t>> completion;
  };
  bool may_answer() {
    if (static_cast<std::int64_t>(requests_.size()) >= hold_) hold_ = 0;
    return !requests_.empty() && hold_ == 0;
  }
  void loop() {
    std::unique_lock lock(mutex_);
    for (bool newest = false;; newest = !newest) {
      changed_.wait(lock, [this] { return ended_ || may_answer(); });
      if (requests_.empty() && ended_) return;
      Request request = newest ? std::move(requests_.back()) : std::move(requests_.front());
      newest ? requests_.pop_back() : requests_.pop_front();
      const bool ended = ended_;
      lock.unlock();
      --observed_now().waiting;
      if (ended) {
        request.completion.set(Status::cancelled());
      } else if (drop_by_ == 0 || request.n % drop_by_ != 1 % drop_by_) {
        request.completion.set(request.n);
      }
      {
        const Request gone = std::move(request);  // a forgotten request is dropped unlocked
      }
      lock.lock();
    }
  }

  int concurrency_ = 4;
  std::int64_t drop_by_ = 0, hold_ = 0;
  ServiceContext* context_ = nullptr;
  std::atomic<std::int64_t> calls_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Request> requests_;
  bool ended_ = false;
  std::vector<std::thread> threads_;
};

// Answers every `slow_by`-th request after `after_ms`, the others at once. With `ready_late` it
// says of the slow ones that nobody works on them until then.
class Slowly final : public Service, public EchoModel {
 public:
  static Spec spec() {
    return Spec("test.slowly")
        .summary("Answers some requests late.")
        .param(&Slowly::slow_by_, "slow_by", 1, "Which: n % slow_by == 0.")
        .param(&Slowly::after_ms_, "after_ms", 100, "How late.")
        .param(&Slowly::ready_late_, "ready_late", false, "They wait until it is ready.");
  }
  ~Slowly() override {
    cancel();
    if (thread_.joinable()) thread_.join();
  }
  Status open(ServiceContext& context) override {
    context_ = &context;
    thread_ = std::thread([this] { loop(); });
    return Status();
  }
  void* connect(std::string_view interface, const ServiceClient&) override {
    return interface == kInterface ? static_cast<EchoModel*>(this) : nullptr;
  }
  void cancel() override {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
  }
  Awaitable<Result<std::int64_t>> ask(std::int64_t n) override {
    auto pair = context_->completion<Result<std::int64_t>>();
    if (n % slow_by_ != 0) {
      pair.completion.set(n);
      return std::move(pair.awaitable);
    }
    if (ready_late_) pair.completion.pause_time_limit();
    bool late = false;
    {
      const std::lock_guard lock(mutex_);
      late = ended_;
      const auto due = std::chrono::steady_clock::now() + std::chrono::milliseconds(after_ms_);
      if (!late) requests_.push_back({due, n, pair.completion});
    }
    if (late) pair.completion.set(Status::cancelled());
    changed_.notify_all();
    return std::move(pair.awaitable);
  }

 private:
  struct Request {
    std::chrono::steady_clock::time_point due;
    std::int64_t n;
    Completion<Result<std::int64_t>> completion;
  };
  void loop() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return ended_ || !requests_.empty(); });
      if (requests_.empty()) return;
      const auto due = requests_.front().due;
      if (!ended_ && std::chrono::steady_clock::now() < due) {
        changed_.wait_until(lock, due);
        continue;
      }
      const Request request = std::move(requests_.front());
      requests_.pop_front();
      const bool ended = ended_;
      lock.unlock();
      if (ready_late_) request.completion.resume_time_limit();
      request.completion.set(ended ? Result<std::int64_t>(Status::cancelled())
                                   : Result<std::int64_t>(request.n));
      lock.lock();
    }
  }

  std::int64_t slow_by_ = 1, after_ms_ = 100;
  bool ready_late_ = false;
  ServiceContext* context_ = nullptr;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Request> requests_;
  bool ended_ = false;
  std::thread thread_;
};

// Not ready until sources have given out `at` records. `closes_at`: not ready again for a moment,
// from so many answers on.
class OpensLate final : public Service, public EchoModel {
 public:
  static Spec spec() {
    return Spec("test.opens_late")
        .summary("Answers when enough was read.")
        .param(&OpensLate::at_, "at", 0, "So many records.")
        .param(&OpensLate::closes_at_, "closes_at", -1, "Not ready again after so many answers.");
  }
  ~OpensLate() override {
    cancel();
    if (thread_.joinable()) thread_.join();
  }
  Status open(ServiceContext& context) override {
    context_ = &context;
    thread_ = std::thread([this] { loop(); });
    return Status();
  }
  void* connect(std::string_view interface, const ServiceClient&) override {
    return interface == kInterface ? static_cast<EchoModel*>(this) : nullptr;
  }
  int concurrency() const override { return 2; }
  bool ready() const override { return observed_now().read >= at_ && !closed_; }
  void cancel() override { ended_ = true; }
  Awaitable<Result<std::int64_t>> ask(std::int64_t n) override {
    auto pair = context_->completion<Result<std::int64_t>>();
    bool now = false;
    {
      const std::lock_guard lock(mutex_);
      now = ended_;
      if (!now) requests_.push_back({n, pair.completion});
    }
    if (now) pair.completion.set(Status::cancelled());
    return std::move(pair.awaitable);
  }

 private:
  struct Request {
    std::int64_t n;
    Completion<Result<std::int64_t>> completion;
  };
  void loop() {
    for (;;) {
      std::deque<Request> answered;
      const bool ended = ended_;
      if (ready() || ended) {
        const std::lock_guard lock(mutex_);
        answered.swap(requests_);
      }
      for (const Request& request : answered) {
        request.completion.set(ended ? Result<std::int64_t>(Status::cancelled())
                                     : Result<std::int64_t>(request.n));
        if (++answers_ == closes_at_) closed_ = true;
      }
      if (ended && answered.empty()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (closed_ && ++moments_closed_ > 200) closed_ = false;
    }
  }

  std::int64_t at_ = 0, closes_at_ = -1, answers_ = 0, moments_closed_ = 0;
  ServiceContext* context_ = nullptr;
  std::mutex mutex_;
  std::deque<Request> requests_;
  std::atomic<bool> ended_{false}, closed_{false};
  std::thread thread_;
};

class Ask final : public AsyncOperator {
 public:
  static Spec spec() {
    return Spec("test.ask")
        .summary("Asks.")
        .service(&Ask::echo_, "echo", "Whom.")
        .param(&Ask::times_, "times", 1, "How often.");
  }
  Task<Status> process(Record record, Output& out) override {
    for (int i = 0; i < times_; ++i) {
      auto answer = co_await echo_->ask(number_of(record));
      if (!answer) co_return answer.status();
      record["answer"] = *answer;
    }
    co_return out.emit(std::move(record));
  }

 private:
  EchoModel* echo_ = nullptr;
  int times_ = 1;
};

class Throwing final : public AsyncOperator {
 public:
  static Spec spec() {
    return Spec("test.throwing")
        .summary("Throws.")
        .service(&Throwing::echo_, "echo", "Whom.")
        .param(&Throwing::later_, "later", false, "After it waited.");
  }
  Task<Status> process(Record record, Output& out) override {
    if (!later_) throw 42;
    auto answer = co_await echo_->ask(number_of(record));
    if (answer.ok()) throw std::runtime_error("thrown after waiting");
    co_return out.emit(std::move(record));
  }

 private:
  EchoModel* echo_ = nullptr;
  bool later_ = false;
};

class Stuck final : public AsyncOperator {
 public:
  static Spec spec() {
    return Spec("test.stuck")
        .summary("Waits for ever.")
        .param(&Stuck::at_, "at", 0, "With this record.");
  }
  Status open(Context& context) override { return context_ = &context, Status(); }
  Task<Status> process(Record record, Output& out) override {
    if (number_of(record) == at_) {
      auto pair = context_->completion<Status>();
      never_set_.push_back(std::move(pair.completion));
      Status never = co_await pair.awaitable;
      co_return never;
    }
    co_return out.emit(std::move(record));
  }

 private:
  Context* context_ = nullptr;
  std::int64_t at_ = 0;
  std::vector<Completion<Status>> never_set_;
};

// The record `at` goes on when so many others have come.
class Last final : public AsyncOperator {
 public:
  static Spec spec() {
    return Spec("test.last")
        .summary("Lets one be the last.")
        .param(&Last::at_, "at", 0, "Which number.")
        .param(&Last::others_, "others", 1, "How many others come before it.");
  }
  Status open(Context& context) override { return context_ = &context, Status(); }
  Task<Status> process(Record record, Output& out) override {
    if (number_of(record) == at_) {
      auto pair = context_->completion<Status>();
      keep(std::move(pair.completion));
      Status gone_on = co_await pair.awaitable;
      if (!gone_on.ok()) co_return gone_on;
    } else {
      count();
    }
    co_return out.emit(std::move(record));
  }

 private:
  void keep(Completion<Status> completion) {
    const std::lock_guard lock(mutex_);
    if (came_ >= others_) return completion.set(Status());
    held_.push_back(std::move(completion));
  }
  void count() {
    const std::lock_guard lock(mutex_);
    if (++came_ < others_) return;
    for (const Completion<Status>& completion : held_) completion.set(Status());
    held_.clear();
  }

  Context* context_ = nullptr;
  std::int64_t at_ = 0, others_ = 1, came_ = 0;
  std::mutex mutex_;
  std::vector<Completion<Status>> held_;
};

}  // namespace

void add_async_components(Registrar& registrar) {
  registrar.add<Echo>();
  registrar.add<Slowly>();
  registrar.add<OpensLate>();
  registrar.add<Ask>();
  registrar.add<Throwing>();
  registrar.add<Stuck>();
  registrar.add<Last>();
}

}  // namespace rare::engine::test
