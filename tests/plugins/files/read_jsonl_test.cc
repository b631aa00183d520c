#include "catch.h"
#include "file_fixture.h"
#include "jsonl_reader.h"

using rare::Json;
using rare::files::test::Folder;
using rare::files::test::read_files;
using rare::files::test::Reading;

namespace {

std::vector<Json> jsonl_records(const std::string& bytes) {
  const Folder folder;
  const Reading reading = read_files({folder.write("in.jsonl", bytes)});
  REQUIRE_FALSE(reading.fault);
  CHECK(reading.errors.empty());
  return reading.records;
}

}  // namespace

TEST_CASE("JSON Lines: one object a line, in order") {
  const std::vector<Json> records = jsonl_records("{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
  CHECK(records == std::vector<Json>{{{"a", 1}}, {{"a", 2}}, {{"a", 3}}});
}

TEST_CASE("JSON Lines: the last newline may be missing") {
  CHECK(jsonl_records("{\"a\":1}\n{\"a\":2}") == std::vector<Json>{{{"a", 1}}, {{"a", 2}}});
}

TEST_CASE("JSON Lines: CRLF, a byte order mark and blank lines are no data") {
  const std::vector<Json> expected{{{"a", 1}}, {{"a", 2}}};
  CHECK(jsonl_records("{\"a\":1}\r\n{\"a\":2}\r\n") == expected);
  CHECK(jsonl_records("\xef\xbb\xbf{\"a\":1}\n{\"a\":2}\n") == expected);
  CHECK(jsonl_records("\n \t\r\n{\"a\":1}\n\n\r\n{\"a\":2}\n\n") == expected);
  CHECK(jsonl_records("  {\"a\":1}  \n\t{\"a\":2}\n") == expected);
}

TEST_CASE("JSON Lines: an empty file has no records") {
  CHECK(jsonl_records("").empty());
  CHECK(jsonl_records("\n\n\n").empty());
  CHECK(jsonl_records("\xef\xbb\xbf").empty());
}

TEST_CASE("JSON Lines: values come out as nlohmann's own parser makes them") {
  const char* const lines[] = {
      R"({"n":[0,-0,1,-1,9223372036854775807,9223372036854775808,18446744073709551615]})",
      R"({"n":[-9223372036854775808,-9223372036854775809,18446744073709551616]})",
      R"({"n":[123456789012345678901,-123456789012345678901]})",
      R"({"n":[0.1,-0.0,1e10,1E-7,2.2250738585072014e-308,4.9e-324,1e-400,1.7976931348623157e308]})",
      R"({"s":["","\u0000","\"\\\/\b\f\n\r\t","\u00e9\ud83d\ude00","é😀"]})",
      R"({"b":[true,false,null],"o":{"x":{"y":[]}},"":0})",
      R"({"a":1,"a":2,"b":{"c":1,"c":[3]},"a":3})",
  };
  for (const char* line : lines) {
    INFO(line);
    const std::vector<Json> records = jsonl_records(std::string(line) + "\n");
    REQUIRE(records.size() == 1);
    const Json expected = Json::parse(line);
    CHECK(records[0] == expected);
    CHECK(records[0].dump() == expected.dump());
  }
}

TEST_CASE("JSON Lines: numbers keep nlohmann's type") {
  const std::vector<Json> records =
      jsonl_records(R"({"u":7,"i":-7,"f":7.0,"big":123456789012345678901})");
  REQUIRE(records.size() == 1);
  CHECK(records[0]["u"].is_number_unsigned());
  CHECK(records[0]["i"].type() == Json::value_t::number_integer);
  CHECK(records[0]["f"].is_number_float());
  CHECK(records[0]["big"].get<double>() == 123456789012345678901.0);
}

TEST_CASE("JSON Lines: of a doubled key the last value counts") {
  CHECK(jsonl_records("{\"a\":1,\"b\":2,\"a\":3}\n")[0] == Json{{"a", 3}, {"b", 2}});
}

TEST_CASE("JSON Lines: lines longer than the buffer, and many that cross its end") {
  std::string bytes;
  std::vector<Json> expected;
  for (const std::size_t size : {3u << 20, 10u, 5u << 20, 100u, (1u << 20) - 9, 20u}) {
    expected.push_back({{"t", std::string(size, 'x')}});
    bytes += expected.back().dump() + "\n";
  }
  for (int i = 0; i < 5000; ++i) {
    expected.push_back({{"i", i}, {"t", std::string(static_cast<std::size_t>(i % 777), 'y')}});
    bytes += expected.back().dump() + "\n";
  }
  CHECK(jsonl_records(bytes) == expected);
}

TEST_CASE("JSON Lines: a line beyond the limit is one error, and memory stays within it") {
  const Folder folder;
  const std::string bytes = "{\"a\":1}\n{\"t\":\"" + std::string(5u << 20, 'x') +
                            "\"}\n{\"a\":2}\n" + "{\"t\":\"" + std::string(5u << 20, 'x');
  const std::string path = folder.write("in.jsonl", bytes);
  rare::files::JsonlReader reader(1000);
  REQUIRE(reader.open(path, {}, bytes.size()).ok());
  CHECK(**reader.next() == Json{{"a", 1}});
  const rare::Status overlong = reader.next().status();
  CHECK(overlong.message() == path + ":2:1: expected a line of at most 1000 bytes, came one of " +
                                  std::to_string((5u << 20) + 9) +
                                  " (its beginning is kept); split it, or leave it out");
  CHECK(overlong.raw()->substr(0, 8) == "{\"t\":\"xx");
  CHECK(**reader.next() == Json{{"a", 2}});
  CHECK(reader.next().status().code() == rare::StatusCode::invalid_data);
  CHECK_FALSE(reader.next()->has_value());
  CHECK(reader.position().ordinal == 4);
}
