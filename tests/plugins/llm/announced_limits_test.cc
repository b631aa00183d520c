#include "plugins/llm/announced_limits.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"

using namespace rare::llm;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

using Steady = AnnouncedLimits::Clock;
const Steady::time_point kStart{seconds(1'000)};
const std::chrono::system_clock::time_point kWallStart{seconds(1'800'000'000)};

using Headers = std::vector<std::pair<std::string, std::string>>;

void hear(AnnouncedLimits& limits, const AnnouncedLimits::Mark& mark, Headers headers,
          int status = 200, Steady::time_point now = kStart) {
  rare::net::HttpResult answer;
  answer.status = status;
  answer.headers = std::move(headers);
  limits.heard(answer, mark, now, kWallStart);
}

Headers requests(const char* limit, const char* remaining, const char* reset) {
  return {{"x-ratelimit-limit-requests", limit},
          {"x-ratelimit-remaining-requests", remaining},
          {"x-ratelimit-reset-requests", reset}};
}

milliseconds wait(const AnnouncedLimits& limits, double tokens = 1,
                  Steady::time_point now = kStart) {
  return std::chrono::duration_cast<milliseconds>(limits.ready_at(tokens, now) - now);
}

}  // namespace

TEST_CASE("resets are read in every form that endpoints give them") {
  struct Form {
    const char* text;
    std::int64_t ms;  // -1: cannot be read
  };
  const Form forms[] = {
      {"6m0s", 360'000},
      {"120ms", 120},
      {"1s", 1'000},
      {"1m30.5s", 90'500},
      {"1h0m2s", 3'602'000},
      {"59.7", 59'700},
      {"12", 12'000},
      {"0", 0},
      {"1800000010", 10'000},
      {"1800000010000", 10'000},
      {"1799999990", 0},
      {"2027-01-15T08:00:30Z", 30'000},
      {"", -1},
      {"soon", -1},
      {"6 minutes", -1},
      {"-5s", 0},
      {"1e9", -1},
      {"9000000000000000000", -1},
      {"nan", -1},
      {"48h", -1},
  };
  for (const Form& form : forms) {
    INFO(form.text);
    const auto read = parse_reset(form.text, kWallStart);
    CHECK((read ? read->count() : -1) == form.ms);
  }
}

TEST_CASE("without announcements everything may go out at once") {
  AnnouncedLimits limits;
  const auto mark = limits.spend(1e9);
  CHECK(wait(limits).count() == 0);
  hear(limits, mark, {{"content-type", "application/json"}});
  hear(limits, mark, requests("many", "few", "later"));
  hear(limits, mark, {{"x-ratelimit-remaining-requests", "0"}});
  CHECK(wait(limits).count() == 0);
  CHECK(limits.holding(1, kStart).empty());
}

TEST_CASE("what was sent behind the request that is answered counts") {
  AnnouncedLimits limits;
  const auto first = limits.spend(1);
  limits.spend(1);
  limits.spend(1);
  hear(limits, first, requests("0", "3", "10s"));
  CHECK(wait(limits).count() == 0);
  limits.spend(1);
  CHECK(wait(limits) == seconds(10));
  CHECK(limits.holding(1, kStart) == "requests");
  CHECK(wait(limits, 1, kStart + seconds(10)).count() == 0);
}

TEST_CASE("a known limit grows evenly, as a token bucket") {
  AnnouncedLimits limits;
  const auto mark = limits.spend(1);
  hear(limits, mark, requests("60", "0", "60s"));
  CHECK(wait(limits) == seconds(1));
  limits.spend(1);
  CHECK(wait(limits, 1, kStart + seconds(1)) == seconds(1));
}

TEST_CASE("windows that turn out to be fixed are waited for") {
  AnnouncedLimits limits;
  auto mark = limits.spend(1);
  hear(limits, mark, requests("60", "0", "60s"));
  mark = limits.spend(1);
  hear(limits, mark, requests("60", "0", "59s"), 429, kStart + seconds(1));
  CHECK(wait(limits, 1, kStart + seconds(1)) == seconds(59));
}

TEST_CASE("tokens are held against what a request may take") {
  AnnouncedLimits limits;
  const auto mark = limits.spend(100);
  hear(limits, mark, {{"x-ratelimit-remaining-tokens", "500"}, {"x-ratelimit-reset-tokens", "2s"}});
  CHECK(wait(limits, 500).count() == 0);
  CHECK(wait(limits, 501) == seconds(2));
  CHECK(limits.holding(501, kStart) == "tokens");
}

TEST_CASE("the narrowest of several limits rules") {
  AnnouncedLimits limits;
  const auto mark = limits.spend(1);
  hear(limits, mark,
       {{"x-ratelimit-remaining-requests-day", "0"},
        {"x-ratelimit-reset-requests-day", "3600"},
        {"x-ratelimit-remaining-tokens-minute", "9"},
        {"x-ratelimit-reset-tokens-minute", "30"}});
  CHECK(wait(limits, 10) == seconds(3600));
  CHECK(limits.holding(10, kStart) == "requests-day");
}

TEST_CASE("headers without a kind are about requests") {
  AnnouncedLimits limits;
  const auto mark = limits.spend(1);
  hear(limits, mark, {{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "1800000020000"}});
  CHECK(wait(limits) == seconds(20));
}

TEST_CASE("an answer that was overtaken says nothing new") {
  AnnouncedLimits limits;
  const auto first = limits.spend(1);
  const auto second = limits.spend(1);
  hear(limits, second, requests("0", "50", "10s"));
  hear(limits, first, requests("0", "0", "10s"));
  CHECK(wait(limits).count() == 0);
}
