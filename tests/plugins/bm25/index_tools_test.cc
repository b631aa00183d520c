#include "plugins/bm25/index_tools.h"

#include <bit>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "catch.h"
#include "file_size_limit.h"
#include "fixtures.h"
#include "index_fixture.h"
#include "plugins/bm25/index_check.h"
#include "tool_run.h"

namespace rare::bm25 {
namespace {

using testing::contains;
using testing::ToolRun;

const char* const kTools =
    "{\"id\": \"cats\", \"text\": \"A cat sat on the mat.\"}\n"
    "{\"id\": 7, \"text\": \"Dogs bark at cats, cats run.\"}\n"
    "{\"text\": \"Fish swim.\"}\n"
    "{\"id\": \"none\"}\n";

// A folder with a corpus and, once it is built, its index.
struct ToolFolder {
  explicit ToolFolder(const std::string& corpus = kTools) { write("corpus.jsonl", corpus); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder / name, std::ios::binary) << text;
    return folder / name;
  }
  ToolRun build(Json values = Json::object()) const {
    values["corpus"] = {folder / "corpus.jsonl"};
    values["out"] = folder / "index";
    return ToolRun(IndexBuildTool(), values);
  }
  ToolRun search(const std::string& queries, Json values = Json::object()) const {
    values["queries"] = {write("queries.jsonl", queries)};
    values["index"] = folder / "index";
    return ToolRun(IndexSearchTool(), values);
  }
  ToolRun info(Json values = Json::object()) const {
    values["index"] = folder / "index";
    return ToolRun(IndexInfoTool(), values);
  }
  ToolRun verify() const { return ToolRun(IndexVerifyTool(), {{"index", folder / "index"}}); }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    if (!std::filesystem::exists(folder / "index")) return names;
    for (const auto& entry : std::filesystem::directory_iterator(folder / "index")) {
      names.push_back(entry.path().string());
    }
    return names;
  }

  rare::testing::ScratchFolder folder;
};

TEST_CASE("index build prints the file that it made, and the second time finds it") {
  const ToolFolder folder;
  const ToolRun first = folder.build();
  REQUIRE(first.ok());
  REQUIRE(folder.files().size() == 1);
  CHECK(first.printed() == folder.files()[0] + "\n");
  CHECK(first.said == "3 of 4 records, 8 terms, 9 postings\n");
  const auto time = std::filesystem::last_write_time(folder.files()[0]);
  const ToolRun second = folder.build();
  CHECK(second.ok());
  CHECK(second.printed() == first.printed());
  CHECK(std::filesystem::last_write_time(folder.files()[0]) == time);
}

TEST_CASE("index build refuses a folder that has another index") {
  const ToolFolder folder;
  REQUIRE(folder.build().ok());
  for (const Json& other : {Json{{"k1", 1.2}}, Json{{"analyzer", "standard"}},
                            Json{{"id_field", ""}}, Json{{"field", "id"}}}) {
    const ToolRun refused = folder.build(other);
    CHECK(refused.result.status().code() == StatusCode::already_exists);
    CHECK(contains(refused.message(), "has an index of another corpus, or with other settings"));
  }
  CHECK(folder.files().size() == 1);
}

TEST_CASE("index build replaces an index of the same corpus that is damaged") {
  const ToolFolder folder;
  REQUIRE(folder.build().ok());
  std::filesystem::resize_file(folder.files()[0], 1000);
  const ToolRun again = folder.build();
  CHECK(again.ok());
  CHECK(contains(again.said, "cut short"));
  CHECK(folder.verify().ok());
}

TEST_CASE("index search prints hits with ids, ordinals and scores, a line for each query") {
  const ToolFolder folder;
  REQUIRE(folder.build().ok());
  const ToolRun run = folder.search(
      "{\"id\": \"a\", \"query\": \"cats\"}\n{\"query\": \"the\"}\n{\"id\": [1], \"query\": "
      "\"fish\"}\n");
  REQUIRE(run.ok());
  std::istringstream lines(run.printed());
  std::vector<Json> rows;
  for (std::string line; std::getline(lines, line);) rows.push_back(Json::parse(line));
  REQUIRE(rows.size() == 3);
  CHECK(rows[0]["id"] == "a");
  REQUIRE(rows[0]["hits"].size() == 2);
  CHECK(rows[0]["hits"][0][0] == "7");
  CHECK(rows[0]["hits"][0][1] == 1);
  CHECK(rows[0]["hits"][1][0] == "cats");
  CHECK(rows[1] == Json{{"id", 1}, {"hits", Json::array()}});
  CHECK(rows[2]["id"] == Json{1});
  CHECK(rows[2]["hits"][0][0] == "2");
  CHECK(rows[2]["hits"][0][1] == 2);

  CHECK(contains(folder.search("{\"query\": \"cats\"}\n", {{"k", 1}}).printed(),
                 "\"hits\": [[\"7\""));
}

