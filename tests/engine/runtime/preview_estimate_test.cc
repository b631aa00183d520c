// From a few records to the whole input, in numbers that can be checked by hand.
#include "engine/runtime/preview_estimate.h"

#include "catch.h"

namespace rare::engine {
namespace {

RecordCosts even_costs(std::size_t records) {
  RecordCosts costs;
  costs.prompt_tokens.assign(records, 100);
  costs.completion_tokens.assign(records, 50);
  costs.calls.assign(records, 2);
  costs.latency_s.assign(records, 3);
  costs.output_bytes.assign(records, 1000);
  costs.reply_bytes.assign(records, 500);
  costs.elapsed_s = 0.36 * static_cast<double>(records);
  return costs;
}

InputSample even_input(std::size_t records) {
  InputSample input;
  input.record_sizes.assign(records, 200);
  input.total = 200'000;
  return input;
}

}  // namespace

TEST_CASE("a range is the mean and two standard errors", "[preview]") {
  // Deviations 1, 1, 1, 1: variance 4/3, standard error sqrt(4/3 / 4).
  const Range range = range_of_mean({9, 11, 9, 11});
  CHECK(range.middle == Approx(10));
  CHECK(range.low == Approx(10 - 2 * 0.57735).epsilon(1e-4));
  CHECK(range.high == Approx(10 + 2 * 0.57735).epsilon(1e-4));
  CHECK(range_of_mean({0, 0, 0, 100}).low == 0);
}

TEST_CASE("records that are all alike give the whole without a doubt", "[preview]") {
  const PreviewEstimate estimate = estimate_whole(even_input(10), even_costs(10));
  CHECK(estimate.reason_against.empty());
  CHECK(estimate.records.low == Approx(1000));
  CHECK(estimate.records.high == Approx(1000));
  CHECK(estimate.prompt_tokens.middle == Approx(100'000));
  CHECK(estimate.completion_tokens.high == Approx(50'000));
  CHECK(estimate.calls.middle == Approx(2000));
  CHECK(estimate.disk_bytes.middle == Approx(1'500'000));
  REQUIRE(estimate.hours);
  CHECK(estimate.hours->middle == Approx(0.1));  // 1000 records at 0.36 s
  CHECK_FALSE(estimate.cost);
  CHECK(estimate.cost_left_out.find("nothing has a price") == 0);
}

TEST_CASE("what the whole input would cost, and which service is not in it", "[preview]") {
  RecordCosts costs = even_costs(10);
  costs.any_price = true;
  costs.money.assign(10, 0.002);
  const PreviewEstimate priced = estimate_whole(even_input(10), costs);
  REQUIRE(priced.cost);
  CHECK(priced.cost->middle == Approx(2));
  CHECK(priced.cost_left_out.empty());
  costs.unpriced = {"judge"};
  CHECK(estimate_whole(even_input(10), costs).cost_left_out.find("no price has judge: ") == 0);
}

TEST_CASE("records that differ widen the range to both sides", "[preview]") {
  InputSample input = even_input(10);
  input.record_sizes[3] = 400;
  RecordCosts costs = even_costs(10);
  costs.prompt_tokens[3] = 300;
  const PreviewEstimate estimate = estimate_whole(input, costs);
  CHECK(estimate.records.low < estimate.records.middle);
  CHECK(estimate.records.middle < estimate.records.high);
  CHECK(estimate.records.middle == Approx(200'000 / 220.0));
  CHECK(estimate.prompt_tokens.low < estimate.calls.low * 50);
  CHECK(estimate.prompt_tokens.high > estimate.calls.high * 50);
}

TEST_CASE("what cannot be said is left out, with the reason", "[preview]") {
  RecordCosts stored = even_costs(10);
  stored.any_from_store = true;
  const PreviewEstimate of_stored = estimate_whole(even_input(10), stored);
  CHECK_FALSE(of_stored.hours);
  CHECK(of_stored.hours_left_out.find("store") != std::string::npos);

  CHECK_FALSE(estimate_whole(even_input(9), even_costs(9)).reason_against.empty());
  InputSample whole = even_input(10);
  whole.is_whole = true;
  CHECK(estimate_whole(whole, even_costs(10)).reason_against ==
        "the input has no more records than these");
  InputSample unknown = even_input(10);
  unknown.total.reset();
  CHECK_FALSE(estimate_whole(unknown, even_costs(10)).reason_against.empty());
}

}  // namespace rare::engine
