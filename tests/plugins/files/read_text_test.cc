#include "catch.h"
#include "resume_check.h"
#include "text_reader.h"

using rare::Json;
using namespace rare::files;
using namespace rare::files::test;
using Catch::Matchers::Contains;

namespace {

// Without the paths.
Json records_of(const std::string& name, const std::string& bytes,
                const Json& parameters = Json::object()) {
  const Folder folder;
  const std::string path = folder.write(name, bytes);
  const Reading reading = read_files({path}, parameters);
  CHECK_FALSE(reading.fault);
  CHECK(reading.errors.empty());
  Json records = Json::array();
  for (Json record : reading.records) {
    CHECK(record["path"] == path);
    record.erase("path");
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace

TEST_CASE("a text file is one record, byte for byte") {
  CHECK(records_of("a.txt", "\xef\xbb\xbfone\r\n\r\n two\n") ==
        Json::parse(R"([{"text":"one\r\n\r\n two\n"}])"));
  CHECK(records_of("a.txt", "") == Json::parse(R"([{"text":""}])"));
  CHECK(records_of("a.txt", "---\na: 1\n---\nx") ==
        Json::parse(R"([{"text":"---\na: 1\n---\nx"}])"));
}

TEST_CASE("paragraphs and lines are records that know their line") {
  const std::string text = "\n one\r\ntwo\n\n \t\nthree\n\n\nfour";
  CHECK(records_of("a.txt", text, {{"split", "paragraph"}}) ==
        Json::parse(R"([{"line":2,"text":" one\r\ntwo"},{"line":6,"text":"three"},
                        {"line":9,"text":"four"}])"));
  CHECK(records_of("a.md", text, {{"split", "line"}}) ==
        Json::parse(R"([{"line":2,"text":" one"},{"line":3,"text":"two"},{"line":6,"text":"three"},
                        {"line":9,"text":"four"}])"));
  CHECK(records_of("a.txt", "\n\n", {{"split", "line"}}).empty());
}

TEST_CASE("front matter of Markdown is fields of every record") {
  CHECK(records_of("a.md",
                   "---\ntitle: \"1\"\nn: 2\ntags: [a, true, ~]\nd: 2024-01-02\n---\n\n# T\n\nx\n",
                   {{"split", "paragraph"}}) == Json::parse(R"([
          {"title":"1","n":2,"tags":["a",true,null],"d":"2024-01-02","line":8,"text":"# T"},
          {"title":"1","n":2,"tags":["a",true,null],"d":"2024-01-02","line":10,"text":"x"}])"));
  CHECK(records_of("a.md", "---\na: 1\n---") == Json::parse(R"([{"a":1,"text":""}])"));
  CHECK(records_of("a.md", "---\na: 1\n---\r", {{"split", "line"}}) == Json::array());
  // What is none is text.
  for (const std::string text : {"---\nno map\n---\nx\n", "---\na: [\n---\nx\n", "---\na: 1\nx\n",
                                 "---", "---\na: 1\n--", "----\na: 1\n---\n"}) {
    CHECK(records_of("a.markdown", text) == Json::array({{{"text", text}}}));
  }
  std::string bomb = "---\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string alias = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + alias;
    for (int k = 0; k < 9; ++k) bomb += "," + alias;
    bomb += "]\n";
  }
  CHECK(records_of("a.md", bomb + "---\n")[0].size() == 1);
}

TEST_CASE("text that is not UTF-8 or does not fit into memory is an error, and the rest is read") {
  const Folder folder;
  const Reading reading =
      read_files({folder.write("a.txt", "one\nt\xffwo\nthree\n")}, {{"split", "line"}});
  CHECK(reading.sequence.size() == 3);
  REQUIRE(reading.errors.size() == 1);
  CHECK_THAT(reading.errors[0].message(), Contains("a.txt:2:2: expected UTF-8, came the byte 255"));
  const std::string path = folder.write("b.txt", std::string(3'000'000, 'x') + "\ny\n");
  ReadSettings settings;
  settings.split = "line";
  TextReader reader(settings, false, 1000);
  REQUIRE(reader.open(path, {}, 3'000'003).ok());
  CHECK_THAT(reader.next().status().message(), Contains("at most 1000 bytes, came one of 3000001"));
  CHECK((**reader.next())["text"] == "y");
}

TEST_CASE(
    "a paragraph that does not fit into memory is an error, and the ones behind it are read") {
  std::string line(99, 'x');
  line += '\n';
  std::string paragraph;
  // Long enough for it to be passed in several pieces, whose ends are within lines.
  for (int i = 0; i < 30'000; ++i) paragraph += line;
  const std::string long_line = std::string(2'500'000, 'y') + "\n";
  const std::string blanks_within = std::string(2'000, 'z') + std::string(2'000'000, ' ') + "z\n";
  const std::string overlong =
      GENERATE_COPY(as<std::string>(), paragraph, long_line + line, line + blanks_within);
  const Folder folder;
  const std::string bytes = overlong + " \r\nafter\nit\n\nlast";
  const std::string path = folder.write("a.txt", bytes);
  ReadSettings settings;
  settings.split = "paragraph";
  TextReader reader(settings, false, 1000);
  REQUIRE(reader.open(path, {}, bytes.size()).ok());
  CHECK_THAT(reader.next().status().message(),
             Contains("at most 1000 bytes, came one of " + std::to_string(overlong.size()) + " "));
  CHECK((**reader.next())["text"] == "after\nit");
  CHECK((**reader.next())["text"] == "last");
  CHECK_FALSE(reader.next()->has_value());
}

TEST_CASE("reading text goes on at every record") {
  const std::string split = GENERATE("file", "paragraph", "line");
  const Folder folder;
  check_every_boundary({folder.write("a.md", "\xef\xbb\xbf---\nt: 1\n---\none\ntwo\n\nth\xffree\n"),
                        folder.write("b.txt", ""), folder.write("c.txt", "\n\nx\n\ny")},
                       {{"split", split}});
}
