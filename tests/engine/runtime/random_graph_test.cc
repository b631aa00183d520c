// Nothing is lost: random pipelines give what a plain walk over their plan says, record by record.
//
// RARE_GRAPH_SEED=n checks that graph alone. `./dev fuzz graph [SECONDS]` goes on from a random
// seed.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>

#include "catch.h"
#include "random_graph_check.h"
#include "sanitized.h"

using namespace rare::engine::test;

namespace {

constexpr std::uint64_t kGraphs = rare::testing::kSanitized ? 30 : 300;
constexpr std::uint64_t kResumedGraphs = rare::testing::kSanitized ? 20 : 200;
constexpr int kMostRecords = 60;

std::optional<std::uint64_t> number_from(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return std::nullopt;
  return std::stoull(text);
}

using Report = std::string (*)(std::uint64_t seed, int most_records);

void check_graphs(Report report, std::uint64_t count) {
  std::uint64_t first = 1;
  if (const auto seed = number_from("RARE_GRAPH_SEED")) first = *seed, count = 1;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    CAPTURE(seed);
    const std::string wrong = report(seed, kMostRecords);
    if (!wrong.empty()) FAIL(wrong);
  }
}

}  // namespace

TEST_CASE("a random graph gives what a plain walk over its plan says") {
  check_graphs(undisturbed_report, kGraphs);
}

TEST_CASE("a random graph that is cut short and started again ends as if it never had been") {
  check_graphs(resumed_report, kResumedGraphs);
}

TEST_CASE("from a random seed on, for a time or 10,000 graphs", "[.long]") {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const std::uint64_t first = number_from("RARE_GRAPH_FIRST").value_or(1);
  const auto seconds = number_from("RARE_GRAPH_SECONDS");
  const std::uint64_t graphs = seconds ? ~std::uint64_t{0} : 10'000;
  std::uint64_t done = 0;
  for (; done < graphs; ++done) {
    if (seconds && Clock::now() - begin >= std::chrono::seconds(*seconds)) break;
    const std::uint64_t seed = first + done;
    CAPTURE(seed);
    std::string wrong = undisturbed_report(seed, kMostRecords);
    if (wrong.empty() && done % 4 == 0) wrong = resumed_report(seed, kMostRecords);
    if (!wrong.empty()) FAIL(wrong);
  }
  std::cout << done << " graphs from seed " << first << " on: nothing lost, nothing doubled\n";
}
