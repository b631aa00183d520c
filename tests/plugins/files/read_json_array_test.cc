#include "catch.h"
#include "json_reader.h"
#include "resume_check.h"

using rare::Json;
using rare::StatusCode;
using rare::files::test::check_every_boundary;
using rare::files::test::contains;
using rare::files::test::Folder;
using rare::files::test::read_files;
using rare::files::test::Reading;

namespace {

Reading read_json(const std::string& bytes) {
  const Folder folder;
  return read_files({folder.write("in.json", bytes)});
}

std::vector<Json> json_records(const std::string& bytes) {
  const Reading reading = read_json(bytes);
  INFO(bytes.substr(0, 200));
  REQUIRE_FALSE(reading.fault);
  CHECK(reading.errors.empty());
  return reading.records;
}

}  // namespace

TEST_CASE("JSON: the elements of the top-level array are the records") {
  const std::vector<Json> expected{{{"a", 1}}, {{"a", 2}}};
  CHECK(json_records(R"([{"a":1},{"a":2}])") == expected);
  CHECK(json_records("\xef\xbb\xbf \r\n[ {\"a\":1}\n,\n\t{\"a\":2} ] \r\n") == expected);
  CHECK(json_records(Json(expected).dump(2)) == expected);
}

TEST_CASE("JSON: an empty array has no records") {
  CHECK(json_records("[]").empty());
  CHECK(json_records(" [ \n ] ").empty());
}

TEST_CASE("JSON: one top-level object is one record") {
  CHECK(json_records("{\"a\":{\"b\":[1,2]}}") == std::vector<Json>{{{"a", {{"b", {1, 2}}}}}});
  CHECK(json_records(" {} \n") == std::vector<Json>{Json::object()});
}

TEST_CASE("JSON: brackets, commas and quotes within strings separate nothing") {
  const std::vector<Json> expected{
      {{"a", "],}\"{[,\\"}}, {{"\\\"", "\\\\\""}}, {{"x", {{}, {"]"}}}}};
  CHECK(json_records(Json(expected).dump()) == expected);
}

TEST_CASE("JSON: arrays longer than the buffer are streamed") {
  std::vector<Json> expected;
  for (int i = 0; i < 20000; ++i) {
    expected.push_back({{"i", i}, {"t", std::string(static_cast<std::size_t>(i % 300), '"')}});
  }
  expected.push_back({{"t", std::string(3u << 20, ']')}});
  expected.push_back({{"last", true}});
  CHECK(json_records(Json(expected).dump()) == expected);
  CHECK(json_records(Json(expected).dump(1, '\t')) == expected);
}

TEST_CASE("JSON: an element that is no object is an error of its own") {
  const Reading reading = read_json(R"([{"a":1}, 17, "s", [1], null, {"a":2}])");
  CHECK_FALSE(reading.fault);
  CHECK(reading.records == std::vector<Json>{{{"a", 1}}, {{"a", 2}}});
  REQUIRE(reading.errors.size() == 4);
  CHECK(
      contains(reading.errors[0].message(), "in.json:1:11: expected a JSON object, came a number"));
  CHECK(
      contains(reading.errors[1].message(), "in.json:1:15: expected a JSON object, came a string"));
  CHECK(
      contains(reading.errors[2].message(), "in.json:1:20: expected a JSON object, came an array"));
  CHECK(contains(reading.errors[3].message(), "in.json:1:25: expected a JSON object, came null"));
  CHECK(reading.errors[0].raw() == "17");
}

TEST_CASE("JSON: a broken element costs itself alone where its brackets match") {
  const Reading reading =
      read_json("[\n {\"a\":1},\n {\"a\" 2},\n {a:3}, {\"a\":4} x,\n {\"a\":5}\n]");
  CHECK_FALSE(reading.fault);
  CHECK(reading.records == std::vector<Json>{{{"a", 1}}, {{"a", 5}}});
  REQUIRE(reading.errors.size() == 3);
  CHECK(contains(reading.errors[0].message(), "in.json:3:7: expected "));
  CHECK(reading.errors[0].raw() == "{\"a\" 2}");
  CHECK(contains(reading.errors[1].message(), "in.json:4:3: expected "));
  CHECK(contains(reading.errors[2].message(), "in.json:4:17: expected "));
}

TEST_CASE("JSON: a comma without an element is an error of its own") {
  const Reading doubled = read_json(R"([{"a":1},,{"a":2}])");
  CHECK(doubled.sequence == std::vector<std::string>{R"({"a":1})", "error", R"({"a":2})"});
  CHECK(contains(doubled.errors.at(0).message(), ":1:10: expected a JSON object, came ','"));
  const Reading trailing = read_json(R"([{"a":1},])");
  CHECK(trailing.sequence == std::vector<std::string>{R"({"a":1})", "error"});
  CHECK(contains(trailing.errors.at(0).message(), ":1:10: expected a JSON object, came ']'"));
  CHECK_FALSE(trailing.fault);
}

