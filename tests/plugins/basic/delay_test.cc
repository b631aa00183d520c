#include "delay.h"

#include <atomic>
#include <chrono>

#include "basic_fixture.h"

namespace rare::basic {
namespace {

using Clock = std::chrono::steady_clock;

double elapsed_ms(Clock::time_point since) {
  return std::chrono::duration<double, std::milli>(Clock::now() - since).count();
}

}  // namespace

TEST_CASE("a record waits as long as it should, and goes on as it came") {
  Opened<Delay> delay(Json{{"ms", 30}});
  const Clock::time_point begin = Clock::now();
  const testing::Outcome outcome = delay.run({{"a", 1}}, 2);
  CHECK(elapsed_ms(begin) >= 30);
  REQUIRE(outcome.records.size() == 1);
  CHECK(outcome.records[0].fields() == Json{{"a", 1}});
  CHECK(outcome.records[0].id().to_string() == "2");
}

TEST_CASE("records on 8 threads wait side by side") {
  Opened<Delay> delay(Json{{"ms", 20}});
  REQUIRE(delay.status.ok());
  std::atomic<int> done{0};
  const Clock::time_point begin = Clock::now();
  on_8_threads([&](int) {
    for (int i = 0; i < 10; ++i) {
      const testing::Outcome outcome = testing::run(*delay.op, record({{"i", i}}));
      if (outcome.status.ok() && outcome.records.size() == 1) ++done;
    }
  });
  CHECK(done == 80);
  CHECK(elapsed_ms(begin) < 80 * 20);  // one after another
  CHECK(delay.context.resumer().misuses().empty());
}

TEST_CASE("a wait of nothing ends") {
  Opened<Delay> delay(Json{{"ms", 0}});
  CHECK(delay.run({{"a", 1}}).records.size() == 1);
}

TEST_CASE("when the run is cut short, waits end as cancelled, at once and later") {
  Opened<Delay> delay(Json{{"ms", 3600000}});
  REQUIRE(delay.status.ok());
  std::atomic<int> cancelled{0};
  on_8_threads([&](int thread) {
    if (thread == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      delay.context.request_stop();
    }
    const testing::Outcome outcome = testing::run(*delay.op, record(Json::object()));
    if (outcome.status.code() == StatusCode::cancelled && outcome.records.empty()) ++cancelled;
  });
  CHECK(cancelled == 8);
  CHECK(delay.run(Json::object()).status.code() == StatusCode::cancelled);
}

TEST_CASE("a delay that was opened and never used ends") {
  { const Opened<Delay> delay(Json{{"ms", 1000}}); }
  testing::TestContext context;
  context.request_stop();
  auto op = testing::make<Delay>({{"ms", 1000}});
  REQUIRE(op->open(context).ok());
  CHECK(testing::run(*op, record(Json::object())).status.code() == StatusCode::cancelled);
}

}  // namespace rare::basic