TEST_CASE("index search prints scores as digits or bits of the same floats") {
  const ToolFolder folder;
  REQUIRE(folder.build().ok());
  const auto hits = [&](bool bits) {
    return Json::parse(folder.search("{\"query\": \"cats mat fish\"}\n", {{"float_bits", bits}})
                           .printed())["hits"];
  };
  const Json digits = hits(false), bits = hits(true);
  REQUIRE(digits.size() == 3);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const auto word = static_cast<std::uint32_t>(testing::from_hex(bits[i][2].get<std::string>()));
    CHECK(bits[i][2].get<std::string>().size() == 8);
    CHECK(digits[i][2].get<float>() == std::bit_cast<float>(word));
    CHECK(digits[i][2].dump().size() < 12);
  }
}

TEST_CASE("index search gives every thread's answers in the order of the queries") {
  std::string corpus, queries;
  for (int i = 0; i < 3000; ++i) {
    corpus +=
        "{\"id\": \"d" + std::to_string(i) + "\", \"text\": \"word" + std::to_string(i) + "\"}\n";
    queries += "{\"query\": \"word" + std::to_string(i) + "\"}\n";
  }
  const ToolFolder folder(corpus);
  REQUIRE(folder.build().ok());
  const std::string printed = folder.search(queries, {{"threads", 4}}).printed();
  CHECK(printed == folder.search(queries, {{"threads", 1}}).printed());
  std::istringstream lines(printed);
  int i = 0;
  for (std::string line; std::getline(lines, line); ++i) {
    const Json row = Json::parse(line);
    CHECK(row["id"] == i);
    CHECK(row["hits"].at(0).at(0) == "d" + std::to_string(i));
  }
  CHECK(i == 3000);
}

TEST_CASE("index search says which query is none") {
  const ToolFolder folder;
  REQUIRE(folder.build().ok());
  CHECK(contains(folder.search("{\"query\": \"a\"}\n{\"question\": \"b\"}\n").message(),
                 "query 1 (from 0): expected text in the field `query`, found no such field"));
  CHECK(contains(folder.search("{\"query\": 3}\n").message(), "found number"));
  CHECK(contains(folder.search("{\"query\": \n").message(), "queries.jsonl:1:"));
}

TEST_CASE("index info shows what the header has, as text and as JSON") {
  const ToolFolder folder;
  REQUIRE(folder.build({{"k1", 1.2}, {"b", 0.75}}).ok());
  const Json json = Json::parse(folder.info({{"json", true}}).printed());
  CHECK(json["analyzer"] == "english");
  CHECK(json["k1"] == 1.2);
  CHECK(json["b"] == 0.75);
  CHECK(json["records"] == 4);
  CHECK(json["documents"] == 3);
  CHECK(json["terms"] == 8);
  CHECK(json["postings"] == 9);
  CHECK(json["version"] == kIndexVersion);
  CHECK(json["bytes"] == std::filesystem::file_size(folder.files()[0]));
  CHECK(contains(folder.files()[0], json["key"].get<std::string>()));
  CHECK(json["sections"].size() == kSectionCount);
  const std::string text = folder.info().printed();
  CHECK(contains(text, "analyzer            english\n"));
  CHECK(contains(text, "\n  postings          "));
}

TEST_CASE("index verify names each damaged section, and fails") {
  const ToolFolder folder;
  REQUIRE(folder.build().ok());
  const ToolRun whole = folder.verify();
  CHECK(whole.ok());
  CHECK(whole.printed() == folder.files()[0] + ": whole, 3 of 4 records, 8 terms, 9 postings\n");
  std::vector<SectionPlace> places;
  {
    const auto index = IndexFile::open(folder.files()[0], IndexFile::Check::all);
    const auto& sections = (*index)->header().sections;
    places.assign(sections.begin(), sections.end());
  }
  for (const Section section : {Section::texts, Section::terms}) {
    std::fstream file(folder.files()[0], std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(places[static_cast<std::size_t>(section)].offset));
    file.put('\x55');
  }
  const ToolRun damaged = folder.verify();
  CHECK(damaged.result.status().code() == StatusCode::invalid_data);
  CHECK(contains(damaged.message(), "is damaged; remove it, and build it again"));
  CHECK(contains(damaged.printed(), "section texts: expected the checksum "));
  CHECK(contains(damaged.printed(), "\nsection terms: expected the checksum "));
  CHECK(contains(folder.search("{\"query\": \"a\"}\n").message(), "section texts is damaged"));
}

