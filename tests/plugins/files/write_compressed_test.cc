// Compressed outputs: frames that follow from the rows alone, whole after every way to end.
#include "catch.h"
#include "frame_codec.h"
#include "write_fixture.h"

using rare::Json;
using rare::Offset;
using rare::Status;
using rare::StatusCode;
using namespace rare::files;
using namespace rare::files::test;
using Catch::Matchers::Contains;

namespace {

constexpr std::size_t kRows = 900;  // 2.8 MB: three frames

rare::testing::TestContext& compressed_context() {
  static rare::testing::TestContext one;
  return one;
}

const std::vector<Json>& many_rows() {
  static const std::vector<Json> rows = [] {
    std::vector<Json> made;
    for (std::size_t i = 0; i < kRows; ++i) {
      made.push_back(
          {{"n", i}, {"t", "\u00e9" + std::to_string(i * 7919 % 1000) + std::string(3000, 'x')}});
    }
    return made;
  }();
  return rows;
}

std::string text_of(std::size_t from, std::size_t to) {
  std::string text;
  for (std::size_t i = from; i < to; ++i) text += many_rows()[i].dump() + "\n";
  return text;
}

Status write_some(WriteSink& sink, std::size_t from, std::size_t to) {
  const auto& rows = many_rows();
  return write_rows(sink, {rows.begin() + static_cast<std::ptrdiff_t>(from),
                           rows.begin() + static_cast<std::ptrdiff_t>(to)});
}

// As it comes back from a state.
Offset kept(const rare::Result<Offset>& offset) {
  REQUIRE(offset.ok());
  return Offset{Json::parse(offset->token.dump())};
}

std::string unpacked(const std::string& path, std::size_t most = 70'001) {
  auto reader = FrameReader::open(path, compression_of_path(path));
  REQUIRE(reader.ok());
  std::string text;
  for (;;) {
    auto bytes = (*reader)->read(most);
    INFO(bytes.status().message());
    REQUIRE(bytes.ok());
    if (bytes->empty()) return text;
    REQUIRE(bytes->size() <= most);
    text += *bytes;
    REQUIRE((*reader)->offset() == text.size());
  }
}

// What is committed of the first rows, whose output has then ended, or is there as a copy.
Offset written_up_to(const std::string& path, std::size_t rows, Status (WriteSink::*end)()) {
  const auto sink = sink_of(path);
  REQUIRE(sink->open(compressed_context(), std::nullopt).ok());
  REQUIRE(write_some(*sink, 0, rows).ok());
  const Offset committed = kept(sink->sync());
  REQUIRE(((*sink).*end)().ok());
  return committed;
}

// By a start that goes on to the last row.
void write_rest(const std::string& path, const Offset& committed, std::size_t from) {
  const auto sink = sink_of(path);
  REQUIRE(sink->open(compressed_context(), committed).ok());
  REQUIRE(write_some(*sink, from, kRows).ok());
  REQUIRE(sink->sync().ok());
  REQUIRE(sink->finalise().ok());
}

std::string write_at_once(const std::string& path) {
  const auto sink = sink_of(path);
  REQUIRE(sink->open(compressed_context(), std::nullopt).ok());
  REQUIRE(write_some(*sink, 0, kRows).ok());
  REQUIRE(sink->sync().ok());
  REQUIRE(sink->finalise().ok());
  return Folder::read(path);
}

}  // namespace

TEST_CASE("a compressed output is small, and unpacks to the rows") {
  const std::string extension = GENERATE(".gz", ".zst");
  const Folder folder;
  const std::string path = folder.path("out.jsonl" + extension);
  const std::string packed = write_at_once(path);
  CHECK(packed.size() < text_of(0, kRows).size() / 10);
  CHECK(packed.substr(0, 2) == (extension == ".gz" ? "\x1f\x8b" : "\x28\xb5"));
  CHECK(unpacked(path) == text_of(0, kRows));
  CHECK(unpacked(path, 1 << 22) == text_of(0, kRows));
}

