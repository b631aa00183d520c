// Texts that JSON parsers disagree on: each as a line of JSON Lines and as an element of an array.
#include "catch.h"
#include "file_fixture.h"

using rare::Json;
using rare::files::test::Folder;
using rare::files::test::read_files;
using rare::files::test::Reading;

namespace {

struct Case {
  std::string name;
  std::string value;
  bool accepted;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"integer zero", "0", true},
      {"minus zero", "-0", true},
      {"leading zero", "01", false},
      {"minus leading zero", "-01", false},
      {"leading plus", "+1", false},
      {"no integer part", ".5", false},
      {"no fraction digits", "1.", false},
      {"no exponent digits", "1e", false},
      {"exponent sign only", "1e+", false},
      {"exponent", "1E+2", true},
      {"exponent with leading zeros", "1e007", true},
      {"hexadecimal", "0x10", false},
      {"infinity", "Infinity", false},
      {"not a number", "NaN", false},
      {"overflow", "1e400", false},
      {"underflow", "1e-400", true},
      {"twenty-one digits", "123456789012345678901", true},
      {"two numbers", "1 2", false},
      {"digits separated", "1_000", false},
      {"lone minus", "-", false},
      {"capital literal", "True", false},
      {"cut literal", "nul", false},
      {"long literal", "nulll", false},
      {"empty string", R"("")", true},
      {"single quotes", R"('a')", false},
      {"escapes", R"("\"\\\/\b\f\n\r\t\u0041")", true},
      {"escaped NUL", R"("\u0000")", true},
      {"unknown escape", R"("\x41")", false},
      {"short unicode escape", R"("\u00e")", false},
      {"surrogate pair", R"("\ud834\udd1e")", true},
      {"lone high surrogate", R"("\ud834")", false},
      {"lone low surrogate", R"("\udd1e")", false},
      {"swapped surrogates", R"("\udd1e\ud834")", false},
      {"noncharacter", R"("\uffff")", true},
      {"raw tab", "\"\t\"", false},
      {"raw unit separator", "\"\x1f\"", false},
      {"raw delete", "\"\x7f\"", true},
      {"four-byte UTF-8", "\"\xf0\x9f\x98\x80\"", true},
      {"overlong UTF-8", "\"\xc0\xaf\"", false},
      {"overlong UTF-8 of three", "\"\xe0\x80\xaf\"", false},
      {"UTF-8 surrogate", "\"\xed\xa0\x80\"", false},
      {"beyond Unicode", "\"\xf4\x90\x80\x80\"", false},
      {"lone continuation", "\"\x80\"", false},
      {"Latin-1", "\"\xe9\"", false},
      {"line separator", "\"\xe2\x80\xa8\"", true},
      {"empty array", "[]", true},
      {"nested arrays", "[[],[[]]]", true},
      {"trailing comma in array", "[1,]", false},
      {"leading comma in array", "[,1]", false},
      {"no comma", "[1 2]", false},
      {"empty object", "{}", true},
      {"trailing comma in object", R"({"a":1,})", false},
      {"unquoted key", "{a:1}", false},
      {"number as key", "{1:1}", false},
      {"missing value", R"({"a":})", false},
      {"missing colon", R"({"a" 1})", false},
      {"two colons", R"({"a"::1})", false},
      {"doubled key", R"({"a":1,"a":2})", true},
      {"comment", "1/*c*/", false},
      {"line comment", "1//c", false},
      {"form feed as space", "\f1", false},
      {"no-break space",
       "\xc2\xa0"
       "1",
       false},
      {"white space", " \t1\t ", true},
      {"nothing", "", false},
  };
  return all;
}

void check(const Reading& reading, const Case& c, const std::string& object) {
  INFO(c.name);
  CHECK_FALSE(reading.fault);
  CHECK(reading.sequence.size() == 3);
  CHECK(reading.errors.size() == (c.accepted ? 0u : 1u));
  // The table itself is checked against the parser whose results are promised.
  CHECK(Json::accept(object) == c.accepted);
  if (c.accepted && reading.records.size() == 3) CHECK(reading.records[1] == Json::parse(object));
}

}  // namespace

TEST_CASE("texts that JSON parsers disagree on, as lines") {
  for (const Case& c : cases()) {
    const Folder folder;
    const std::string object = "{\"v\":" + c.value + "}";
    check(read_files({folder.write("in.jsonl", "{}\n" + object + "\n{}\n")}), c, object);
  }
}

TEST_CASE("texts that JSON parsers disagree on, as elements of an array") {
  for (const Case& c : cases()) {
    const Folder folder;
    const std::string object = "{\"v\":" + c.value + "}";
    check(read_files({folder.write("in.json", "[{}, " + object + " ,{}]")}), c, object);
  }
}
