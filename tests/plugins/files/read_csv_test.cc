#include "catch.h"
#include "csv_reader.h"
#include "resume_check.h"

using rare::Json;
using rare::StatusCode;
using namespace rare::files;
using namespace rare::files::test;
using Catch::Matchers::Contains;

namespace {

Reading read_csv(const std::string& bytes, Json parameters = Json::object(),
                 const std::string& name = "in.csv") {
  const Folder folder;
  return read_files({folder.write(name, bytes)}, parameters);
}

std::string first_error(const std::string& bytes, Json parameters = Json::object()) {
  const Reading reading = read_csv(bytes, std::move(parameters));
  if (reading.errors.empty()) return "none";
  const std::string& message = reading.errors.front().message();
  return message.substr(message.find("in.csv"));
}

std::string fault_of(const std::string& bytes) {
  const Reading reading = read_csv(bytes);
  REQUIRE(reading.fault);
  CHECK(reading.fault->code() == StatusCode::invalid_data);
  return reading.fault->message();
}

}  // namespace

TEST_CASE("a CSV row is a record of texts, named by the header line") {
  const Reading reading =
      read_csv("id,text\n1,plain\n2,\"a, \"\"b\"\"\nc\"\n3,\n,\"\"\n5,a\"b\"\n");
  REQUIRE_FALSE(reading.fault);
  CHECK(reading.errors.empty());
  CHECK(Json(reading.records) == Json::parse(R"([{"id":"1","text":"plain"},
    {"id":"2","text":"a, \"b\"\nc"}, {"id":"3","text":""}, {"id":"","text":""},
    {"id":"5","text":"a\"b\""}])"));
}

TEST_CASE("line breaks of any kind, mixed, and blank lines") {
  const Reading reading = read_csv("\xef\xbb\xbf\"a\",b\r\n1,2\r3,4\n\r\n\n\"5\r\n\r\",6\r\r\n7,8");
  REQUIRE_FALSE(reading.fault);
  CHECK(reading.errors.empty());
  CHECK(Json(reading.records) == Json::parse(R"([{"a":"1","b":"2"},{"a":"3","b":"4"},
    {"a":"5\r\n\r","b":"6"},{"a":"7","b":"8"}])"));
}

TEST_CASE("the delimiter is what the first line shows, or what is said") {
  const Json expected = Json::parse(R"([{"a":"1,5","b":"2"}])");
  CHECK(Json(read_csv("a;b\n1,5;2\n").records) == expected);
  CHECK(Json(read_csv("sep=;\r\na;b\r\n1,5;2\r\n").records) == expected);
  CHECK(Json(read_csv("\"a\";\"b\"\n1,5;2\n").records) == expected);
  CHECK(Json(read_csv("\r\n\na;b\n1,5;2\n").records) == expected);
  CHECK(Json(read_csv("\n\"1,5\";2\n", {{"columns", {"a", "b"}}}).records) == expected);
  CHECK(Json(read_csv("a\tb\n1,5\t2\n").records) == expected);
  CHECK(Json(read_csv("a\tb\n1,5\t2\n", Json::object(), "in.tsv").records) == expected);
  CHECK(Json(read_csv("a#b\n1,5#2\n", {{"delimiter", "#"}}).records) == expected);
  CHECK(Json(read_csv("a\tb\n1,5\t2\n", {{"delimiter", "tab"}}).records) == expected);
  CHECK(Json(read_csv("a\n1\n").records) == Json::parse(R"([{"a":"1"}])"));
  const Reading refused = read_csv("a\n", {{"delimiter", "--"}});
  REQUIRE(refused.fault);
  CHECK_THAT(refused.fault->message(), Contains("expected one ASCII character"));
}

TEST_CASE("the delimiter is told by the whole header line, whatever its quotes hold") {
  CHECK(Json(read_csv("\"a\nb\";c\n1,5;2\n").records) ==
        Json::parse(R"([{"a\nb":"1,5","c":"2"}])"));
  CHECK(Json(read_csv("\"a,\"\"\n,b,\";c\n1,5;2\n").records) ==
        Json::parse(R"([{"a,\"\n,b,":"1,5","c":"2"}])"));
  // Within a cell a quote is text.
  CHECK(Json(read_csv("5\" pipe;b\n1,5;2\n").records) ==
        Json::parse(R"([{"5\" pipe":"1,5","b":"2"}])"));
}

TEST_CASE("files without a header line have their columns named") {
  CHECK(Json(read_csv("1,x\n2,y\n", {{"columns", {"n", "t"}}}).records) ==
        Json::parse(R"([{"n":"1","t":"x"},{"n":"2","t":"y"}])"));
  CHECK(read_csv("").sequence.empty());
  CHECK(read_csv("a,b\n").sequence.empty());
  CHECK_FALSE(read_csv("").fault);
}

