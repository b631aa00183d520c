// What whole-set nodes take in: kept as it came, cut back, read in the order of the run.
#include "engine/state/gather_spill.h"

#include <algorithm>

#include "catch.h"
#include "rare/random.h"
#include "state_fixture.h"

using namespace rare;
using namespace rare::engine;
using namespace rare::engine::state_test;
using Catch::Matchers::Contains;

namespace {

Record numbered(std::uint64_t n) {
  return Record(Json{{"n", n}, {"text", std::string(n % 50, 'x')}}, RecordId(0, nullptr, n));
}

std::vector<std::uint64_t> read_all(const GatherSpill& spill, std::size_t sort_bytes) {
  auto rows = spill.in_order(sort_bytes);
  REQUIRE(rows.ok());
  std::vector<std::uint64_t> numbers;
  for (;;) {
    auto row = (*rows)->next();
    REQUIRE(row.ok());
    if (!row->has_value()) return numbers;
    numbers.push_back((**row).record.fields().at("n"));
  }
}

Offset fill(GatherSpill& spill, const std::vector<std::uint64_t>& order) {
  for (const std::uint64_t n : order) {
    const std::vector<Record> rows{numbered(n)};
    REQUIRE(spill.append({0, n, 0}, rows).ok());
  }
  auto offset = spill.sync();
  REQUIRE(offset.ok());
  return *offset;
}

std::vector<std::uint64_t> shuffled(std::uint64_t count) {
  std::vector<std::uint64_t> order(count);
  for (std::uint64_t i = 0; i < count; ++i) order[i] = i;
  Random random(7);
  for (std::uint64_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

}  // namespace

TEST_CASE("a row comes back with its identity and its fields as they were") {
  const ScratchFolder folder;
  auto spill = GatherSpill::open(folder / "deep/rows", std::nullopt);
  REQUIRE(spill.ok());
  const auto prefix = std::make_shared<const std::string>("extra");
  const RecordId root(3, prefix, 1ull << 40);
  const RecordId id = root.child({2, 0, true}).child({0, 5, false});
  const Json fields = {{"big", 18446744073709551615ull},
                       {"small", -7},
                       {"half", 0.5},
                       {"none", nullptr},
                       {"text", "ä\n"},
                       {"list", {1, {{"a", true}}}}};
  const std::vector<Record> rows{Record(fields, id)};
  REQUIRE((*spill)->append({2, 1ull << 40, 3}, rows).ok());
  REQUIRE((*spill)->sync().ok());
  auto reading = (*spill)->in_order();
  REQUIRE(reading.ok());
  auto row = (*reading)->next();
  REQUIRE((row.ok() && row->has_value()));
  CHECK((**row).family == RunPlace{2, 1ull << 40, 3});
  CHECK((**row).record.id().to_string() == "extra:1099511627776.2");
  CHECK((**row).record.id().path() == id.path());
  CHECK((**row).record.fields() == fields);
}

TEST_CASE("rows in any order are read in the order of the run, however little memory there is") {
  const ScratchFolder folder;
  auto spill = GatherSpill::open(folder / "rows", std::nullopt);
  REQUIRE(spill.ok());
  fill(**spill, shuffled(3000));
  std::vector<std::uint64_t> expected = shuffled(3000);
  std::sort(expected.begin(), expected.end());
  // 2,000 bytes: about a hundred runs, more than are merged at a time.
  for (const std::size_t sort_bytes : {1u << 20, 20'000u, 2'000u, 1u}) {
    CAPTURE(sort_bytes);
    CHECK(read_all(**spill, sort_bytes) == expected);
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()),
                        std::filesystem::directory_iterator()) == 1);
  }
}

TEST_CASE("what stands beyond the committed offset is cut back") {
  const ScratchFolder folder;
  Offset committed;
  {
    auto spill = GatherSpill::open(folder / "rows", std::nullopt);
    REQUIRE(spill.ok());
    committed = fill(**spill, {0, 1, 2});
    fill(**spill, {5, 4});
  }
  auto spill = GatherSpill::open(folder / "rows", committed);
  REQUIRE(spill.ok());
  fill(**spill, {3});
  CHECK(read_all(**spill, 100) == std::vector<std::uint64_t>{0, 1, 2, 3});
  auto anew = GatherSpill::open(folder / "rows", std::nullopt);
  REQUIRE(anew.ok());
  CHECK(read_all(**anew, 100).empty());
}

TEST_CASE("damage and loss are named, with what to do") {
  const ScratchFolder folder;
  Offset committed;
  {
    auto spill = GatherSpill::open(folder / "rows", std::nullopt);
    REQUIRE(spill.ok());
    committed = fill(**spill, {0, 1, 2});
  }
  const auto bytes = std::filesystem::file_size(folder / "rows");
  SECTION("a bit that flipped") {
    std::fstream file(folder / "rows", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(bytes / 2));
    file.put('\x7f');
    file.close();
    auto spill = GatherSpill::open(folder / "rows", committed);
    REQUIRE(spill.ok());
    auto rows = (*spill)->in_order();
    REQUIRE(rows.ok());
    Status status;
    for (int i = 0; i < 3 && status.ok(); ++i) status = (*rows)->next().status();
    CHECK(status.fault() == Fault::run);
    CHECK_THAT(status.message(), Contains("rows is damaged at byte "));
    CHECK_THAT(status.message(), Contains("Start again with --fresh"));
  }
  SECTION("a file that got shorter") {
    std::filesystem::resize_file(folder / "rows", bytes - 1);
    const auto spill = GatherSpill::open(folder / "rows", committed);
    CHECK_THAT(spill.status().message(), Contains("rows is shorter than what was committed"));
  }
}
