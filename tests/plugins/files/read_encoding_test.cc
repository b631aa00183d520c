#include "catch.h"
#include "frame_codec.h"
#include "resume_check.h"

using rare::Json;
using namespace rare::files;
using namespace rare::files::test;
using Catch::Matchers::Contains;

namespace {

std::string utf16(std::u16string_view text, bool with_mark = true) {
  std::string bytes = with_mark ? "\xff\xfe" : "";
  for (const char16_t unit : text) {
    bytes += static_cast<char>(unit & 0xff);
    bytes += static_cast<char>(unit >> 8);
  }
  return bytes;
}

Json encoded_as(const std::string& name) { return {{"encoding", name}}; }

}  // namespace

TEST_CASE("files in other encodings are read as the text that they are") {
  const Folder folder;
  const auto text = [&folder](const std::string& bytes, const std::string& encoding) {
    const Reading reading = read_files({folder.write("a.txt", bytes)}, encoded_as(encoding));
    CHECK_FALSE(reading.fault);
    return reading.records.at(0)["text"].get<std::string>();
  };
  CHECK(text("na\xefve", "latin1") == "na\u00efve");
  CHECK(text("\x80 5", "windows-1252") == "\u20ac 5");
  CHECK(text("\xd6\xd0\xce\xc4", "gb18030") == "\u4e2d\u6587");
  CHECK(text(utf16(u"a\u4e2d\xd83d\xde00"), "utf-16") == "a\u4e2d\U0001f600");
  CHECK(text(utf16(u"a\r\nb", false), "utf-16le") == "a\r\nb");
  CHECK(text(*pack_frame(Compression::gzip, "na\xefve"), "latin1") == "na\u00efve");
  std::string big;
  for (int i = 0; i < 300'000; ++i)
    big +=
        "\xd6\xd0"
        "a";
  std::string expected;
  for (int i = 0; i < 300'000; ++i)
    expected +=
        "\u4e2d"
        "a";
  CHECK((text(big, "gb18030") == expected));
}

TEST_CASE("bytes that are no character cost their record, which names their place in the file") {
  const Folder folder;
  const std::string lines = "{\"n\":1}\n{\"n\":\"\xd6\xd0\xff\"}\n{\"n\":\"\xd6\xd0\"}\n{\"n\":4";
  const Reading reading =
      read_files({folder.write("a.jsonl", lines + "\xd6")}, encoded_as("gb18030"));
  REQUIRE_FALSE(reading.fault);
  CHECK(reading.sequence ==
        std::vector<std::string>{"{\"n\":1}", "error", "{\"n\":\"\u4e2d\"}", "error"});
  CHECK_THAT(reading.errors[0].message(),
             Contains("a.jsonl:2:") && Contains("(what stands at byte 16 of "
                                                "the file is no character of gb18030)"));
  CHECK_THAT(reading.errors[1].message(), Contains("byte " + std::to_string(lines.size())));
  const Reading surrogate =
      read_files({folder.write("b.csv", utf16(u"a\nx\n\xd800y\nz\n"))}, encoded_as("utf-16"));
  CHECK(surrogate.sequence == std::vector<std::string>{"{\"a\":\"x\"}", "error", "{\"a\":\"z\"}"});
}

TEST_CASE("an encoding that nobody knows is refused when the source opens") {
  const Folder folder;
  const Reading reading = read_files({folder.write("a.txt", "x")}, encoded_as("klingon"));
  REQUIRE(reading.fault);
  CHECK_THAT(reading.fault->message(), Contains("encoding: expected a name that ICU knows"));
}

TEST_CASE("reading goes on in a file of another encoding") {
  const Folder folder;
  check_every_boundary(
      {folder.write("a.csv", utf16(u"a;b\r\n\u4e2d;2\r\n\xd800;3\r\nx;\"\u00e9\r\n\"\r\n")),
       folder.write("b.jsonl", *pack_frame(Compression::zstd, utf16(u"{\"n\":1}\n{\"n\":2}\n")))},
      encoded_as("utf-16"));
}
