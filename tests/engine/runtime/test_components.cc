#include "test_components.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>

#include "rare/sdk.h"

namespace rare::engine::test {
namespace {

Observed* observed = nullptr;

class Numbers final : public Source {
 public:
  static Spec spec() {
    return Spec("test.numbers")
        .summary("Counts.")
        .param(&Numbers::count_, "count", 10, "How many.")
        .param(&Numbers::bad_every_, "bad_every", 0, "Every so many-th cannot be read; 0: none.")
        .param(&Numbers::add_, "add", 0, "To each.")
        .param(&Numbers::fail_at_, "fail_at", -1, "The run fails here.");
  }
  Status open(Context&, std::optional<Position> position) override {
    if (position && position->token.is_number()) next_ = position->token.get<std::int64_t>();
    return Status();
  }
  Result<std::optional<Record>> next() override {
    if (next_ >= count_) return std::optional<Record>();
    const std::int64_t n = next_++;
    ++observed->read;
    if (observed->on_read) observed->on_read(static_cast<std::uint64_t>(n));
    if (n == fail_at_) return Status::run_fault(StatusCode::unavailable, "the input is gone");
    if (bad_every_ > 0 && n % bad_every_ == bad_every_ - 1) {
      return Status(StatusCode::invalid_data, "not a number").with_raw("\xff raw");
    }
    raise_to(observed->most_alive, ++observed->alive);
    return std::optional<Record>(Record(Json{{"n", n + add_}}));
  }
  Position position() const override { return Position{Json(next_)}; }

 private:
  std::int64_t count_ = 0, bad_every_ = 0, add_ = 0, fail_at_ = -1, next_ = 0;
};

class Pass final : public Operator {
 public:
  static Spec spec() { return Spec("test.pass").summary("Passes on."); }
  Status process(Record record, Output& out) override { return out.emit(std::move(record)); }
};

class Modulo final : public Operator {
 public:
  static Spec spec() {
    return Spec("test.modulo")
        .summary("Filters, fails and throws by n.")
        .param(&Modulo::by_, "by", 0, "Filters multiples.")
        .param(&Modulo::fail_by_, "fail_by", 0, "Fails n % fail_by == 1.")
        .param(&Modulo::throw_by_, "throw_by", 0, "Throws n % throw_by == 2.")
        .counter("worked_on", "records worked on");
  }
  Status process(Record record, Output& out) override {
    const std::int64_t n = number_of(record);
    if (Status status = out.count("worked_on"); !status.ok()) return status;
    if (throw_by_ > 0 && n % throw_by_ == 2 % throw_by_)
      throw std::runtime_error("thrown on purpose");
    if (fail_by_ > 0 && n % fail_by_ == 1 % fail_by_) {
      record["touched"] = true;
      return Status(StatusCode::invalid_data, "failed on purpose")
          .with_raw("evidence")
          .with_attempts(3);
    }
    if (by_ > 0 && n % by_ == 0) return --observed->alive, out.filter("a multiple");
    return out.emit(std::move(record));
  }

 private:
  std::int64_t by_ = 0, fail_by_ = 0, throw_by_ = 0;
};

class Split final : public Operator {
 public:
  static Spec spec() {
    return Spec("test.split")
        .summary("Makes several.")
        .param(&Split::into_, "into", 3, "How many.")
        .counter("children", "children");
  }
  Status process(Record record, Output& out) override {
    for (int i = 0; i < into_; ++i) {
      Record child = record;
      child["child"] = i;
      const Status status = out.emit(std::move(child));
      if (!status.ok()) return status;
    }
    return out.count("children", static_cast<std::uint64_t>(into_));
  }

