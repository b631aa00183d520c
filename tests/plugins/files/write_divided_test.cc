// Outputs of several files: `max_records_per_file`; and finished outputs that get more rows.
#include "catch.h"
#include "part_names.h"
#include "write_fixture.h"

using rare::Json;
using rare::Offset;
using namespace rare::files;
using namespace rare::files::test;
using Catch::Matchers::Contains;

namespace {

rare::testing::TestContext& divided_context() {
  static rare::testing::TestContext one;
  return one;
}

std::vector<Json> numbers(int from, int to) {
  std::vector<Json> rows;
  for (int n = from; n < to; ++n) rows.push_back({{"n", n}});
  return rows;
}

std::optional<Offset> kept_offset(WriteSink& sink) {
  const auto offset = sink.sync();
  REQUIRE(offset.ok());
  return Offset{Json::parse(offset->token.dump())};
}

// The rows of `files`, by file.
std::vector<std::vector<Json>> rows_by_file(const std::vector<std::string>& files) {
  std::vector<std::vector<Json>> rows;
  for (const std::string& file : files) {
    Reading reading = read_files({file}, Json{{"infer", true}});
    INFO((reading.fault ? reading.fault->message() : std::string()));
    REQUIRE_FALSE(reading.fault);
    rows.push_back(std::move(reading.records));
  }
  return rows;
}

struct DividedKind {
  std::string name;
  Json parameters = Json::object();
};

DividedKind any_divided_kind() {
  return GENERATE(DividedKind{"rows.jsonl"}, DividedKind{"rows.jsonl.zst"},
                  DividedKind{"rows.json"}, DividedKind{"rows.csv.gz", {{"fields", {"n"}}}},
                  DividedKind{"rows.csv"}, DividedKind{"rows.parquet"});
}

}  // namespace

