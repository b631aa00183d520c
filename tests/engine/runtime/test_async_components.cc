// The components of the runtime's tests that wait, and the service that they wait for.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "rare/sdk.h"
#include "test_components.h"

namespace rare::engine::test {
namespace {

// A service that answers from threads of its own what is kept for it.
class AnsweringService : public Service, public EchoModel {
 public:
  Status open(ServiceContext& context) override {
    context_ = &context;
    for (int i = 0; i < thread_count(); ++i) threads_.emplace_back([this] { loop(); });
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

 protected:
  struct Request {
    std::int64_t n;
    Completion<Result<std::int64_t>> completion;
    std::chrono::steady_clock::time_point came = std::chrono::steady_clock::now();

    void answer(bool cancelled) const {
      completion.set(cancelled ? Result<std::int64_t>(Status::cancelled())
                               : Result<std::int64_t>(n));
    }
  };
  // Answers `requests_` until `ended_` and there are none: keep() takes no more then.
  virtual void loop() = 0;
  virtual int thread_count() const { return 1; }
  // For the loop. False: the threads may have ended, and the request is answered as cancelled.
  bool keep(Request request) {
    {
      const std::lock_guard lock(mutex_);
      if (!ended_) {
        requests_.push_back(std::move(request));
        changed_.notify_all();
        return true;
      }
    }
    request.answer(true);
    return false;
  }
  // For destructors: the loop uses what they destroy.
  void end() {
    cancel();
    for (std::thread& thread : threads_) thread.join();
  }

  ServiceContext* context_ = nullptr;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Request> requests_;
  bool ended_ = false;

 private:
  std::vector<std::thread> threads_;
};

// Answers from two threads; each takes the newest and the oldest request in turn, so that answers
// come out of order.
class Echo final : public AnsweringService {
 public:
  static Spec spec() {
    return Spec("test.echo")
        .summary("Answers.")
        .param(&Echo::concurrency_, "concurrency", 4, "What it says of itself.")
        .param(&Echo::drop_by_, "drop_by", 0, "Forgets n % drop_by == 1.")
        .param(&Echo::hold_, "hold", 0, "Answers nothing until so many wait.");
  }
  ~Echo() override { end(); }
  int concurrency() const override { return concurrency_; }
  Json usage() const override { return {{"calls", calls_.load()}}; }
  Awaitable<Result<std::int64_t>> ask(std::int64_t n) override {
    auto pair = context_->completion<Result<std::int64_t>>();
    raise_to(observed_now().most_waiting, ++observed_now().waiting);
    ++observed_now().asked;
    ++calls_;
    if (!keep({n, std::move(pair.completion)})) --observed_now().waiting;
    return std::move(pair.awaitable);
  }

 private:
  int thread_count() const override { return 2; }
  bool may_answer() {
    if (static_cast<std::int64_t>(requests_.size()) >= hold_) hold_ = 0;
    return !requests_.empty() && hold_ == 0;
  }
  void loop() override {
    std::unique_lock lock(mutex_);
    for (bool newest = false;; newest = !newest) {
      changed_.wait(lock, [this] { return ended_ || may_answer(); });
      if (requests_.empty() && ended_) return;
      Request request = newest ? std::move(requests_.back()) : std::move(requests_.front());
      newest ? requests_.pop_back() : requests_.pop_front();
      const bool ended = ended_;
      lock.unlock();
      --observed_now().waiting;
      if (ended || drop_by_ == 0 || request.n % drop_by_ != 1 % drop_by_) request.answer(ended);
      {
        const Request gone = std::move(request);  // a forgotten request is dropped unlocked
      }
      lock.lock();
    }
  }

  int concurrency_ = 4;
  std::int64_t drop_by_ = 0, hold_ = 0;
  std::atomic<std::int64_t> calls_{0};
};

// Answers every `slow_by`-th request after `after_ms`, the others at once. With `ready_late` it
// says of the slow ones that nobody works on them until then.
class Slowly final : public AnsweringService {
 public:
  static Spec spec() {
    return Spec("test.slowly")
        .summary("Answers some requests late.")
        .param(&Slowly::slow_by_, "slow_by", 1, "Which: n % slow_by == 0.")
        .param(&Slowly::after_ms_, "after_ms", 100, "How late.")
        .param(&Slowly::ready_late_, "ready_late", false, "They wait until it is ready.");
  }
  ~Slowly() override { end(); }
  Awaitable<Result<std::int64_t>> ask(std::int64_t n) override {
    auto pair = context_->completion<Result<std::int64_t>>();
    if (n % slow_by_ != 0) {
      pair.completion.set(n);
    } else {
      if (ready_late_) pair.completion.pause_time_limit();
      keep({n, std::move(pair.completion)});
    }
    return std::move(pair.awaitable);
  }