TEST_CASE("an output without rows is one empty frame") {
  const std::string extension = GENERATE(".gz", ".zst");
  const Folder folder;
  const std::string path = folder.path("out.jsonl" + extension);
  const auto sink = sink_of(path);
  REQUIRE(sink->open(compressed_context(), std::nullopt).ok());
  const Offset empty = kept(sink->sync());
  REQUIRE(sink->finalise().ok());
  CHECK_FALSE(Folder::read(path).empty());
  CHECK(unpacked(path).empty());
  const auto again = sink_of(path);
  REQUIRE(again->open(compressed_context(), empty).ok());
  REQUIRE(again->finalise().ok());
  CHECK(unpacked(path).empty());
}

TEST_CASE("wherever a writer is killed and goes on, the file is the same to the byte") {
  const std::string extension = GENERATE(".gz", ".zst");
  const Folder folder;
  const std::string whole = write_at_once(folder.path("whole.jsonl" + extension));
  const std::string path = folder.path("out.jsonl" + extension);
  std::optional<Offset> committed;
  std::size_t written = 0;
  for (const std::size_t stop : {1u, 300u, 301u, 360u, 700u, 900u}) {
    const auto sink = sink_of(path);
    REQUIRE(sink->open(compressed_context(), committed).ok());
    REQUIRE(write_some(*sink, written, stop).ok());
    committed = kept(sink->sync());
    written = stop;
    CHECK(committed->token["rows"] == stop);
    CHECK(committed->token["bytes"] == text_of(0, stop).size());
    CHECK(committed->token["tail"].get_ref<const std::string&>().size() < (1u << 20));
    // What comes after the checkpoint goes down with the process.
    if (stop < kRows) REQUIRE(write_some(*sink, written, std::min(kRows, written + 500)).ok());
    if (stop == kRows) REQUIRE(sink->finalise().ok());
  }
  CHECK(Folder::read(path) == whole);

  // Killed after the file got its name, before the state knew.
  const auto repeated = sink_of(path);
  REQUIRE(repeated->open(compressed_context(), committed).ok());
  REQUIRE(repeated->finalise().ok());
  CHECK(Folder::read(path) == whole);
}

TEST_CASE("a published part is a whole file, and the output goes on to the same bytes") {
  const std::string extension = GENERATE(".gz", ".zst");
  const Folder folder;
  const std::string whole = write_at_once(folder.path("whole.jsonl" + extension));
  const std::string path = folder.path("out.jsonl" + extension);
  const Offset committed = written_up_to(path, 400, &WriteSink::publish_copy);
  CHECK(unpacked(path) == text_of(0, 400));
  write_rest(path, committed, 400);
  CHECK(Folder::read(path) == whole);
}

TEST_CASE("rows that are added to a finished output give the file that one writer would") {
  const std::size_t before = GENERATE(0u, 1u, 400u, 899u);
  const Folder folder;
  const std::string whole = write_at_once(folder.path("whole.jsonl.zst"));
  const std::string path = folder.path("out.jsonl.zst");
  const Offset committed = written_up_to(path, before, &WriteSink::finalise);
  write_rest(path, committed, before);
  CHECK(Folder::read(path) == whole);
}

TEST_CASE("a last frame that another version of the library has made is the output's, too") {
  const std::string extension = GENERATE(".gz", ".zst");
  const Folder folder;
  const std::string whole = write_at_once(folder.path("whole.jsonl" + extension));
  const std::string path = folder.path("out.jsonl" + extension);
  const Offset committed = written_up_to(path, 400, &WriteSink::finalise);
  const std::string finished = Folder::read(path);
  const std::string first =
      finished.substr(0, committed.token.at("packed_bytes").get<std::size_t>());
  const std::string tail = committed.token.at("tail").get<std::string>();
  REQUIRE(tail.size() > 1);
  const auto packed = [&](std::string_view bytes) {
    return *pack_frame(compression_of_path(path), bytes);
  };
  const auto replace = [&](const std::string& last) {
    REQUIRE(first.size() + last.size() != finished.size());
    std::ofstream(path, std::ios::binary | std::ios::trunc) << first << last;
  };
  for (const std::string& other :
       {packed(tail) + packed("{}\n"), packed(tail.substr(tail.size() / 2)),
        packed(tail).substr(0, 9)}) {
    replace(other);
    const Status opened = sink_of(path)->open(compressed_context(), committed);
    CHECK_THAT(opened.message(), Contains("came no file, and in " + path + " other "));
  }
  replace(packed(tail.substr(0, 1)) + packed(tail.substr(1)));
  const auto sink = sink_of(path);
  const Status opened = sink->open(compressed_context(), committed);
  INFO(opened.message());
  REQUIRE(opened.ok());
  REQUIRE(write_some(*sink, 400, kRows).ok());
  REQUIRE(sink->sync().ok());
  REQUIRE(sink->finalise().ok());
  CHECK(Folder::read(path) == whole);
}

