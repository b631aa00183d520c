// Compressed inputs: told by their first bytes, read on from anywhere, and told when they are
// damaged.
#include "catch.h"
#include "frame_codec.h"
#include "resume_check.h"

using rare::Json;
using rare::StatusCode;
using namespace rare::files;
using namespace rare::files::test;
using Catch::Matchers::Contains;

namespace {

std::string packed(Compression compression, std::string_view bytes) {
  auto frame = pack_frame(compression, bytes);
  REQUIRE(frame.ok());
  return *frame;
}

std::string line_of(int n, std::size_t size = 0) {
  return Json{{"n", n}, {"t", std::string(size, 'x')}}.dump() + "\n";
}

Compression any_compression() { return GENERATE(Compression::gzip, Compression::zstd); }

}  // namespace

TEST_CASE("a compressed file is read as what it holds, whatever it is called") {
  const Compression compression = any_compression();
  const Folder folder;
  const std::string lines = packed(compression, line_of(1)) + packed(compression, "") +
                            packed(compression, line_of(2) + "{\"n\":");
  const std::string rest = packed(compression, "3}\n");
  const std::vector<std::string> paths{
      folder.write("a.jsonl.gz", lines + rest),
      folder.write("b.jsonl", lines + rest),
      folder.write("c.json.zst", packed(compression, "[{\"n\":4}]")),
      folder.write("d.csv.gz", packed(compression, "n\n5\n")),
      folder.write("e.jsonl.gz", "{\"n\":6}"),
      folder.write("none.jsonl.zst", packed(compression, "")),
      folder.write("empty.jsonl.gz", "")};
  const Reading reading = check_every_boundary(paths);
  REQUIRE_FALSE(reading.fault);
  std::string numbers;
  for (const Json& record : reading.records) numbers += record["n"].dump();
  CHECK(numbers == "1231234\"5\"6");
}

TEST_CASE("a byte order mark may be split over frames") {
  const Compression compression = any_compression();
  const std::string rest = GENERATE("[{\"n\":1}]", "{\"n\":1}", "n\n1");
  const Folder folder;
  const std::string bytes = packed(compression, "\xef") + packed(compression, "\xbb") +
                            packed(compression, "\xbf" + rest);
  const Reading reading =
      read_files({folder.write(rest.starts_with("n") ? "a.csv" : "a.json", bytes)});
  INFO((reading.fault ? reading.fault->message() : std::string("no fault")));
  CHECK_FALSE(reading.fault);
  REQUIRE(reading.records.size() == 1);
  CHECK(reading.records[0].contains("n"));
}

TEST_CASE("reading goes on behind frames that are passed over") {
  const Compression compression = any_compression();
  const Folder folder;
  std::string bytes;
  for (int frame = 0; frame < 4; ++frame) {
    std::string lines;
    for (int i = 0; i < 3; ++i) lines += line_of(3 * frame + i, 40'000);
    bytes += packed(compression, lines);
  }
  const std::vector<std::string> paths{folder.write("a.jsonl", bytes)};
  for (std::size_t n = 0; n <= 12; ++n) {
    const Reading rest = rest_from(paths, position_after(paths, n));
    REQUIRE_FALSE(rest.fault);
    REQUIRE(rest.records.size() == 12 - n);
    if (n < 12) CHECK(rest.records[0]["n"] == n);
  }
}

TEST_CASE("a file that is cut or damaged within a frame is a fault that names the byte") {
  const Compression compression = any_compression();
  const Folder folder;
  std::string noise;
  for (unsigned n = 1; n < 4000; ++n) noise += std::to_string(n * 2654435761u);
  const std::string whole =
      packed(compression, line_of(1)) + packed(compression, "{\"n\":\"" + noise + "\"}\n");
  const auto fault = [&](const std::string& bytes) {
    const Reading reading = read_files({folder.write("a.jsonl.gz", bytes)});
    CHECK(reading.records.size() <= 2);
    CHECK(reading.errors.empty());
    REQUIRE(reading.fault);
    CHECK(reading.fault->code() == StatusCode::invalid_data);
    return reading.fault->message();
  };
  CHECK_THAT(
      fault(whole.substr(0, whole.size() - 2)),
      Contains("a.jsonl.gz: expected a whole compressed file, came a damaged or cut one (it ends "
               "within a frame, at byte " +
               std::to_string(whole.size() - 2) + "); fetch"));
  CHECK_THAT(fault(whole.substr(0, whole.size() / 2)), Contains("it ends within a frame"));
  CHECK_THAT(fault(whole + "no frame"), Contains("damaged or cut"));
  std::string damaged = whole;
  damaged[whole.size() - 2000] ^= 0x40;
  CHECK_THAT(fault(damaged), Contains("damaged or cut"));
}

TEST_CASE("a gzip file may be padded with zeros, and with nothing else") {
  const Folder folder;
  const std::string whole = packed(Compression::gzip, line_of(1)) +
                            packed(Compression::gzip, line_of(2)) + std::string(600'000, '\0');
  const std::string path = folder.write("a.jsonl.gz", whole);
  const Reading reading = check_every_boundary({path});
  CHECK_FALSE(reading.fault);
  CHECK(reading.records.size() == 2);
  const Reading damaged =
      read_files({folder.write("a.jsonl.gz", whole + packed(Compression::gzip, line_of(3)))});
  REQUIRE(damaged.fault);
  CHECK_THAT(damaged.fault->message(), Contains("zeros that pad it are followed by other bytes"));
}

TEST_CASE("a zstd frame may look back as far as zstd --long=31 does, not further") {
  const Folder folder;
  // A frame header without a size, its window descriptor, and one raw block, the last.
  const auto with_window = [&folder](int log) {
    const char descriptor = static_cast<char>((log - 10) << 3);
    const std::string frame = std::string("\x28\xb5\x2f\xfd\x00", 5) + descriptor +
                              std::string("\x41\x00\x00", 3) + "{\"n\":1}\n";
    return read_files({folder.write("a.jsonl.zst", frame)});
  };
  const Reading reading = with_window(28);
  INFO((reading.fault ? reading.fault->message() : std::string("no fault")));
  CHECK_FALSE(reading.fault);
  CHECK(reading.records.size() == 1);
  const Reading refused = with_window(32);
  REQUIRE(refused.fault);
  CHECK(refused.fault->code() == StatusCode::invalid_data);
  CHECK_THAT(refused.fault->message(),
             Contains("a.jsonl.zst: expected frames with a window of at most 2^31 bytes, came one "
                      "with a larger one, at byte 0; pack it again"));
}

TEST_CASE("a compressed file that holds less than an earlier start had read is refused") {
  const Compression compression = any_compression();
  const Folder folder;
  const std::vector<std::string> paths{
      folder.write("a.jsonl", packed(compression, line_of(1) + line_of(2)))};
  const rare::Position position = position_after(paths, 2);
  folder.write("a.jsonl", packed(compression, line_of(1)));
  const auto source = source_of(paths);
  const rare::Status opened = source->open(resume_context(), position);
  CHECK_THAT(opened.message(), Contains("of which an earlier start had read"));
}

TEST_CASE("progress over a compressed file counts its own bytes") {
  const Folder folder;
  const std::string bytes = packed(Compression::zstd, line_of(1, 100'000));
  const auto source = source_of({folder.write("a.jsonl", bytes)});
  REQUIRE(source->open(resume_context(), std::nullopt).ok());
  read_all(*source);
  CHECK(source->progress()->total == bytes.size());
  CHECK(source->progress()->done == bytes.size());
}
