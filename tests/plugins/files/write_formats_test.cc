// Outputs other than JSON Lines: an array, CSV, and a format that is written whole.
#include "catch.h"
#include "format_library.h"
#include "write_fixture.h"

using rare::Json;
using rare::Offset;
using rare::StatusCode;
using namespace rare::files;
using namespace rare::files::test;
using Catch::Matchers::Contains;

namespace {

rare::testing::TestContext& formats_context() {
  static rare::testing::TestContext one;
  return one;
}

// So large that frames of compressed files end between them.
constexpr std::size_t kLargeRowBytes = 300'000;

std::vector<Json> rows_between(int from, int to, std::size_t row_bytes = 0) {
  std::vector<Json> rows;
  for (int n = from; n < to; ++n) {
    std::string text = "\"a\nb\", " + std::to_string(n);
    while (text.size() < row_bytes) text += "\n\"line of " + std::to_string(n) + "\",";
    rows.push_back({{"n", n}, {"t", std::move(text)}});
  }
  return rows;
}

struct Kind {
  std::string name;  // of the file
  Json parameters;
  std::string none, two;  // what stands in it
};

Kind any_kind() {
  const Json columns{{"fields", {"n", "t"}}};
  const std::string whole_rows =
      "{\"n\":0,\"t\":\"\\\"a\\nb\\\", 0\"}\n{\"n\":1,\"t\":\"\\\"a\\nb\\\", 1\"}\n";
  return GENERATE_COPY(
      Kind{"out.json", Json::object(), "[]\n",
           "[{\"n\":0,\"t\":\"\\\"a\\nb\\\", 0\"}\n,{\"n\":1,\"t\":\"\\\"a\\nb\\\", 1\"}\n]\n"},
      Kind{"out.csv", columns, "n,t\n", "n,t\n0,\"\"\"a\nb\"\", 0\"\n1,\"\"\"a\nb\"\", 1\"\n"},
      Kind{"out.tsv", columns, "n\tt\n", "n\tt\n0\t\"\"\"a\nb\"\", 0\"\n1\t\"\"\"a\nb\"\", 1\"\n"},
      Kind{"out.parquet", Json::object(), "whole\n0\n", "whole\n" + whole_rows + "2\n"});
}

std::string write_file(const std::string& path, const Json& parameters, int rows,
                       std::size_t row_bytes = 0) {
  const auto sink = sink_of(path, parameters);
  const rare::Status opened = sink->open(formats_context(), std::nullopt);
  INFO(opened.message());
  REQUIRE(opened.ok());
  REQUIRE(write_rows(*sink, rows_between(0, rows, row_bytes)).ok());
  REQUIRE(sink->sync().ok());
  REQUIRE(sink->finalise().ok());
  CHECK_FALSE(exists(part(path)));
  return Folder::read(path);
}

Offset stored(const rare::Result<Offset>& offset) {
  REQUIRE(offset.ok());
  return Offset{Json::parse(offset->token.dump())};
}

// Each start writes rows that it does not commit, and bytes beyond them: both are on the disk when
// the next one comes.
void check_kills(const Kind& kind, const std::string& packed, std::size_t row_bytes) {
  const Folder folder;
  const std::string whole =
      write_file(folder.path("whole_" + kind.name + packed), kind.parameters, 9, row_bytes);
  const std::string path = folder.path(kind.name + packed);
  std::optional<Offset> committed;
  int written = 0;
  for (const int stop : {0, 1, 2, 5, 9}) {
    const auto sink = sink_of(path, kind.parameters);
    REQUIRE(sink->open(formats_context(), committed).ok());
    REQUIRE(write_rows(*sink, rows_between(written, stop, row_bytes)).ok());
    committed = stored(sink->sync());
    written = stop;
    REQUIRE(sink->publish_copy().ok());
    if (stop == 9) {
      REQUIRE(sink->finalise().ok());
      continue;
    }
    const std::string kept = Folder::read(part(path));
    REQUIRE(write_rows(*sink, rows_between(50, row_bytes > 0 ? 55 : 60, row_bytes)).ok());
    REQUIRE(sink->sync().ok());
    if (packed.empty() || row_bytes > 0) CHECK(Folder::read(part(path)).size() > kept.size());
    std::ofstream(part(path), std::ios::binary | std::ios::app)
        << std::string(whole.size() + 1, '#');
  }
  CHECK(Folder::read(path) == whole);
  const auto repeated = sink_of(path, kind.parameters);
  REQUIRE(repeated->open(formats_context(), committed).ok());
  REQUIRE(repeated->finalise().ok());
  CHECK(Folder::read(path) == whole);
}

}  // namespace