 private:
  int into_ = 3;
};

class Route final : public Operator {
 public:
  static Spec spec() { return Spec("test.route").summary("Routes.").port("even").port("odd"); }
  Status process(Record record, Output& out) override {
    const std::int64_t n = number_of(record);
    return out.emit(n % 2 == 0 ? "even" : "odd", std::move(record));
  }
};

class Sort final : public Operator {
 public:
  static Spec spec() {
    return Spec("test.sort")
        .summary("Sorts.")
        .gather()
        .param(&Sort::fail_by_, "fail_by", 0, "Fails n % fail_by == 1.")
        .param(&Sort::throw_at_end_, "throw_at_end", false, "finish() throws.");
  }
  Status process(Record record, Output&) override {
    if (fail_by_ > 0 && number_of(record) % fail_by_ == 1) {
      return Status(StatusCode::invalid_data, "failed in the set");
    }
    records_.push_back(std::move(record));
    return Status();
  }
  Status finish(Output& out) override {
    if (throw_at_end_) throw std::runtime_error("no end");
    std::stable_sort(records_.begin(), records_.end(),
                     [](const Record& a, const Record& b) { return number_of(a) > number_of(b); });
    for (Record& record : records_) {
      const Status status = out.emit(std::move(record));
      if (!status.ok()) return status;
    }
    return Status();
  }

 private:
  int fail_by_ = 0;
  bool throw_at_end_ = false;
  std::vector<Record> records_;
};

class First final : public Operator {
 public:
  static Spec spec() {
    return Spec("test.first")
        .summary("Firsts.")
        .gather()
        .param(&First::by_, "by", 10, "Kinds.")
        .counter("looked_at", "records looked at")
        .counter("ends", "ends of the set");
  }
  Status finish(Output& out) override { return out.count("ends"); }
  Status process(Record record, Output& out) override {
    if (Status status = out.count("looked_at"); !status.ok()) return status;
    if (!seen_.insert(number_of(record) % by_).second) return out.filter("seen before");
    return out.emit(std::move(record));
  }

 private:
  int by_ = 10;
  std::set<std::int64_t> seen_;
};

class Total final : public Operator {
 public:
  static Spec spec() { return Spec("test.total").summary("Adds up.").gather(); }
  Status process(Record record, Output&) override {
    total_ += number_of(record);
    ids_.push_back(record.id().to_string());
    return Status();
  }
  Status finish(Output& out) override {
    return out.emit(Record(Json{{"n", total_}, {"total", total_}, {"ids", ids_}}));
  }

 private:
  std::int64_t total_ = 0;
  Json ids_ = Json::array();
};

class Slow final : public Operator {
 public:
  static Spec spec() {
    return Spec("test.slow").summary("Takes its time.").param(&Slow::ms_, "ms", 2, "How long.");
  }
  Status process(Record record, Output& out) override {
    raise_to(observed->most_slow, ++observed->slow);
    std::this_thread::sleep_for(std::chrono::milliseconds(ms_));
    --observed->slow;
    return out.emit(std::move(record));
  }

 private:
  int ms_ = 2;
};

class Waiting final : public Source {
 public:
  static Spec spec() {
    return Spec("test.waiting")
        .summary("Gives out a record when the one before has arrived.")
        .param(&Waiting::count_, "count", 10, "How many.")
        .param(&Waiting::says_so_, "says_so", false, "Whether it says that it has none yet.");
  }
  Status open(Context&, std::optional<Position>) override { return Status(); }
  bool may_wait() const override { return true; }
  Result<std::optional<Record>> next() override {
    if (next_ == count_) return std::optional<Record>();
    // A minute is only against a hang.
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (observed->arrived < next_) {
      if (says_so_) return Status::cancelled();
      if (std::chrono::steady_clock::now() > give_up) {
        return Status::run_fault(StatusCode::deadline_exceeded, "a record waits for others");
      }
      std::this_thread::yield();
    }
    return std::optional<Record>(Record(Json{{"n", next_++}}));
  }
  Position position() const override { return Position{Json(next_)}; }

 private:
  std::int64_t count_ = 10, next_ = 0;
  bool says_so_ = false;
};

class Silent final : public Operator {
 public:
  static Spec spec() {
    return Spec("test.silent").summary("Counts and says nothing.").counter("counted", "records");
  }
  Status process(Record, Output& out) override { return out.count("counted"); }
};

class Both final : public Operator {
 public:
  static Spec spec() {
    return Spec("test.both")
        .summary("Emits, then fails.")
        .param(&Both::before_, "before", 1, "How often it emits.");
  }
  Status process(Record record, Output& out) override {
    for (std::int64_t i = 0; i < before_; ++i) {
      const Status status = out.emit(record);
      if (!status.ok()) return status;
    }
    return Status(StatusCode::invalid_data, "failed after emitting");
  }