 private:
  void loop() override {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return ended_ || !requests_.empty(); });
      if (requests_.empty()) return;
      const auto due = requests_.front().came + std::chrono::milliseconds(after_ms_);
      if (!ended_ && std::chrono::steady_clock::now() < due) {
        changed_.wait_until(lock, due);
        continue;
      }
      const Request request = std::move(requests_.front());
      requests_.pop_front();
      const bool ended = ended_;
      lock.unlock();
      if (ready_late_) request.completion.resume_time_limit();
      request.answer(ended);
      lock.lock();
    }
  }

  std::int64_t slow_by_ = 1, after_ms_ = 100;
  bool ready_late_ = false;
};

// Not ready until sources have given out `at` records. `closes_at`: not ready again for a moment,
// from so many answers on.
class OpensLate final : public AnsweringService {
 public:
  static Spec spec() {
    return Spec("test.opens_late")
        .summary("Answers when enough was read.")
        .param(&OpensLate::at_, "at", 0, "So many records.")
        .param(&OpensLate::closes_at_, "closes_at", -1, "Not ready again after so many answers.");
  }
  ~OpensLate() override { end(); }
  int concurrency() const override { return 2; }
  bool ready() const override { return observed_now().read >= at_ && !closed_; }
  Awaitable<Result<std::int64_t>> ask(std::int64_t n) override {
    auto pair = context_->completion<Result<std::int64_t>>();
    keep({n, std::move(pair.completion)});
    return std::move(pair.awaitable);
  }

 private:
  static constexpr std::chrono::milliseconds kClosedFor{200};

  void loop() override {
    std::chrono::steady_clock::time_point closed_at;
    std::unique_lock lock(mutex_);
    for (;;) {
      std::deque<Request> answered;
      const bool ended = ended_;
      if (ended || ready()) answered.swap(requests_);
      lock.unlock();
      for (const Request& request : answered) {
        request.answer(ended);
        if (++answers_ != closes_at_) continue;
        closed_ = true;
        closed_at = std::chrono::steady_clock::now();
      }
      lock.lock();
      if (ended) return;
      changed_.wait_for(lock, std::chrono::milliseconds(1));
      if (closed_ && std::chrono::steady_clock::now() - closed_at > kClosedFor) closed_ = false;
    }
  }

  std::int64_t at_ = 0, closes_at_ = -1, answers_ = 0;
  std::atomic<bool> closed_{false};
};

class Ask final : public AsyncOperator {
 public:
  static Spec spec() {
    return Spec("test.ask")
        .summary("Asks.")
        .service(&Ask::echo_, "echo", "Whom.")
        .param(&Ask::times_, "times", 1, "How often.")
        .param(&Ask::says_, "says", false, "Logs each answer.");
  }
  Status open(Context& context) override { return context_ = &context, Status(); }
  Task<Status> process(Record record, Output& out) override {
    for (int i = 0; i < times_; ++i) {
      auto answer = co_await echo_->ask(number_of(record));
      if (!answer) co_return answer.status();
      record["answer"] = *answer;
      if (says_) context_->log(LogLevel::warning, "answered " + std::to_string(*answer));
    }
    co_return out.emit(std::move(record));
  }

 private:
  Context* context_ = nullptr;
  EchoModel* echo_ = nullptr;
  int times_ = 1;
  bool says_ = false;
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

class DrawLater final : public AsyncOperator {
 public:
  static Spec spec() {
    return Spec("test.draw_later").summary("Draws, having waited.").nondeterministic();
  }
  Status open(Context& context) override { return context_ = &context, Status(); }
  Task<Status> process(Record record, Output& out) override {
    auto pair = context_->completion<Status>();
    pair.completion.set(Status());
    Status waited = co_await pair.awaitable;
    for (int i = 0; i < 2 && waited.ok(); ++i) {
      Record child = record;
      child["drawn_later"] = observed_now().drawn_later++;
      waited = out.emit(std::move(child));
    }
    co_return waited;
  }

 private:
  Context* context_ = nullptr;
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
  registrar.add<DrawLater>();
}

}  // namespace rare::engine::test