TEST_CASE("what the formats look like, and that they are in place whole") {
  const Kind kind = any_kind();
  const Folder folder;
  CHECK(write_file(folder.path("none_" + kind.name), kind.parameters, 0) == kind.none);
  CHECK(write_file(folder.path(kind.name), kind.parameters, 2) == kind.two);
}

TEST_CASE("wherever a writer of any format is killed and goes on, the file is the same") {
  const Kind kind = any_kind();
  const std::string packed = GENERATE("", ".gz");
  if (!packed.empty() && kind.name == "out.parquet") return;
  check_kills(kind, packed, 0);
}

TEST_CASE("wherever a writer is killed between frames and goes on, the file is the same") {
  const Json columns{{"fields", {"n", "t"}}};
  check_kills(Kind{"out.csv", columns, "", ""}, ".zst", kLargeRowBytes);
  check_kills(Kind{"out.json", Json::object(), "", ""}, ".gz", kLargeRowBytes);
}

TEST_CASE("a published part of any format is a whole file") {
  const Kind kind = any_kind();
  const Folder folder;
  const std::string path = folder.path(kind.name);
  const auto sink = sink_of(path, kind.parameters);
  REQUIRE(sink->open(formats_context(), std::nullopt).ok());
  REQUIRE(write_rows(*sink, rows_between(0, 2)).ok());
  REQUIRE(sink->sync().ok());
  REQUIRE(sink->publish_copy().ok());
  CHECK(Folder::read(path) == kind.two);
}

TEST_CASE("rows of any finished format are taken over, the first or not") {
  const Kind kind = any_kind();
  const std::string packed = GENERATE("", ".zst");
  if (!packed.empty() && kind.name == "out.parquet") return;
  const bool first_is_old = GENERATE(true, false);
  const std::size_t row_bytes = GENERATE(std::size_t{0}, kLargeRowBytes);
  if (row_bytes > 0 && (packed.empty() || kind.name == "out.tsv")) return;
  const Folder folder;
  const std::string whole =
      write_file(folder.path("whole_" + kind.name + packed), kind.parameters, 6, row_bytes);
  const std::string path = folder.path(kind.name + packed);
  std::vector<Offset> places;
  {
    const auto sink = sink_of(path, kind.parameters);
    REQUIRE(sink->open(formats_context(), std::nullopt).ok());
    places.push_back(*sink->position());
    if (first_is_old) REQUIRE(write_rows(*sink, rows_between(90, 91, row_bytes)).ok());
    places.push_back(*sink->position());
    REQUIRE(write_rows(*sink, rows_between(first_is_old ? 0 : 1, 3, row_bytes)).ok());
    places.push_back(*sink->position());
    REQUIRE(write_rows(*sink, rows_between(91, 93, row_bytes)).ok());
    places.push_back(*sink->position());
    REQUIRE(write_rows(*sink, rows_between(4, 6, row_bytes)).ok());
    places.push_back(stored(sink->sync()));
    REQUIRE(sink->finalise().ok());
  }
  const auto sink = sink_of(path, kind.parameters);
  REQUIRE(sink->open(formats_context(), std::nullopt).ok());
  REQUIRE(sink->copy_finished(places[0], places[0]).ok());
  if (!first_is_old) REQUIRE(write_rows(*sink, rows_between(0, 1, row_bytes)).ok());
  REQUIRE(sink->copy_finished(places[1], places[2]).ok());
  REQUIRE(write_rows(*sink, rows_between(3, 4, row_bytes)).ok());
  REQUIRE(sink->copy_finished(places[3], places[4]).ok());
  CHECK(stored(sink->sync()).token["rows"] == 6);
  REQUIRE(sink->finalise().ok());
  CHECK(Folder::read(path) == whole);
}

