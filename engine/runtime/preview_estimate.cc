#include "engine/runtime/preview_estimate.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/config/name_list.h"

namespace rare::engine {
namespace {

Range product(const Range& a, const Range& b) {
  return {a.low * b.low, a.middle * b.middle, a.high * b.high};
}

Range sum(const Range& a, const Range& b) {
  return {a.low + b.low, a.middle + b.middle, a.high + b.high};
}

// `of` over a range of sizes: large records make few of them.
Range quotient(double of, const Range& by) {
  if (by.middle <= 0) return {0, 0, 0};
  // A lower end of 0 would make the upper one endless: no record is smaller than a tenth of the
  // mean.
  const double least = std::max(by.low, by.middle / 10);
  return {of / by.high, of / by.middle, of / least};
}

// The pace of the preview, widened as the records' own times differ.
Range hours_of(const Range& records, const RecordCosts& costs) {
  constexpr double kSecondsPerHour = 3600;
  const Range latency = range_of_mean(costs.latency_s);
  const double pace_s = costs.elapsed_s / static_cast<double>(costs.latency_s.size());
  if (latency.middle <= 0)
    return product(records, {0, pace_s / kSecondsPerHour, pace_s / kSecondsPerHour});
  const double each = pace_s / kSecondsPerHour / latency.middle;
  return product(records, {latency.low * each, latency.middle * each, latency.high * each});
}

std::string unpriced_text(const RecordCosts& costs) {
  const std::string remedy =
      "`prices: { SERVICE: { prompt: 0.25, completion: 1.0 } }` says what a million tokens cost";
  if (!costs.any_price) return "nothing has a price: " + remedy;
  return costs.unpriced.empty() ? "" : "no price has " + joined(costs.unpriced) + ": " + remedy;
}

}  // namespace

Range range_of_mean(const std::vector<double>& samples) {
  const auto count = static_cast<double>(samples.size());
  const double mean = std::accumulate(samples.begin(), samples.end(), 0.0) / count;
  double squares = 0;
  for (const double sample : samples) squares += (sample - mean) * (sample - mean);
  const double standard_error = std::sqrt(squares / (count - 1) / count);
  return {std::max(0.0, mean - 2 * standard_error), mean, mean + 2 * standard_error};
}

PreviewEstimate estimate_whole(const InputSample& input, const RecordCosts& costs) {
  PreviewEstimate result;
  if (!input.reason_against.empty()) {
    result.reason_against = input.reason_against;
    return result;
  }
  if (input.is_whole) {
    result.reason_against = "the input has no more records than these";
    return result;
  }
  if (input.record_sizes.size() < kFewestForEstimate ||
      costs.latency_s.size() < kFewestForEstimate) {
    result.reason_against = "it takes at least " + std::to_string(kFewestForEstimate) +
                            " records (-n " + std::to_string(kFewestForEstimate) + " or more)";
    return result;
  }
  if (!input.total) {
    result.reason_against = "the source does not say how large its input is";
    return result;
  }
  result.records = quotient(*input.total, range_of_mean(input.record_sizes));
  const auto whole = [&](const std::vector<double>& each) {
    return product(result.records, range_of_mean(each));
  };
  result.prompt_tokens = whole(costs.prompt_tokens);
  result.completion_tokens = whole(costs.completion_tokens);
  result.calls = whole(costs.calls);
  result.disk_bytes = sum(whole(costs.output_bytes), whole(costs.reply_bytes));
  if (costs.any_price) result.cost = whole(costs.money);
  result.cost_left_out = unpriced_text(costs);
  if (costs.any_from_store) {
    result.hours_left_out = "some replies came from the store and took no time";
  } else {
    result.hours = hours_of(result.records, costs);
  }
  return result;
}

}  // namespace rare::engine
