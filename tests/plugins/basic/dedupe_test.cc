#include "dedupe.h"

#include <set>

#include "basic_fixture.h"

namespace rare::basic {
namespace {

// The ordinals of what passes.
std::vector<std::string> passed(const Json& parameters, const std::vector<Json>& input) {
  Opened<Dedupe> dedupe(parameters);
  REQUIRE(dedupe.status.ok());
  std::vector<Record> records;
  for (std::size_t i = 0; i < input.size(); ++i) records.push_back(record(input[i], i));
  const testing::Outcome outcome = testing::gather(*dedupe.op, std::move(records));
  INFO(outcome.status.message());
  REQUIRE(outcome.status.ok());
  CHECK(outcome.records.size() + outcome.filters.size() == input.size());
  for (const std::string& reason : outcome.filters) CHECK(reason == "duplicate");
  std::vector<std::string> ids;
  for (const Record& one : outcome.records) ids.push_back(one.id().to_string());
  return ids;
}

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("the first of records with an equal field passes, the others are duplicates") {
  CHECK(passed({{"field", "t"}}, {{{"t", "a"}, {"n", 1}},
                                  {{"t", "b"}},
                                  {{"t", "a"}, {"n", 2}},
                                  {{"t", "A"}},
                                  {{"t", "\u00e9"}},
                                  {{"t", "e\u0301"}},
                                  {{"t", nullptr}},
                                  {{"t", nullptr}}}) == Ids{"0", "1", "3", "4", "5", "6"});
  CHECK(passed({{"field", "t"}}, {}).empty());
}

TEST_CASE("several fields are compared together, none means the whole record") {
  const std::vector<Json> input = {{{"a", "x"}, {"b", "yz"}, {"c", 1}},
                                   {{"a", "xy"}, {"b", "z"}, {"c", 1}},
                                   {{"a", "x"}, {"b", "yz"}, {"c", 2}},
                                   {{"a", "x"}, {"b", "yz"}, {"c", 1.0}}};
  CHECK(passed({{"field", {"a", "b"}}}, input) == Ids{"0", "1"});
  CHECK(passed(Json::object(), input) == Ids{"0", "1", "2"});
}

TEST_CASE("a record without the field is an error, no duplicate") {
  Opened<Dedupe> dedupe(Json{{"field", {"a", "b"}}});
  const testing::Outcome outcome = dedupe.run({{"a", 1}});
  CHECK(outcome.status.message() == "the record has no field 'b'");
  CHECK(outcome.status.fault() == Fault::record);
  CHECK(outcome.filters.empty());
}

TEST_CASE("memory and disk find the same duplicates") {
  testing::TestContext context;
  DigestSet memory(context, std::size_t{1} << 30), disk(context, 64 * 1000);
  std::set<int> seen;
  for (int i = 0; i < 20000; ++i) {
    const int value = (i * 7919) % 6000;
    const Digest digest = digest_of(std::to_string(value));
    const bool expected = seen.insert(value).second;
    const Result<bool> in_memory = memory.insert(digest), on_disk = disk.insert(digest);
    REQUIRE(in_memory.ok());
    REQUIRE(on_disk.ok());
    REQUIRE(*in_memory == expected);
    REQUIRE(*on_disk == expected);
    if (i == 998) REQUIRE_FALSE(disk.is_on_disk());
    if (i == 1000) REQUIRE(disk.is_on_disk());
  }
  CHECK_FALSE(memory.is_on_disk());
}

TEST_CASE("past the limit of memory dedupe goes on on disk") {
  Opened<Dedupe> dedupe(Json{{"field", "n"}, {"memory_limit_mb", 1}});
  testing::Outcome outcome;
  testing::CollectingOutput out(outcome);
  // 1 MiB holds 16384 digests.
  for (int i = 0; i < 40000; ++i) {
    REQUIRE(dedupe.op->process(record({{"n", i % 20000}}, i), out).ok());
  }
  REQUIRE(dedupe.op->finish(out).ok());
  CHECK(outcome.records.size() == 20000);
  CHECK(outcome.filters.size() == 20000);
  CHECK(outcome.records.back().id().to_string() == "19999");
}

TEST_CASE("a digest is the first half of the SHA-256") {
  // FIPS 180-4's example "abc": ba7816bf 8f01cfea 414140de 5dae2223 ...
  const Digest digest = digest_of("abc");
  CHECK(digest == Digest{0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde,
                         0x5d, 0xae, 0x22, 0x23});
}

}  // namespace rare::basic