TEST_CASE("a number stands before the extensions") {
  CHECK(PartNames("out/rare.jsonl.gz", true).name(7) == "out/rare-00007.jsonl.gz");
  CHECK(PartNames("out.d/rare", true).name(123'456) == "out.d/rare-123456");
  CHECK(PartNames("out/.hidden", true).name(0) == "out/.hidden-00000");
  CHECK(PartNames("a.b/c.tar.jsonl", true).pattern() == "a.b/c.tar-*.jsonl");
  CHECK(PartNames("a.jsonl", false).name(0) == "a.jsonl");
}

TEST_CASE("what a longer output has left goes, with gaps in it and however long") {
  const Folder folder;
  const PartNames names(folder.path("rows.jsonl.gz"), true);
  const bool is_long = GENERATE(false, true);
  std::vector<int> left{1, 2, 5, 70, 99'998, 100'001};
  if (is_long) left = {2, 99'999, 100'000, 100'001};
  for (const int part : left) std::ofstream(names.name(part)) << "older";
  std::vector<std::string> others{"rows-20240101.jsonl.gz", "rows-0003.jsonl.gz",
                                  "rows-0000x.jsonl.gz",    "rows-+0003.jsonl.gz",
                                  "rows-00003.jsonl",       "rows-00003.jsonl.gz.part",
                                  "more-00003.jsonl.gz"};
  if (!is_long) others.push_back("rows-100001.jsonl.gz");  // of no output: 99999 is missing
  for (const std::string& name : others) std::ofstream(folder.path(name)) << "another";
  REQUIRE(names.remove_from(2).ok());
  for (const int part : left) {
    if (!is_long && part == 100'001) continue;
    INFO(part);
    CHECK(exists(names.name(part)) == (part < 2));
  }
  for (const std::string& name : others) {
    INFO(name);
    CHECK(exists(folder.path(name)));
  }
  REQUIRE(names.remove_from(3, kWorkingSuffix).ok());
  CHECK_FALSE(exists(folder.path("rows-00003.jsonl.gz.part")));
  CHECK(PartNames(folder.path("none/rows.jsonl"), true).remove_from(0).code() ==
        rare::StatusCode::invalid_argument);
}

TEST_CASE("an output is divided, and wherever its writer is killed it is the same") {
  DividedKind kind = any_divided_kind();
  const Folder folder;
  kind.parameters["max_records_per_file"] = 3;
  const std::string path = folder.path(kind.name);
  // An older output was longer, and nothing of it may be taken for a part of this one.
  const PartNames names(path, true);
  for (const int part : {0, 1, 2, 3, 4, 6, 7, 8}) std::ofstream(names.name(part)) << "older";
  std::optional<Offset> committed;
  int written = 0;
  for (const int stop : {0, 1, 3, 4, 8, 10}) {
    const auto sink = sink_of(path, kind.parameters);
    REQUIRE(sink->open(divided_context(), committed).ok());
    REQUIRE(write_rows(*sink, numbers(written, stop)).ok());
    committed = kept_offset(*sink);
    written = stop;
    // Not committed: as if the process had died behind it.
    REQUIRE(write_rows(*sink, numbers(50, 57)).ok());
    REQUIRE(sink->sync().ok());
    CHECK(Folder::read(names.name(0)) == "older");
  }
  const auto sink = sink_of(path, kind.parameters);
  REQUIRE(sink->open(divided_context(), committed).ok());
  CHECK(sink->position().has_value() == (kind.name == "rows.csv" || kind.name == "rows.parquet"));
  REQUIRE(sink->finalise().ok());
  REQUIRE(sink->finalise().ok());
  const std::vector<std::string> files = sink->locations();
  REQUIRE(files.size() == 4);
  CHECK(rows_by_file(files) == std::vector<std::vector<Json>>{numbers(0, 3), numbers(3, 6),
                                                              numbers(6, 9), numbers(9, 10)});
  for (const int part : {4, 6, 7, 8}) CHECK_FALSE(exists(names.name(part)));
  CHECK(sink->in_place_up_to(*committed));
  CHECK_THAT(sink->location(), Contains("rows-*."));
  // The start after a death between two names.
  const auto repeated = sink_of(path, kind.parameters);
  REQUIRE(repeated->open(divided_context(), committed).ok());
  REQUIRE(repeated->finalise().ok());
  CHECK(rows_by_file(files) == std::vector<std::vector<Json>>{numbers(0, 3), numbers(3, 6),
                                                              numbers(6, 9), numbers(9, 10)});
  std::filesystem::remove(files[2]);
  CHECK_FALSE(repeated->in_place_up_to(*committed));
  CHECK(repeated->in_place());
}

TEST_CASE("an end that was cut between two names goes on with the next") {
  const Folder folder;
  const std::string path = folder.path("rows.jsonl");
  const Json parameters{{"max_records_per_file", 2}};
  std::optional<Offset> committed;
  {
    const auto sink = sink_of(path, parameters);
    REQUIRE(sink->open(divided_context(), std::nullopt).ok());
    REQUIRE(write_rows(*sink, numbers(0, 5)).ok());
    committed = kept_offset(*sink);
  }
  const PartNames names(path, true);
  std::filesystem::rename(part(names.name(0)), names.name(0));
  SECTION("all are there in the end") {
    const auto sink = sink_of(path, parameters);
    REQUIRE(sink->open(divided_context(), committed).ok());
    REQUIRE(sink->finalise().ok());
    CHECK(rows_by_file(sink->locations()) ==
          std::vector<std::vector<Json>>{numbers(0, 2), numbers(2, 4), numbers(4, 5)});
  }
  SECTION("one that is not as it was is refused") {
    std::filesystem::resize_file(part(names.name(1)), 3);
    const rare::Status opened = sink_of(path, parameters)->open(divided_context(), committed);
    CHECK_THAT(opened.message(), Contains("into its first 2 files") && Contains("--fresh"));
    std::filesystem::remove(part(names.name(1)));
    CHECK_THAT(sink_of(path, parameters)->open(divided_context(), committed).message(),
               Contains("rows-00001.jsonl.part: expected what an earlier start wrote"));
  }
}

TEST_CASE("two writers of one divided output exclude each other") {
  const Folder folder;
  const Json parameters{{"max_records_per_file", 1}};
  const auto first = sink_of(folder.path("rows.jsonl"), parameters);
  REQUIRE(first->open(divided_context(), std::nullopt).ok());
  REQUIRE(write_rows(*first, numbers(0, 3)).ok());
  const auto second = sink_of(folder.path("rows.jsonl"), parameters);
  CHECK_THAT(second->open(divided_context(), std::nullopt).message(),
             Contains("is being written by another run"));
}

TEST_CASE("a copy of a divided output is whole") {
  const DividedKind kind = GENERATE(DividedKind{"rows.json"}, DividedKind{"rows.parquet"});
  const Folder folder;
  const auto sink = sink_of(folder.path(kind.name), Json{{"max_records_per_file", 2}});
  REQUIRE(sink->open(divided_context(), std::nullopt).ok());
  REQUIRE(write_rows(*sink, numbers(0, 3)).ok());
  REQUIRE(sink->sync().ok());
  REQUIRE(sink->publish_copy().ok());
  CHECK(rows_by_file(sink->locations()) ==
        std::vector<std::vector<Json>>{numbers(0, 2), numbers(2, 3)});
  REQUIRE(write_rows(*sink, numbers(3, 5)).ok());
  REQUIRE(sink->sync().ok());
  REQUIRE(sink->finalise().ok());
  CHECK(rows_by_file(sink->locations()) ==
        std::vector<std::vector<Json>>{numbers(0, 2), numbers(2, 4), numbers(4, 5)});
}

TEST_CASE("a finished output of any kind takes more rows, and a kill on the way costs none") {
  DividedKind kind = any_divided_kind();
  const int per_file = GENERATE(0, 3);
  if (per_file > 0) kind.parameters["max_records_per_file"] = per_file;
  const Folder folder;
  const std::string path = folder.path(kind.name);
  const int rows = GENERATE(0, 3);
  std::optional<Offset> committed;
  {
    const auto sink = sink_of(path, kind.parameters);
    REQUIRE(sink->open(divided_context(), std::nullopt).ok());
    REQUIRE(write_rows(*sink, numbers(0, rows)).ok());
    committed = kept_offset(*sink);
    REQUIRE(sink->finalise().ok());
  }
  // Two starts that die before they commit.
  for (int start = 0; start < 2; ++start) {
    const auto sink = sink_of(path, kind.parameters);
    const rare::Status opened = sink->open(divided_context(), committed);
    INFO(opened.message());
    REQUIRE(opened.ok());
    REQUIRE(write_rows(*sink, numbers(70, 75)).ok());
    REQUIRE(sink->sync().ok());
  }
  {
    const auto sink = sink_of(path, kind.parameters);
    REQUIRE(sink->open(divided_context(), committed).ok());
    REQUIRE(write_rows(*sink, numbers(rows, 4)).ok());
    committed = kept_offset(*sink);
    REQUIRE(write_rows(*sink, numbers(60, 65)).ok());
    REQUIRE(sink->sync().ok());
  }
  const auto sink = sink_of(path, kind.parameters);
  REQUIRE(sink->open(divided_context(), committed).ok());
  REQUIRE(write_rows(*sink, numbers(4, 5)).ok());
  committed = kept_offset(*sink);
  REQUIRE(sink->finalise().ok());
  std::vector<Json> all;
  for (const std::vector<Json>& one : rows_by_file(sink->locations())) {
    all.insert(all.end(), one.begin(), one.end());
  }
  CHECK(all == numbers(0, 5));
  CHECK(sink->locations().size() == (per_file > 0 ? 2 : 1));
  const auto later = sink_of(path, kind.parameters);
  REQUIRE(later->open(divided_context(), committed).ok());
  REQUIRE(later->finalise().ok());
  CHECK(later->in_place_up_to(*committed));
}

TEST_CASE("the columns of a CSV file without fields are what its rows hold") {
  const std::string name = GENERATE("a.csv", "a.csv.gz");
  const Folder folder;
  const auto sink = sink_of(folder.path(name));
  REQUIRE(sink->open(divided_context(), std::nullopt).ok());
  const std::vector<Json> rows{{{"b", 1}}, {{"a", "x, y"}, {"b", nullptr}}, {{"c", {1, 2}}}};
  REQUIRE(write_rows(*sink, rows).ok());
  REQUIRE(sink->sync().ok());
  REQUIRE(sink->finalise().ok());
  const Reading back = read_files({folder.path(name)}, Json{{"infer", true}});
  REQUIRE_FALSE(back.fault);
  CHECK(back.records == std::vector<Json>{{{"a", nullptr}, {"b", 1}, {"c", nullptr}},
                                          {{"a", "x, y"}, {"b", nullptr}, {"c", nullptr}},
                                          {{"a", nullptr}, {"b", nullptr}, {"c", "[1,2]"}}});
  if (name == "a.csv") {
    CHECK(Folder::read(folder.path(name)) == "a,b,c\n,1,\n\"x, y\",,\n,,\"[1,2]\"\n");
  }
}