TEST_CASE("Where there is no index, or more than one, the verbs say what was expected") {
  const ToolFolder folder;
  CHECK(contains(folder.info().message(), "expected an index, a file or the folder that has it"));
  std::filesystem::create_directory(folder.folder / "index");
  CHECK(contains(folder.verify().message(), "expected a folder with one index, found none"));
  REQUIRE(folder.build().ok());
  std::filesystem::copy_file(folder.files()[0], folder.folder / "index/copy.index");
  const ToolRun several = folder.info();
  CHECK(several.result.status().code() == StatusCode::invalid_argument);
  CHECK(contains(several.message(), "found 2; name one of its files"));
  CHECK(ToolRun(IndexInfoTool(), {{"index", folder.folder / "index/copy.index"}}).ok());
  folder.write("index/copy.index", "something else");
  CHECK(
      contains(ToolRun(IndexInfoTool(), {{"index", folder.folder / "index/copy.index"}}).message(),
               "does not begin as one"));
}

TEST_CASE("index build --compact: a smaller file that gives the same hits and verifies") {
  std::string corpus;
  for (int i = 0; i < 300; ++i) {
    corpus +=
        Json{{"text", testing::random_text(static_cast<std::uint64_t>(i), 40, 500)}}.dump() + "\n";
  }
  const ToolFolder whole(corpus), compact(corpus);
  REQUIRE(whole.build().ok());
  REQUIRE(compact.build({{"compact", true}}).ok());
  CHECK(std::filesystem::file_size(compact.files()[0]) <
        std::filesystem::file_size(whole.files()[0]));
  CHECK(compact.verify().ok());
  CHECK(Json::parse(compact.info({{"json", true}}).printed())["compact"] == true);
  const std::string queries = "{\"query\": \"w1 w5 w77\"}\n{\"query\": \"w300 w2 w2\"}\n";
  CHECK(compact.search(queries, {{"float_bits", true}}).printed() ==
        whole.search(queries, {{"float_bits", true}}).printed());
}

TEST_CASE("A corpus without records is an index that finds nothing") {
  const ToolFolder folder("");
  REQUIRE(folder.build().ok());
  CHECK(folder.verify().ok());
  CHECK(folder.search("{\"query\": \"cat\"}\n").printed() == "{\"id\": 0, \"hits\": []}\n");
}

TEST_CASE("Documents of one id are all found, under it") {
  const ToolFolder folder(
      "{\"id\": \"a\", \"text\": \"cat\"}\n{\"id\": \"a\", \"text\": \"cat dog\"}\n");
  REQUIRE(folder.build().ok());
  const Json hits = Json::parse(folder.search("{\"query\": \"cat\"}\n").printed())["hits"];
  REQUIRE(hits.size() == 2);
  CHECK(hits[0][0] == "a");
  CHECK(hits[1][0] == "a");
  CHECK(hits[1][1] == 1);
}

TEST_CASE("NUL bytes part words and are kept; a line that is not UTF-8 is no record") {
  const ToolFolder folder(
      "{\"id\": \"a\\u0000b\", \"text\": \"cat\\u0000dog\"}\n{\"text\": \"cat \xFF\"}\n");
  const ToolRun run = folder.build();
  REQUIRE(run.ok());
  CHECK(contains(run.said, "corpus.jsonl:2:"));
  const Json hits = Json::parse(folder.search("{\"query\": \"dog\\u0000\"}\n").printed())["hits"];
  REQUIRE(hits.size() == 1);
  CHECK(hits[0][0] == std::string("a\0b", 3));
}

TEST_CASE("index build: a line that is no record takes its ordinal and is told") {
  const ToolFolder folder("{\"text\": \"cat\"}\nnonsense\n{\"text\": \"dog\"}\n");
  const ToolRun run = folder.build();
  REQUIRE(run.ok());
  CHECK(contains(run.said, "a record cannot be read, and is not indexed: "));
  CHECK(contains(run.said, "corpus.jsonl:2:"));
  CHECK(contains(folder.search("{\"query\": \"dog\"}\n").printed(), "[[\"2\", 2, "));
}

TEST_CASE("index build: what cannot be indexed leaves no file") {
  const ToolFolder folder;
  CHECK(contains(folder.build({{"field", "txt"}}).message(),
                 "none of its 4 records has text in the field `txt`"));
  CHECK(folder.files().empty());
  CHECK(contains(folder.build({{"memory_limit", "1MB"}}).message(), "expected 16MB or more"));
  CHECK(contains(ToolRun(IndexBuildTool(), {{"corpus", {folder.folder / "none.jsonl"}},
                                            {"out", folder.folder / "index"}})
                     .message(),
                 "none.jsonl"));
  CHECK(folder.files().empty());
}

TEST_CASE("index build: a disk that is full says so and leaves no file") {
  std::string corpus;
  for (int i = 0; i < 2000; ++i) corpus += "{\"text\": \"word" + std::to_string(i) + " again\"}\n";
  const ToolFolder folder(corpus);
  {
    const rare::testing::FileSizeLimit limit(10'000);
    const ToolRun run = folder.build();
    CHECK_FALSE(run.ok());
    CHECK(contains(run.message(), "index"));
  }
  CHECK(folder.files().empty());
  CHECK(folder.build().ok());
}

}  // namespace
}  // namespace rare::bm25