TEST_CASE("a CSV cell is quoted where it would be read as something else") {
  const Folder folder;
  const std::string path = folder.path("out.csv");
  const auto sink = sink_of(path, {{"fields", {"a", "b;c"}}});
  REQUIRE(sink->open(formats_context(), std::nullopt).ok());
  REQUIRE(write_rows(*sink, {{{"a", "1"}, {"b;c", 1}},
                             {{"a", ""}, {"b;c", nullptr}},
                             {{"a", "true"}, {"b;c", true}},
                             {{"a", "x;y"}},
                             {{"a", {{"k", "v"}}}, {"b;c", {1.5, "z"}}}})
              .ok());
  REQUIRE(sink->finalise().ok());
  CHECK(Folder::read(path) ==
        "a,\"b;c\"\n\"1\",1\n\"\",\n\"true\",true\nx;y,\n\"{\"\"k\"\":\"\"v\"\"}\",\"[1.5,"
        "\"\"z\"\"]\"\n");
  CHECK_THAT(sink->accept(rare::Record(Json{{"a", "\xff"}})).message(),
             Contains("field \"a\": expected UTF-8 text"));
}

TEST_CASE("a CSV output with a field twice is refused when it opens") {
  const Folder folder;
  const auto refusal = [&folder](const Json& parameters) {
    const rare::Status status =
        sink_of(folder.path("out.csv"), parameters)->open(formats_context(), std::nullopt);
    CHECK(status.code() == StatusCode::invalid_argument);
    CHECK(status.fault() == rare::Fault::run);
    return status.message();
  };
  CHECK_THAT(refusal({{"fields", {"a", "a"}}}), Contains("came \"a\" twice"));
  CHECK_THAT(sink_of(folder.path("out.bin"))->open(formats_context(), std::nullopt).message(),
             Contains("out.bin: expected one of the extensions .jsonl, .ndjson, .json, .csv"));
}

TEST_CASE(
    "a file that is written whole packs itself, and is known by its rows when it is finished") {
  const Folder folder;
  const auto packed = sink_of(folder.path("out.parquet"), {{"compression", "snappy"}});
  CHECK(packed->open(formats_context(), std::nullopt).ok());
  const auto lines = sink_of(folder.path("out.jsonl"), {{"compression", "snappy"}});
  CHECK_THAT(lines->open(formats_context(), std::nullopt).message(),
             Contains("packs the pages of Parquet files alone"));
  const std::string path = folder.path("done.parquet");
  Offset committed;
  {
    const auto sink = sink_of(path);
    REQUIRE(sink->open(formats_context(), std::nullopt).ok());
    REQUIRE(write_rows(*sink, rows_between(0, 2)).ok());
    committed = stored(sink->sync());
    REQUIRE(sink->finalise().ok());
  }
  // Another file of that name is not what was made of rows that are gone.
  write_file(path, Json::object(), 3);
  CHECK_THAT(sink_of(path)->open(formats_context(), committed).message(),
             Contains("expected the 2 rows that an earlier start wrote") && Contains("came 3"));
}

TEST_CASE("a library of a format that is not there or is none is told") {
  const Folder folder;
  CHECK_THAT(load_format(folder.path("none"), "parquet").status().message(),
             Contains("this build has no library"));
  folder.write("librare_parquet.so", "no library");
  CHECK_THAT(load_format(folder.path(""), "parquet").status().message(),
             Contains("its library cannot be loaded"));
}