TEST_CASE("with `infer`, what stands without quotes may be a number, true, false or null") {
  const Reading reading = read_csv(
      "a,b\n1,\"1\"\n-2.50,1e3\n,\"\"\ntrue,True\nfalse,null\n007,1e\n-0,.5\n"
      "18446744073709551615,18446744073709551616\n1e999,-\n",
      {{"infer", true}});
  REQUIRE(reading.errors.empty());
  CHECK(Json(reading.records) == Json::parse(R"([{"a":1,"b":"1"},{"a":-2.5,"b":1000.0},
    {"a":null,"b":""},{"a":true,"b":"True"},{"a":false,"b":"null"},{"a":"007","b":"1e"},
    {"a":"-0","b":".5"},{"a":18446744073709551615,"b":"18446744073709551616"},
    {"a":"1e999","b":"-"}])"));
}

TEST_CASE("a row that does not fit the header is an error that names the place") {
  CHECK(first_error("a,b\n1,2\n1,2,3\n4,5\n") ==
        "in.csv:3:5: expected 2 cells as the header has, came 3");
  CHECK(first_error("a,b\n\"x\ny\",2\n1\n4,5\n") ==
        "in.csv:4:2: expected 2 cells as the header has, came 1");
  CHECK(first_error("1\n", {{"columns", {"a", "b"}}}) == "in.csv:1:2: expected 2 cells, came 1");
  CHECK_THAT(first_error("a,b\n1,\"x\"y\n3,4\n"),
             Contains("in.csv:2:6: expected a delimiter or a line break behind the closing quote"));
  CHECK_THAT(first_error("a\nok\n\xff\n"), Contains("in.csv:3:1: expected UTF-8"));
  const Reading reading = read_csv("a,b\n1,2,3\n\"x\"y,\"z\n,\"\n4,5\n");
  CHECK(reading.sequence == std::vector<std::string>{"error", "error", R"({"a":"4","b":"5"})"});
  CHECK(reading.errors[0].raw() == "1,2,3");
  CHECK(reading.errors[1].raw() == "\"x\"y,\"z\n,\"");
}

TEST_CASE("a quote that is never closed ends the run where it opens, and is told from there") {
  const Reading reading = read_csv("a,b\n1,2\n3,\"4\n5,6\n7,8\n");
  CHECK(reading.sequence == std::vector<std::string>{R"({"a":"1","b":"2"})", "error"});
  CHECK_THAT(reading.errors[0].message(),
             Contains("in.csv:3:3: expected a quote that is closed, came the end of the file"));
  CHECK(reading.errors[0].raw() == "3,\"4\n5,6\n7,8\n");
  REQUIRE(reading.fault);
  CHECK_THAT(reading.fault->message(), Contains("rows cannot be told apart any more"));
}

TEST_CASE("a header that cannot name fields is a fault") {
  CHECK_THAT(fault_of("a,b,a\n1,2,3\n"), Contains("in.csv:1:1: expected a name of its own for each "
                                                  "column, came \"a\" twice; rename one"));
  CHECK_THAT(fault_of("\n\"a,b\n1,2\n"), Contains("in.csv:2:1: expected a header line that ends"));
  CHECK_THAT(fault_of("\xe9,b\n"), Contains("expected names in UTF-8"));
  CHECK_THAT(fault_of("\"a\"x,b\n"), Contains("behind the closing quote"));
}

TEST_CASE("a row that does not fit into memory is left, and reading goes on after it") {
  const Folder folder;
  const std::string commas(3'000'000, ',');
  const std::string path =
      folder.write("in.csv", "a,b\n1,2\n3,\"" + std::string(3'000'000, 'x') + "\"\n" + commas +
                                 "\n4,5\n6,\"" + std::string(3'000'000, '\n'));
  CsvReader reader({}, ',', 1000);
  REQUIRE(reader.open(path, {}, std::filesystem::file_size(path)).ok());
  CHECK(*reader.next());
  const auto quoted = reader.next();
  CHECK_THAT(quoted.status().message(),
             Contains("in.csv:3:3: expected a row of at most 1000 bytes, came one of 3000005"));
  CHECK(quoted.status().raw()->size() <= (3u << 20));
  CHECK_THAT(reader.next().status().message(), Contains("in.csv:4:1: expected a row of at most"));
  CHECK(**reader.next() == Json{{"a", "4"}, {"b", "5"}});
  CHECK_THAT(reader.next().status().message(), Contains("in.csv:6:3: expected a row of at most"));
  const auto after = reader.next();
  CHECK(after.status().fault() == rare::Fault::run);
}

TEST_CASE("reading CSV goes on at every row, whatever came before") {
  const Folder folder;
  check_every_boundary(
      {folder.write("a.csv",
                    "\xef\xbb\xbfsep=;\r\n\na;b\r\n1;2\r\n\r\n\"x\r\ny\";3\r4\n\"5\"6;7\n8;9"),
       folder.write("empty.csv", ""), folder.write("b.tsv", "c\td\n1\t2\n"),
       folder.write("open.csv", "a,b\n1,2\n3,\"4\n")});
  check_every_boundary({folder.write("c.csv", "1,2\n3,4\n")}, {{"columns", {"x", "y"}}});
}