TEST_CASE("JSON: a file that was cut off gives what is whole, then names the byte") {
  const Reading within = read_json(R"([{"a":1},{"a":2},{"a":)");
  CHECK(within.sequence == std::vector<std::string>{R"({"a":1})", R"({"a":2})", "error"});
  REQUIRE(within.fault);
  CHECK(within.fault->code() == StatusCode::invalid_data);
  CHECK(contains(within.fault->message(), "in.json:1:23: byte 22: "));
  const Reading between = read_json("[{\"a\":1},{\"a\":2}\n");
  CHECK(between.records.size() == 2);
  CHECK(between.errors.empty());
  REQUIRE(between.fault);
  CHECK(contains(between.fault->message(),
                 "in.json:2:1: byte 17: expected ',' or ']', came the end of the file; "));
}

TEST_CASE("JSON: brackets that do not match end the reading") {
  const Reading reading = read_json(R"([{"a":1},{"b":2],{"c":3}])");
  CHECK(reading.sequence == std::vector<std::string>{R"({"a":1})", "error"});
  CHECK(reading.errors.at(0).raw() == R"({"b":2])");
  REQUIRE(reading.fault);
  CHECK(contains(reading.fault->message(), "byte 16: expected the rest of an array of objects"));
}

TEST_CASE("JSON: what is neither array nor object, or stands behind it, is a fault") {
  for (const std::string bytes : {"", "  ", "17", "\"text\"", "x", "\xff"}) {
    INFO(bytes);
    const Reading reading = read_json(bytes);
    REQUIRE(reading.fault);
    CHECK(contains(reading.fault->message(), "expected an array '[' or an object '{', came "));
  }
  const Reading lines = read_json("{\"a\":1}\n{\"a\":2}\n");
  CHECK(lines.records.size() == 1);
  REQUIRE(lines.fault);
  CHECK(contains(lines.fault->message(), "in.json:2:1: byte 8: expected the end of the file"));
  CHECK(contains(lines.fault->message(),
                 "came '{'; if the file holds one object a line, set "
                 "format: jsonl"));
  const Reading arrays = read_json("[{\"a\":1}][]");
  CHECK(arrays.records.size() == 1);
  CHECK(arrays.fault);
}

TEST_CASE("JSON: an element beyond the limit is one error, and reading goes on") {
  const Folder folder;
  const std::string bytes = "[{\"a\":1},{\"t\":\"" + std::string(5u << 20, ']') + "\"},{\"a\":2}]";
  const std::string path = folder.write("in.json", bytes);
  rare::files::JsonReader reader(1000);
  REQUIRE(reader.open(path, {}, bytes.size()).ok());
  CHECK(**reader.next() == Json{{"a", 1}});
  CHECK(contains(reader.next().status().message(),
                 ":1:10: expected an element of at most 1000 bytes, came one of "));
  CHECK(**reader.next() == Json{{"a", 2}});
  CHECK_FALSE(reader.next()->has_value());
}

TEST_CASE("JSON: open brackets without end are refused, not followed") {
  const Reading reading = read_json(std::string(3u << 20, '['));
  CHECK(reading.records.empty());
  CHECK(reading.errors.size() == 1);
  CHECK(reading.fault);
}

TEST_CASE("`records` names an array within the document") {
  const Folder folder;
  const std::string path = folder.write(
      "in.json",
      R"( {"a": {"items": [{"n": 9}]}, "s": "\\\"},]", "d\u0061ta": {"k": [[{}], 1], "x.y": [
                     {"n": 1}, 5, {"n": 2} ], "z": 3}} )");
  const Reading reading = check_every_boundary({path}, {{"records", "$.data[\"x.y\"]"}});
  CHECK_FALSE(reading.fault);
  CHECK(reading.sequence == std::vector<std::string>{"{\"n\":1}", "error", "{\"n\":2}"});
  const auto fault = [&path](const std::string& records) {
    const Reading refused = read_files({path}, {{"records", records}});
    REQUIRE(refused.fault);
    return refused.fault->message();
  };
  CHECK(contains(fault("$.data.y"), "in.json:2:"));
  CHECK(contains(fault("$.data.y"), "expected a member \"y\", came '}'; check `records:`"));
  CHECK(contains(fault("$.data.k.z"), "expected an object '{', came '['"));
  CHECK(contains(fault("$.s"), "expected an array '[', came '\"'"));
  CHECK(contains(fault("$.data[0]"), "records: expected names alone"));
  CHECK(contains(fault("$.data[*]"), "at character 7 of $.data[*]"));
}
