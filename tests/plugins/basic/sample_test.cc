#include "sample.h"

#include <algorithm>
#include <set>

#include "basic_fixture.h"

namespace rare::basic {
namespace {

// The ordinals of 0..9999 that are kept, asked for in steps of `step` from `first` on.
std::set<int> kept(double share, std::uint64_t seed, const std::string& node = "sample",
                   int first = 0, int step = 1) {
  testing::TestContext context(node, seed);
  auto op = testing::make<Sample>({{"share", share}});
  std::set<int> ordinals;
  if (!op->open(context).ok()) return ordinals;
  for (int n = first; n < 10000; n += step) {
    const testing::Outcome outcome = testing::run(*op, record(Json::object(), n));
    if (outcome.records.size() == 1 && outcome.filters.empty()) ordinals.insert(n);
  }
  return ordinals;
}

}  // namespace

TEST_CASE("the share is met on average, 0 keeps none and 1 all") {
  CHECK(kept(0, 1).empty());
  CHECK(kept(1, 1).size() == 10000);
  // 0.1 of 10000: the standard deviation is 30.
  CHECK(kept(0.1, 1).size() > 850);
  CHECK(kept(0.1, 1).size() < 1150);
}

TEST_CASE("the seed and the node's name decide, and a larger share keeps what a smaller one did") {
  CHECK(kept(0.1, 1) == kept(0.1, 1));
  CHECK(kept(0.1, 1) != kept(0.1, 2));
  CHECK(kept(0.1, 1) != kept(0.1, 1, "another"));
  const std::set<int> small = kept(0.1, 1), large = kept(0.2, 1);
  CHECK(std::includes(large.begin(), large.end(), small.begin(), small.end()));
}

TEST_CASE("order and threads do not matter to a sample") {
  std::vector<std::set<int>> parts(8);
  on_8_threads([&](int thread) { parts[thread] = kept(0.3, 7, "sample", thread, 8); });
  std::set<int> all;
  for (const std::set<int>& part : parts) all.insert(part.begin(), part.end());
  CHECK(all == kept(0.3, 7));
}

TEST_CASE("children of a record are drawn for apart") {
  Opened<Sample> sample(Json{{"share", 0.5}});
  REQUIRE(sample.status.ok());
  const RecordId parent(0, nullptr, 3);
  int count = 0;
  for (std::uint32_t child = 0; child < 100; ++child) {
    Record one(Json::object(), parent.child({child, 0, true}));
    count += static_cast<int>(testing::run(*sample.op, std::move(one)).records.size());
  }
  CHECK(count > 20);
  CHECK(count < 80);
}

TEST_CASE("what is not sampled is filtered with its reason") {
  Opened<Sample> sample(Json{{"share", 0}});
  CHECK(sample.run(Json::object()).filters == std::vector<std::string>{"not in the sample"});
}

}  // namespace rare::basic
