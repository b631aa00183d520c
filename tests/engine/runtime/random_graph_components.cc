#include "random_graph_components.h"

#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "rare/sdk.h"
#include "test_components.h"

namespace rare::engine::test {
namespace {

constexpr std::int64_t kModulus = 1'000'003;

std::int64_t changed(Record& record, std::int64_t salt) {
  const Json* before = record.find("h");
  const std::int64_t h =
      before != nullptr ? before->get<std::int64_t>() : record.fields().at("n").get<std::int64_t>();
  const std::int64_t after = (h * 31 + salt) % kModulus;
  record["h"] = after;
  return after;
}

// Records that an operator holds on to although its call is over.
class Kept {
 public:
  void keep(Record record) {
    const std::lock_guard lock(mutex_);
    if (kept_) (*kept_)["h"] = -1;
    kept_ = std::move(record);
    (*kept_)["kept"] = true;
  }

 private:
  std::mutex mutex_;
  std::optional<Record> kept_;
};

struct Behaviour {
  std::string does;
  std::int64_t by = 2;
};

Status act_astray(std::int64_t turn, Record record, Output& out) {
  Record copy = record;
  const Status refused = out.emit("nowhere", std::move(copy));
  if (turn % 3 == 0) return refused;
  if (turn % 3 == 1) return out.emit(std::move(record));
  return Status();
}

Status act_several(std::int64_t count, Record record, Output& out) {
  if (count == 0) return out.filter("no children");
  for (std::int64_t i = 0; i < count; ++i) {
    Record child = record;
    child["child"] = i;
    const Status status = out.emit(std::move(child));
    if (!status.ok()) return status;
  }
  return Status();
}

Status act(const Behaviour& behaviour, std::int64_t h, Record record, Output& out, Kept& kept) {
  const std::string& does = behaviour.does;
  if (does == "several") return act_several(h % (behaviour.by + 1), std::move(record), out);
  if (does == "pass" || h % behaviour.by != 0) return out.emit(std::move(record));
  const std::int64_t turn = h / behaviour.by;
  if (does == "filter") return out.filter("reason " + std::to_string(turn % 3));
  if (does == "fail") {
    record["failed"] = h;
    return Status(StatusCode::invalid_data, "failed at " + std::to_string(h))
        .with_raw("evidence \xfe " + std::to_string(h))
        .with_attempts(1 + static_cast<int>(turn % 4));
  }
  if (does == "throw") {
    if (turn % 2 == 0) throw std::runtime_error("thrown at " + std::to_string(h));
    throw 42;
  }
  if (does == "silent") return Status();
  if (does == "astray") return act_astray(turn, std::move(record), out);
  if (does == "keep" && turn % 2 == 0) return kept.keep(std::move(record)), Status();
  Record copy = record;
  if (does == "keep") kept.keep(std::move(copy));
  if (does == "contrary") (void)out.filter("not meant");
  if (does == "twice") (void)out.emit(std::move(copy));
  const Status emitted = out.emit(std::move(record));
  if (does == "torn") return Status(StatusCode::deadline_exceeded, "torn at " + std::to_string(h));
  return emitted;
}

void worked() {
  if (observed_now().on_work) observed_now().on_work();
}

class Act final : public Operator {
 public:
  static Spec spec() {
    return Spec("graph.act")
        .summary("Behaves as it is told.")
        .param(&Act::salt_, "salt", 1, "Tells nodes apart.")
        .param(&Act::does_, "does", "pass", "What.")
        .param(&Act::by_, "by", 2, "To one of so many records.");
  }
  Status process(Record record, Output& out) override {
    worked();
    const std::int64_t h = changed(record, salt_);
    return act({does_, by_}, h, std::move(record), out, kept_);
  }

 private:
  std::int64_t salt_ = 1, by_ = 2;
  std::string does_;
  Kept kept_;
};

class RouteByHash final : public Operator {
 public:
  static Spec spec() {
    return Spec("graph.route")
        .summary("Routes.")
        .port("a")
        .port("b")
        .port("c")
        .param(&RouteByHash::salt_, "salt", 1, "Tells nodes apart.")
        .param(&RouteByHash::by_, "by", 2, "To two ports.");
  }
  Status process(Record record, Output& out) override {
    worked();
    static constexpr const char* kPorts[] = {"a", "b", "c"};
    const std::int64_t h = changed(record, salt_);
    if (h % by_ == 0) {
      Record copy = record;
      copy["second"] = true;
      const Status status = out.emit(kPorts[(h + 1) % 3], std::move(copy));
      if (!status.ok()) return status;
    }
    return out.emit(kPorts[h % 3], std::move(record));
  }

 private:
  std::int64_t salt_ = 1, by_ = 2;
};

class Wait final : public AsyncOperator {
 public:
  static Spec spec() {
    return Spec("graph.wait")
        .summary("Waits, and behaves as it is told.")
        .service(&Wait::echo_, "echo", "Whom it asks.")
        .param(&Wait::salt_, "salt", 1, "Tells nodes apart.")
        .param(&Wait::does_, "does", "pass", "What.")
        .param(&Wait::by_, "by", 2, "To one of so many records.")
        .param(&Wait::asks_, "asks", 1, "How often it waits.")
        .param(&Wait::early_, "early", false, "Behaves before it waits.");
  }
  Task<Status> process(Record record, Output& out) override {
    worked();
    std::int64_t h = changed(record, salt_);
    if (early_) {
      const Status status = act({does_, by_}, h, std::move(record), out, kept_);
      if (!status.ok()) co_return status;
    }
    for (std::int64_t i = 0; i < asks_; ++i) {
      auto answer = co_await echo_->ask(h + i);
      if (!answer) co_return answer.status();
      h = *answer - i;
    }
    if (early_) co_return Status();
    record["h"] = h;
    co_return act({does_, by_}, h, std::move(record), out, kept_);
  }

 private:
  EchoModel* echo_ = nullptr;
  std::int64_t salt_ = 1, by_ = 2, asks_ = 1;
  bool early_ = false;
  std::string does_;
  Kept kept_;
};

class Hold final : public Operator {
 public:
  static Spec spec() {
    return Spec("graph.hold").summary("Passes on what it has seen, once it has seen all.").gather();
  }
  Status process(Record record, Output& out) override {
    worked();
    return out.emit(std::move(record));
  }
};

}  // namespace

void add_random_graph_components(Registry& registry) {
  CollectingRegistrar collector;
  collector.add<Act>();
  collector.add<RouteByHash>();
  collector.add<Wait>();
  collector.add<Hold>();
  const LoadedPlugin plugin{"graph", "1", "graph.so", {}, {}};
  const Status status = registry.add(plugin, std::move(collector.components));
  if (!status.ok()) throw std::logic_error(status.message());
}

}  // namespace rare::engine::test
