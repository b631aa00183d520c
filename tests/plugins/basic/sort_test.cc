#include "sort.h"

#include <filesystem>

#include "basic_fixture.h"
#include "rare/random.h"

namespace rare::basic {
namespace {

std::vector<Record> records(const std::vector<Json>& fields) {
  std::vector<Record> made;
  for (std::size_t i = 0; i < fields.size(); ++i) made.push_back(record(fields[i], i));
  return made;
}

std::vector<Json> sorted(const Json& parameters, const std::vector<Json>& input) {
  Opened<Sort> sort(parameters);
  INFO(sort.status.message());
  REQUIRE(sort.status.ok());
  const testing::Outcome outcome = testing::gather(*sort.op, records(input));
  INFO(outcome.status.message());
  REQUIRE(outcome.status.ok());
  CHECK(outcome.filters.empty());
  return fields_of(outcome);
}

// Enough for several files at 1 MiB.
std::vector<Json> many() {
  Random random(3);
  std::vector<Json> made;
  for (int i = 0; i < 4000; ++i) {
    made.push_back({{"n", random.below(900)},
                    {"i", i},
                    {"text", std::string(900, static_cast<char>('a' + i % 26))}});
  }
  return made;
}

}  // namespace

TEST_CASE("records are sorted by a field, as jq orders values") {
  const std::vector<Json> input = {{{"v", "b"}},  {{"v", 10}},      {{"v", 9.5}},
                                   {{"w", 0}},    {{"v", "a"}},     {{"v", nullptr}},
                                   {{"v", true}}, {{"v", "\u00e9"}}};
  CHECK(sorted({{"by", "v"}}, input) == std::vector<Json>{{{"w", 0}},
                                                          {{"v", nullptr}},
                                                          {{"v", true}},
                                                          {{"v", 9.5}},
                                                          {{"v", 10}},
                                                          {{"v", "a"}},
                                                          {{"v", "b"}},
                                                          {{"v", "\u00e9"}}});
  CHECK(sorted({{"by", "v"}}, {}).empty());
}

TEST_CASE("several fields, descending, and a jq expression") {
  const Json a1 = {{"x", "a"}, {"y", 1}}, a2 = {{"x", "a"}, {"y", 2}}, b1 = {{"x", "b"}, {"y", 1}};
  CHECK(sorted({{"by", {"x", "y"}}}, {b1, a2, a1}) == std::vector<Json>{a1, a2, b1});
  CHECK(sorted({{"by", {"y", "x"}}}, {b1, a2, a1}) == std::vector<Json>{a1, b1, a2});
  CHECK(sorted({{"by", {"x", "y"}}, {"descending", true}}, {a1, b1, a2}) ==
        std::vector<Json>{b1, a2, a1});
  CHECK(sorted({{"key", ".y * -1, .x"}}, {b1, a1, a2}) == std::vector<Json>{a2, a1, b1});
  CHECK(sorted({{"key", "[.y, .x]"}}, {a2, b1, a1}) == std::vector<Json>{a1, b1, a2});
}

TEST_CASE("equal records stay in their order, also when it is descending") {
  const Json first = {{"v", 1}, {"i", 1}}, second = {{"v", 1.0}, {"i", 2}}, big = {{"v", 2}};
  CHECK(sorted({{"by", "v"}}, {big, first, second}) == std::vector<Json>{first, second, big});
  CHECK(sorted({{"by", "v"}, {"descending", true}}, {first, second, big}) ==
        std::vector<Json>{big, first, second});
}

TEST_CASE("memory and disk give the same records, and ids pass through both") {
  const std::vector<Json> input = many();
  for (const bool descending : {false, true}) {
    const Json parameters = {{"by", "n"}, {"descending", descending}};
    Opened<Sort> memory(parameters);
    Json small = parameters;
    small["memory_limit_mb"] = 1;
    Opened<Sort> disk(small);
    const testing::Outcome in_memory = testing::gather(*memory.op, records(input));
    std::size_t files = 0;
    testing::Outcome on_disk;
    {
      testing::CollectingOutput out(on_disk);
      for (Record& one : records(input)) REQUIRE(disk.op->process(std::move(one), out).ok());
      const std::filesystem::directory_iterator folder(disk.context.scratch_folder());
      files = static_cast<std::size_t>(std::distance(begin(folder), end(folder)));
      CHECK(on_disk.records.empty());
      on_disk.status = disk.op->finish(out);
    }
    CHECK(files >= 4);
    REQUIRE(in_memory.records.size() == input.size());
    CHECK(fields_of(in_memory) == fields_of(on_disk));
    for (std::size_t i = 0; i < input.size(); ++i) {
      REQUIRE(in_memory.records[i].id().to_string() == on_disk.records[i].id().to_string());
      REQUIRE(on_disk.records[i].id().to_string() ==
              std::to_string(on_disk.records[i].fields()["i"].get<int>()));
    }
  }
}

TEST_CASE("a key that fails on a record is that record's fault; the others are sorted") {
  Opened<Sort> sort(Json{{"key", ".v + 1"}});
  testing::Outcome outcome;
  testing::CollectingOutput out(outcome);
  REQUIRE(sort.op->process(record({{"v", 2}}, 0), out).ok());
  const Status bad = sort.op->process(record({{"v", "text"}}, 1), out);
  CHECK(bad.fault() == Fault::record);
  CHECK(bad.message() == "`key` (.v + 1): jq: string (\"text\") and number (1) cannot be added");
  REQUIRE(sort.op->process(record({{"v", 1}}, 2), out).ok());
  REQUIRE(sort.op->finish(out).ok());
  CHECK(fields_of(outcome) == std::vector<Json>{{{"v", 1}}, {{"v", 2}}});
}

TEST_CASE("sort wants one way of saying what to sort by") {
  CHECK(open_error<Sort>(Json::object()) ==
        "give `by`, a field or a list of fields, or `key`, a jq expression");
  CHECK(open_error<Sort>({{"by", {"a"}}, {"key", ".a"}}) ==
        "`by` and `key` exclude each other: take one of them out");
  CHECK(open_error<Sort>({{"key", ".["}}) ==
        "parameter `key`: jq cannot compile `.[`: syntax error, unexpected $end, line 1");
}

}  // namespace rare::basic
