// From a few records to the whole input: what it would take, with a range.
//
// How the range is made: the mean over the previewed records plus and minus two standard errors,
// for the records in the input (its bytes over the bytes of a record) and for what a record takes;
// the range of the whole is the product of both lower and of both upper ends. It says how much the
// previewed records differ, and nothing of how the rest of the input may differ from them.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace rare::engine {

struct Range {
  double low = 0, middle = 0, high = 0;
};

// Mean and two standard errors to either side, never below 0. REQUIRES: at least two samples.
Range range_of_mean(const std::vector<double>& samples);

// How much of an input the previewed records are.
struct InputSample {
  std::vector<double> record_sizes;  // in the source's unit, of each record that was read
  std::optional<double> total;       // of the whole input, in that unit
  bool is_whole = false;             // the input has no more records
  std::string reason_against;        // why the whole cannot be known, or empty
};

// What each previewed record took, in the same order in all lists.
struct RecordCosts {
  std::vector<double> prompt_tokens, completion_tokens, calls;
  std::vector<double> latency_s;     // from its reading to its end
  std::vector<double> output_bytes;  // of its rows, as JSON
  std::vector<double> reply_bytes;   // of its requests and replies
  double elapsed_s = 0;              // of the preview as a whole
  bool any_from_store = false;       // a reply took no time because it was stored
  std::vector<double> money;         // of its tokens, by the prices of the pipeline
  bool any_price = false;
  std::set<std::string> unpriced;  // services that took tokens and have no price
};

struct PreviewEstimate {
  std::string reason_against;  // why there is none, or empty
  Range records, prompt_tokens, completion_tokens, calls, disk_bytes;
  std::optional<Range> hours, cost;
  std::string hours_left_out;
  std::string cost_left_out;  // why there is none, or what is not in it; or empty
};

// Fewer records than this say too little.
inline constexpr std::uint64_t kFewestForEstimate = 10;

PreviewEstimate estimate_whole(const InputSample& input, const RecordCosts& costs);

}  // namespace rare::engine
