#include <sys/fsuid.h>
#include <sys/stat.h>

#include "catch.h"
#include "file_fixture.h"

using rare::Fault;
using rare::Json;
using rare::StatusCode;
using rare::files::test::contains;
using rare::files::test::Folder;
using rare::files::test::read_all;
using rare::files::test::read_files;
using rare::files::test::Reading;

TEST_CASE("an unreadable line names file, line, column, what was expected and what came") {
  struct Case {
    std::string line;
    std::string message;  // after "in.jsonl:"
  };
  const Case cases[] = {
      {"nonsense", "2:2: expected well-formed JSON, came invalid literal (in the value)"},
      {"{\"a\":1", "2:7: expected '}', came end of input (in the object)"},
      {"{\"a\":1}}", "2:8: expected end of input, came '}' (in the value)"},
      {"{\"a\" 1}", "2:6: expected ':', came number literal (in the object separator)"},
      {"{'a':1}", "2:2: expected string literal, came "},
      {"[1]", "2:1: expected a JSON object, came an array"},
      {"  17", "2:3: expected a JSON object, came a number"},
      {"\"t\"", "2:1: expected a JSON object, came a string"},
      {"null", "2:1: expected a JSON object, came null"},
      {"true", "2:1: expected a JSON object, came true or false"},
      {"{\"a\":\"\xff\"}", "2:7: expected UTF-8, came the byte 0xff"},
      {"{\"a\":\"\xc3\xa9\xed\xa0\x80\"}", "2:9: expected UTF-8, came the byte 0xed"},
      {"{\"n\":1e999}", "2:1: expected numbers within the range of a 64-bit floating-point number"},
  };
  for (const Case& c : cases) {
    INFO(c.line);
    const Folder folder;
    const std::string path = folder.write("in.jsonl", "{\"a\":1}\n" + c.line + "\n{\"a\":3}\n");
    const Reading reading = read_files({path});
    CHECK_FALSE(reading.fault);
    CHECK(reading.sequence == std::vector<std::string>{R"({"a":1})", "error", R"({"a":3})"});
    REQUIRE(reading.errors.size() == 1);
    CHECK(reading.errors[0].code() == StatusCode::invalid_data);
    CHECK(reading.errors[0].fault() == Fault::record);
    CHECK(reading.errors[0].raw() == c.line);
    INFO(reading.errors[0].message());
    CHECK(reading.errors[0].message().starts_with(path + ":" + c.message));
    CHECK_NOTHROW(Json(reading.errors[0].message()).dump());
  }
}

TEST_CASE("NUL bytes make an unreadable line, not an early end") {
  const Folder folder;
  const std::string nul(5, '\0');
  const Reading reading =
      read_files({folder.write("in.jsonl", "{\"a\":1}\n" + nul + "\n{\"a\":2}" + nul +
                                               "\n{\"a\":\"" + nul + "\"}\n{\"a\":3}\n")});
  CHECK_FALSE(reading.fault);
  CHECK(reading.records == std::vector<Json>{{{"a", 1}}, {{"a", 3}}});
  REQUIRE(reading.errors.size() == 3);
  CHECK(reading.errors[0].raw() == nul);
}

TEST_CASE("objects are read up to the documented depth") {
  const auto nested = [](int arrays) {
    const std::size_t n = static_cast<std::size_t>(arrays);
    return "{\"a\":" + std::string(n, '[') + std::string(n, ']') + "}\n";
  };
  const Folder folder;
  const Reading reading = read_files({folder.write(
      "in.jsonl", nested(999) + nested(1000) + nested(1030) + nested(500'000) + nested(999))});
  CHECK(reading.records.size() == 2);
  REQUIRE(reading.errors.size() == 3);
  for (const rare::Status& error : reading.errors) {
    CHECK(contains(error.message(), "nested at most 1000 deep, came deeper ones"));
  }
}

namespace {

void check_refused(const Reading& reading, const std::string& part) {
  REQUIRE(reading.fault);
  INFO(reading.fault->message());
  CHECK(reading.fault->code() == StatusCode::invalid_argument);
  CHECK(contains(reading.fault->message(), part));
  CHECK(reading.sequence.empty());
}

}  // namespace

TEST_CASE("input that is not there is refused when the source opens") {
  const Folder folder;
  folder.write("there.jsonl", "{}\n");
  folder.write("unknown.dat", "{}\n");
  std::filesystem::create_directories(folder.path("folder.jsonl"));
  REQUIRE(mkfifo(folder.path("pipe.jsonl").c_str(), 0600) == 0);

  const std::string missing = folder.path("missing.jsonl");
  check_refused(read_files({folder.path("there.jsonl"), missing}),
                missing + ": there is no such file; check the path");
  check_refused(read_files({folder.path("*.ndjson")}), "*.ndjson: no file matches this pattern; ");
  check_refused(read_files({folder.path("folder.jsonl")}),
                "folder.jsonl: no file in this folder or below it has an extension");
  check_refused(read_files({folder.path("pipe.jsonl")}), "expected a regular file, came a device");
  check_refused(read_files({folder.path("unknown.dat")}),
                "unknown.dat: expected one of the extensions .jsonl, .ndjson, .json, ");
  check_refused(read_files({}), "expected at least one file, came an empty list");
  CHECK(read_files({folder.path("unknown.dat")}, "jsonl").records.size() == 1);
}

TEST_CASE("input that may not be read is refused when the source opens") {
  const Folder folder;
  std::filesystem::permissions(folder.path(""), std::filesystem::perms(0755));
  const std::string path = folder.write("secret.jsonl", "{}\n");
  const std::string good = folder.write("good.jsonl", "{}\n");
  REQUIRE(chmod(path.c_str(), 0) == 0);
  setfsuid(65534);  // of this thread: root may read everything
  const Reading reading = read_files({good, path, good});
  setfsuid(0);
  check_refused(reading, "secret.jsonl: cannot be read: Permission denied; check the permissions");
}

TEST_CASE("a file that shrinks while it is read is a fault") {
  const Folder folder;
  std::string bytes;
  for (int i = 0; i < 20'000; ++i) bytes += "{\"a\":\"" + std::string(110, 'x') + "\"}\n";
  const std::string path = folder.write("in.jsonl", bytes);
  rare::testing::TestContext context;
  const auto source = rare::files::test::source_of({path});
  REQUIRE(source->open(context, std::nullopt).ok());
  REQUIRE(source->next().ok());
  std::filesystem::resize_file(path, 1'500'000);
  const Reading reading = read_all(*source);
  REQUIRE(reading.fault);
  CHECK(reading.fault->code() == StatusCode::unavailable);
  CHECK(contains(reading.fault->message(), "became shorter while it was read"));
}
