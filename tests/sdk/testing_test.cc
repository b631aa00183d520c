// rare::testing finds what it is there to find: components with one defect each.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "catch.h"
#include "rare/testing/fake_language_model.h"
#include "rare/testing/fake_search_index.h"
#include "rare/testing/operator_stress.h"
#include "rare/testing/services.h"
#include "rare/testing/sink_checks.h"
#include "rare/testing/source_checks.h"

namespace rare::testing {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<Record> numbered(int count) {
  std::vector<Record> records;
  for (int i = 0; i < count; ++i) records.emplace_back(Json{{"n", i}});
  return records;
}

enum class Defect { none, loses, doubles_at_times, shares, bad_port, bad_counter, throws };

// One operator for each defect: passes its record on, but for that.
template <Defect kDefect>
class Passing final : public Operator {
 public:
  static Spec spec() { return Spec("passing").port("yes").counter("seen", "records"); }
  Status process(Record record, Output& out) override {
    static std::atomic<int> calls{0};
    if (kDefect == Defect::loses && record.fields()["n"] == 3) return Status();
    if (kDefect == Defect::doubles_at_times && ++calls % 10 == 0) {
      if (Status status = out.emit(Record(record)); !status.ok()) return status;
    }
    if (kDefect == Defect::shares) record["calls"] = ++calls;
    if (kDefect == Defect::bad_counter) return out.count("heard");
    if (kDefect == Defect::throws && record.fields()["n"] == 1) throw std::runtime_error("no");
    if (Status status = out.count("seen"); !status.ok()) return status;
    return out.emit(kDefect == Defect::bad_port ? "no" : "yes", std::move(record));
  }
};

template <Defect kDefect>
std::string stress_of_passing() {
  return stress<Passing<kDefect>>(numbered(9)).message();
}

TEST_CASE("an operator without a defect stands the stress, one that throws for a record included") {
  CHECK(stress_of_passing<Defect::none>() == "");
  CHECK(stress_of_passing<Defect::throws>() == "");
}

TEST_CASE("the stress names the record that is lost, doubled or changed") {
  CHECK(contains(stress_of_passing<Defect::loses>(), "record 3: passing: the record is lost"));
  CHECK(contains(stress_of_passing<Defect::doubles_at_times>(), "gave, alone, "));
  CHECK(contains(stress_of_passing<Defect::shares>(), "\"calls\""));
}

TEST_CASE("the stress names what the spec does not declare") {
  CHECK(contains(stress_of_passing<Defect::bad_port>(), "port 'no', which its spec does not"));
  CHECK(contains(stress_of_passing<Defect::bad_counter>(), "neither emit() nor filter()"));
}

// Its one instance keeps what it was asked last in a member.
class Forgetful final : public AsyncOperator {
 public:
  static Spec spec() { return Spec("forgetful").service(&Forgetful::llm_, "llm", "Model."); }
  Task<Status> process(Record record, Output& out) override {
    asked_ = record.fields()["n"].get<int>();
    ChatRequest request(record);
    Result<ChatReply> reply = co_await llm_->chat(std::move(request));
    if (!reply) co_return reply.status();
    record["asked"] = asked_.load();
    co_return out.emit(std::move(record));
  }

 private:
  LanguageModel* llm_ = nullptr;
  std::atomic<int> asked_{0};
};

TEST_CASE("the stress finds state that records in flight share") {
  TestContext context;
  FakeLanguageModel model(context.resumer(), [](const ChatRequest&) { return ChatReply(); });
  Services services;
  services.add<LanguageModel>("m", model);
  const Status status = stress<Forgetful>(numbered(2), {{"llm", "m"}}, services.resolver());
  CHECK(contains(status.message(), "forgetful: record 0 gave, alone, "));  // it is no race
}

// Counts to ten. Off by one where it goes on, if `slips`.
class Counting final : public Source {
 public:
  static Spec spec() {
    return Spec("counting")
        .param(&Counting::slips_, "slips", 0, "How far.")
        .param(&Counting::skips_more_, "skips_more", 0, "How many more than it says.");
  }
  Status open(Context&, std::optional<Position> position) override {
    if (position) next_ = position->token.get<int>() + slips_;
    return Status();
  }
  Result<std::optional<Record>> next() override {
    if (next_ >= 10) return std::optional<Record>();
    if (next_ == 4) return ++next_, Status(StatusCode::invalid_data, "four cannot be read");
    return std::optional<Record>(Record(Json{{"n", next_++}}));
  }
  Result<std::uint64_t> skip(std::uint64_t most) override {
    Result<std::uint64_t> skipped = Source::skip(most);
    next_ += skips_more_;
    return skipped;
  }
  Position position() const override { return {Json(next_)}; }

