// Random records, written and read back, are equal; in both formats and from any break.
#include <cstring>

#include "catch.h"
#include "rare/random.h"
#include "write_fixture.h"

using rare::Json;
using rare::Random;
using namespace rare::files::test;

namespace {

std::string random_text(Random& random) {
  static const char* const kPieces[] = {"a",    "\"", "\\", "\n", "\r",     "\t",     "\x01",
                                        "{",    "]",  ",",  " ",  "é",      "\u2028", "😀",
                                        "\x7f", "/",  "中", "0",  "\uffff", "true"};
  std::string text;
  for (std::uint64_t i = random.below(20); i > 0; --i) text += kPieces[random.below(20)];
  if (random.below(20) == 0) text += std::string(1, '\0');
  return text;
}

double random_double(Random& random) {
  for (;;) {
    const std::uint64_t bits = random.next();
    double number = 0;
    std::memcpy(&number, &bits, sizeof(number));
    if (number - number == 0) return number;  // finite
  }
}

Json random_value(Random& random, int depth) {
  switch (random.below(depth > 0 ? 9 : 7)) {
    case 0:
      return nullptr;
    case 1:
      return random.below(2) == 1;
    case 2:
      return random.next();
    case 3:
      return -static_cast<std::int64_t>(random.next() >> 1);
    case 4:
      return random_double(random);
    case 5:
    case 6:
      return random_text(random);
    case 7: {
      Json array = Json::array();
      for (std::uint64_t i = random.below(5); i > 0; --i) {
        array.push_back(random_value(random, depth - 1));
      }
      return array;
    }
    default: {
      Json object = Json::object();
      for (std::uint64_t i = random.below(5); i > 0; --i) {
        object[random_text(random)] = random_value(random, depth - 1);
      }
      return object;
    }
  }
}

Json random_record(Random& random) {
  Json object = Json::object();
  for (std::uint64_t i = random.below(6); i > 0; --i) {
    object[random_text(random)] = random_value(random, 4);
  }
  return object;
}

}  // namespace

TEST_CASE("random records come back equal, as JSON Lines and as an array") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    std::vector<Json> records;
    for (std::uint64_t i = random.below(60); i > 0; --i) records.push_back(random_record(random));

    const Folder folder;
    const std::string path = folder.path("out.jsonl");
    rare::testing::TestContext context;
    const auto sink = sink_of(path);
    REQUIRE(sink->open(context, std::nullopt).ok());
    for (const Json& record : records) REQUIRE(sink->accept(rare::Record(record)).ok());
    REQUIRE(write_rows(*sink, records).ok());
    REQUIRE(sink->finalise().ok());

    const Reading lines = read_files({path});
    CHECK_FALSE(lines.fault);
    CHECK(lines.errors.empty());
    CHECK(lines.records == records);

    const std::string array = Json(records).dump(static_cast<int>(random.below(4)) - 1);
    const Reading elements = read_files({folder.write("in.json", array)});
    CHECK_FALSE(elements.fault);
    CHECK(elements.errors.empty());
    CHECK(elements.records == records);
  }
}

TEST_CASE("records go through every format and come back equal") {
  const std::vector<std::string> kNames{"a", "b,\"\n", "c"};
  for (std::uint64_t seed = 0; seed < 15; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    // What a table can hold: all fields in each, of texts, numbers, true, false and null.
    std::vector<Json> records;
    for (std::uint64_t i = random.below(40); i > 0; --i) {
      Json record = Json::object();
      for (const std::string& name : kNames) record[name] = random_value(random, 0);
      records.push_back(std::move(record));
    }
    const Folder folder;
    std::vector<Json> passed = records;
    for (const std::string name : {"first.jsonl", "a.csv", "b.json.gz", "c.tsv.zst", "d.jsonl.zst",
                                   "e.csv.gz", "f.parquet", "g.json"}) {
      INFO(name);
      rare::testing::TestContext context;
      const auto sink = sink_of(folder.path(name), {{"fields", kNames}});
      REQUIRE(sink->open(context, std::nullopt).ok());
      for (const Json& record : passed) REQUIRE(sink->accept(rare::Record(record)).ok());
      REQUIRE(write_rows(*sink, passed).ok());
      REQUIRE(sink->finalise().ok());
      const Reading reading = read_files({folder.path(name)}, {{"infer", true}});
      CHECK_FALSE(reading.fault);
      CHECK(reading.errors.empty());
      CHECK(reading.records == records);
      passed = reading.records;
    }
  }
}
