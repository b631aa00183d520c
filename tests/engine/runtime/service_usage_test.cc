// What services count over several starts, some of which were killed.
#include "engine/runtime/service_usage.h"

#include <string>

#include "catch.h"

using namespace rare;
using namespace rare::engine;
using Catch::Matchers::Contains;

namespace {

PaidTotals paid(std::int64_t replies, double latency_s = 2) {
  PaidTotals totals;
  totals.replies = replies;
  totals.prompt_tokens = 10 * replies;
  totals.completion_tokens = replies;
  for (std::int64_t i = 0; i < replies; ++i) totals.latency.record(latency_s);
  return totals;
}

Json counts(std::int64_t replies) {
  return {{"replies", replies}, {"prompt_tokens", 10 * replies}, {"completion_tokens", replies}};
}

}  // namespace

TEST_CASE("usage adds up by name, in all and by node") {
  ServiceUsage usage = {{"teacher", {{"calls", 1}, {"by_node", {{"a", {{"calls", 1}}}}}}}};
  add_usage(
      usage,
      {{"teacher",
        {{"calls", 2}, {"cost", 0.5}, {"by_node", {{"a", {{"calls", 1}}}, {"b", {{"calls", 1}}}}}}},
       {"judge", {{"calls", 7}}}});
  CHECK(usage["teacher"]["calls"] == 3);
  CHECK(usage["teacher"]["cost"] == 0.5);
  CHECK(usage["teacher"]["by_node"]["a"]["calls"] == 2);
  CHECK(usage["teacher"]["by_node"]["b"]["calls"] == 1);
  CHECK(usage["judge"]["calls"] == 7);
}

TEST_CASE("replies that a killed start stored and never counted are counted by the next") {
  ServiceUsage earlier = {{"teacher", counts(3)}};
  earlier["teacher"]["by_node"]["a"] = counts(3);
  const ServiceUsage left =
      uncounted({{{"teacher", "a"}, paid(5)}, {{"teacher", "b"}, paid(1)}}, earlier);
  CHECK(left.at("teacher")["calls"] == 3);
  CHECK(left.at("teacher")["replies"] == 3);
  CHECK(left.at("teacher")["prompt_tokens"] == 30);
  CHECK(left.at("teacher")["completion_tokens"] == 3);
  CHECK(left.at("teacher")["by_node"]["a"]["replies"] == 2);
  CHECK(left.at("teacher")["by_node"]["b"]["replies"] == 1);
  CHECK(uncounted({{{"teacher", "a"}, paid(3)}}, earlier).empty());
  CHECK(uncounted({{{"teacher", "a"}, paid(2)}}, earlier).empty());
}

TEST_CASE("a run whose starts were killed before their first checkpoint loses no count") {
  CHECK(uncounted({{{"teacher", "a"}, paid(4)}}, {}).at("teacher")["prompt_tokens"] == 40);
}

TEST_CASE("of a service that does not count by node nothing is said twice") {
  CHECK(uncounted({{{"teacher", "a"}, paid(4)}}, {{"teacher", {{"calls", 4}}}}).empty());
}

TEST_CASE("the manifest has quantiles for each service and node") {
  const Json services =
      services_json({{"teacher", {{"calls", 11}}}, {"index", {{"queries", 1}}}},
                    {{{"teacher", "a"}, paid(10, 1)}, {{"teacher", "b"}, paid(1, 9)}}, 5.5);
  const Json& teacher = services["teacher"];
  CHECK(teacher["calls"] == 11);
  CHECK(teacher["latency_ms"]["p50"].get<double>() == Approx(1000).epsilon(0.07));
  CHECK(teacher["latency_ms"]["p99"].get<double>() == Approx(1000).epsilon(0.07));
  CHECK(teacher["by_node"]["b"]["latency_ms"]["p50"].get<double>() == Approx(9000).epsilon(0.07));
  CHECK_FALSE(teacher.contains("first_token_ms"));
  CHECK(teacher["tokens_per_s"] == 2.0);
  CHECK(services["index"] == Json{{"queries", 1}});
}

TEST_CASE("the end of a run says how long replies took") {
  PaidTotals totals = paid(4, 1.5);
  totals.first_token.record(0.25);
  CHECK_THAT(times_text({{{"teacher", "a"}, totals}}, 2), Contains("teacher: a reply took 1.5") &&
                                                              Contains("first token 0.2") &&
                                                              Contains("2 tokens/s"));
  CHECK(times_text({{{"teacher", "a"}, PaidTotals()}}, 2).empty());
}