 private:
  int next_ = 0, slips_ = 0, skips_more_ = 0;
};

TEST_CASE("a source that does not go on where it stood is told with the place and the record") {
  CHECK(check_source<Counting>({}).message() == "");
  CHECK(check_source<Counting>({{"slips", 1}}).message() ==
        "counting, opened at 0, before record 0 of 10, gave {\"n\":1} where record 0 is {\"n\":0}");
  CHECK(contains(check_source<Counting>({{"slips", -1}}).message(), "gave {\"n\":-1} where"));
  CHECK(check_source<Counting>({{"skips_more", 1}}).message() ==
        "counting, skipping 0 of 10 records, is at 2 where reading gets to 0");
}

// Rows as lines; forgets to cut off what was not committed, if `keeps`.
class Lines final : public Sink {
 public:
  static Spec spec() {
    return Spec("lines")
        .required_param(&Lines::path_, "path", "File.")
        .param(&Lines::keeps_, "keeps", false, "The defect.");
  }
  Status open(Context&, std::optional<Offset> committed) override {
    std::ifstream in(path_ + ".part");
    const std::string old((std::istreambuf_iterator<char>(in)), {});
    if (committed) text_ = keeps_ ? old : old.substr(0, committed->token.get<std::size_t>());
    return Status();
  }
  Status write(std::span<const Record> rows) override {
    for (const Record& row : rows) text_ += row.fields().dump() + "\n";
    std::ofstream(path_ + ".part") << text_;
    return Status();
  }
  Result<Offset> sync() override { return Offset{Json(text_.size())}; }
  Status finalise() override {
    std::ofstream(path_) << text_;
    return Status();
  }
  std::string location() const override { return path_; }
  bool in_place() const override { return std::ifstream(path_).good(); }

 private:
  std::string path_, text_;
  bool keeps_ = false;
};

Status checked_lines(bool keeps) {
  TestContext context;
  const std::string path = context.scratch_folder() + "/lines";
  return check_sink<Lines>({{"path", path}, {"keeps", keeps}}, numbered(3),
                           [&] {
                             Json rows = Json::array();
                             std::ifstream in(path);
                             for (std::string line; std::getline(in, line);)
                               rows.push_back(Json::parse(line)["n"]);
                             return rows;
                           },
                           {0, 1, 2});
}

TEST_CASE("a sink that does not cut off what was not committed is told with what it wrote") {
  CHECK(checked_lines(false).message() == "");
  CHECK(checked_lines(true).message() ==
        "lines wrote [0,1,2], expected [0], gone on at an offset after which more was synced");
}

template <class T>
concept AddedByItsClass = requires(Services& services, T& service) {
  services.add("m", service);
};
// The address of a class is not always that of the interface that it has.
static_assert(!AddedByItsClass<FakeLanguageModel>);

TEST_CASE("a fake index gives as many hits as are asked for, or as enough() lets in") {
  TestContext context;
  FakeSearchIndex index(context.resumer(), [](const SearchRequest&) {
    SearchHits found;
    for (std::uint64_t i = 0; i < 5; ++i) found.hits.emplace_back(i, 1.0F, "text", "id");
    return found;
  });
  CHECK(wait_for(index.search(SearchRequest("q", 2)))->hits.size() == 2);
  SearchRequest request("q", 2);
  request.most = 4;
  request.enough = [](const SearchHit& hit) { return hit.ordinal == 2; };
  CHECK(wait_for(index.search(request))->hits.size() == 3);
  request.keeps_hits = false;
  CHECK(wait_for(index.search(request))->hits.empty());
  CHECK(index.requests().size() == 3);
}

TEST_CASE("a fake model's replies come when the clock is advanced, in the order of their times") {
  TestContext context;
  ManualClock clock;
  FakeLanguageModel model(context.resumer(), [](const ChatRequest&) { return ChatReply(); });
  model.take(clock, std::chrono::seconds(5));
  std::vector<int> order;
  clock.after(std::chrono::seconds(7), [&] { order.push_back(7); });
  Awaitable<Result<ChatReply>> reply = model.chat(ChatRequest());
  clock.after(std::chrono::seconds(3), [&] { order.push_back(3); });
  CHECK(clock.waiting() == 3);
  clock.advance(std::chrono::seconds(4));
  CHECK(order == std::vector<int>{3});
  CHECK(clock.waiting() == 2);
  clock.advance(std::chrono::seconds(4));
  CHECK(wait_for(std::move(reply)).ok());
  CHECK(order == std::vector<int>{3, 7});
  CHECK(clock.now() == std::chrono::seconds(8));
}

}  // namespace
}  // namespace rare::testing