 private:
  std::int64_t before_ = 1;
};

class Draw final : public Operator {
 public:
  static Spec spec() {
    return Spec("test.draw")
        .summary("Draws.")
        .param(&Draw::same_, "same", false, "Whether it says that it always draws the same.")
        .nondeterministic_unless("same")
        .counter("drawn", "drawn");
  }
  Status process(Record record, Output& out) override {
    const std::int64_t drawn = observed->drawn++;
    if (Status status = out.count("drawn"); !status.ok()) return status;
    if (drawn % 7 == 0) return --observed->alive, out.filter("a seventh");
    record["drawn"] = drawn;
    return out.emit(std::move(record));
  }

 private:
  bool same_ = false;
};

class Mute final : public Operator {
 public:
  static Spec spec() { return Spec("test.mute").summary("Forgets.").nondeterministic(); }
  Status process(Record, Output&) override {
    ++observed->drawn;
    return Status();
  }
};

class Collect final : public Sink {
 public:
  static Spec spec() {
    return Spec("test.collect")
        .summary("Keeps rows.")
        .param(&Collect::name_, "name", "rows", "Where.")
        .param(&Collect::refuse_by_, "refuse_by", 0, "Does not accept n % refuse_by == 1.")
        .param(&Collect::break_at_, "break_at", -1, "Cannot write this n.");
  }
  Status open(Context&, std::optional<Offset> committed) override {
    const std::lock_guard lock(observed->mutex);
    const std::size_t keep = committed ? committed->token.get<std::size_t>() : 0;
    auto& rows = observed->rows[name_];
    if (rows.size() < keep) return Status::run_fault(StatusCode::invalid_argument, "rows are gone");
    rows.resize(keep);
    return Status();
  }
  Status accept(const Record& record) const override {
    --observed->alive;
    ++observed->arrived;
    if (refuse_by_ > 0 && number_of(record) % refuse_by_ == 1 % refuse_by_) {
      return Status(StatusCode::invalid_data, "not a row for this sink");
    }
    return Status();
  }
  Status write(std::span<const Record> rows) override {
    for (const Record& row : rows) {
      if (number_of(row) == break_at_) {
        return Status::run_fault(StatusCode::resource_exhausted, "no space left");
      }
      Json entry = {{"id", row.id().to_string()}, {"fields", row.fields()}};
      if (observed->on_write) observed->on_write(entry);
      const std::lock_guard lock(observed->mutex);
      observed->rows[name_].push_back(std::move(entry));
    }
    return Status();
  }
  Result<Offset> sync() override {
    const std::lock_guard lock(observed->mutex);
    observed->synced[name_] = observed->rows[name_].size();
    return Offset{Json(observed->rows[name_].size())};
  }
  Status finalise() override { return Status(); }
  Status publish_copy() override { return Status(); }
  std::string location() const override { return "memory:" + name_; }
  bool in_place() const override { return true; }

 private:
  std::string name_;
  std::int64_t refuse_by_ = 0, break_at_ = -1;
};

}  // namespace

void raise_to(std::atomic<std::int64_t>& most, std::int64_t value) {
  std::int64_t seen = most.load();
  while (value > seen && !most.compare_exchange_weak(seen, value)) {
  }
}

void observe_with(Observed* now) { observed = now; }
Observed& observed_now() { return *observed; }

void add_test_components(Registry& registry) {
  CollectingRegistrar collector;
  collector.add<Numbers>();
  collector.add<Pass>();
  collector.add<Modulo>();
  collector.add<Split>();
  collector.add<Route>();
  collector.add<Sort>();
  collector.add<First>();
  collector.add<Total>();
  collector.add<Slow>();
  collector.add<Waiting>();
  collector.add<Silent>();
  collector.add<Both>();
  collector.add<Draw>();
  collector.add<Mute>();
  collector.add<Collect>();
  add_async_components(collector);
  const LoadedPlugin plugin{"test", "1", "test.so", {}, {}};
  const Status status = registry.add(plugin, std::move(collector.components));
  if (!status.ok()) throw std::logic_error(status.message());
}

}  // namespace rare::engine::test