TEST_CASE("rows are taken over from a finished output, in frames as if they were written") {
  const std::string extension = GENERATE(".gz", ".zst");
  const Folder folder;
  const std::string whole = write_at_once(folder.path("whole.jsonl" + extension));
  const std::string path = folder.path("out.jsonl" + extension);
  std::vector<Offset> places;
  {
    const auto sink = sink_of(path);
    REQUIRE(sink->open(compressed_context(), std::nullopt).ok());
    for (const auto& [from, to] : {std::pair{0u, 50u}, {400u, 410u}, {800u, 801u}}) {
      // Between these stand rows that are not wanted any more.
      REQUIRE(write_rows(*sink, {{{"old", from}}, {{"old", to}}}).ok());
      places.push_back(*sink->position());
      const std::size_t end = from == 0 ? 400 : from == 400 ? 800 : kRows;
      REQUIRE(write_some(*sink, from, end).ok());
      places.push_back(*sink->position());
    }
    places.push_back(kept(sink->sync()));
    REQUIRE(sink->finalise().ok());
  }
  const auto sink = sink_of(path);
  REQUIRE(sink->open(compressed_context(), std::nullopt).ok());
  for (std::size_t i = 0; i < 3; ++i) {
    REQUIRE(sink->copy_finished(places[2 * i], i < 2 ? places[2 * i + 1] : places.back()).ok());
  }
  const Offset end = kept(sink->sync());
  CHECK(end.token["rows"] == kRows);
  REQUIRE(sink->finalise().ok());
  CHECK(Folder::read(path) == whole);
}

TEST_CASE("compression may be said instead of shown by the name") {
  const Folder folder;
  const auto sink = sink_of(folder.path("out.jsonl"), {{"compression", "zstd"}});
  REQUIRE(sink->open(compressed_context(), std::nullopt).ok());
  REQUIRE(write_some(*sink, 0, 10).ok());
  REQUIRE(sink->sync().ok());
  REQUIRE(sink->finalise().ok());
  CHECK(Folder::read(folder.path("out.jsonl")).substr(0, 2) == "\x28\xb5");
  const auto plain = sink_of(folder.path("plain.jsonl.gz"), {{"compression", "none"}});
  REQUIRE(plain->open(compressed_context(), std::nullopt).ok());
  REQUIRE(write_some(*plain, 0, 10).ok());
  REQUIRE(plain->finalise().ok());
  CHECK(Folder::read(folder.path("plain.jsonl.gz")) == text_of(0, 10));
}

TEST_CASE("a cut or damaged compressed file is told from a whole one") {
  const std::string extension = GENERATE(".gz", ".zst");
  const Folder folder;
  const std::string path = folder.path("out.jsonl" + extension);
  const std::string whole = write_at_once(path);
  std::string damaged = whole;
  damaged[whole.size() / 2] ^= 0x40;
  for (const std::string& bytes : {whole.substr(0, whole.size() - 3), damaged}) {
    folder.write("out.jsonl" + extension, bytes);
    auto reader = FrameReader::open(path, compression_of_path(path));
    REQUIRE(reader.ok());
    Status status;
    while (status.ok()) {
      const auto read = (*reader)->read(100'000);
      status = read.status();
      if (read.ok() && read->empty()) break;
    }
    CHECK(status.code() == StatusCode::invalid_data);
    CHECK_THAT(status.message(), Contains(path + ": expected a whole compressed file"));
  }
}
