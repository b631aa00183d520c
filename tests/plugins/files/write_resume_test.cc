#include "catch.h"
#include "write_fixture.h"

using rare::Json;
using rare::Offset;
using rare::Status;
using rare::StatusCode;
using namespace rare::files::test;

namespace {

rare::testing::TestContext& context() {
  static rare::testing::TestContext one;
  return one;
}

Offset offset_of(std::size_t bytes, std::size_t rows) {
  return Offset{Json::parse(Json{{"bytes", bytes}, {"rows", rows}}.dump())};
}

std::unique_ptr<rare::files::WriteSink> resumed(const std::string& path, const Offset& offset) {
  auto sink = sink_of(path);
  const Status opened = sink->open(context(), offset);
  INFO(opened.message());
  REQUIRE(opened.ok());
  return sink;
}

const std::string kOne = "{\"n\":1}\n";
const std::string kTwo = "{\"n\":2}\n";

Json place_of(const Offset& offset) {
  CHECK(offset.token["end_sha256"].get<std::string>().size() == 64);
  return Json{{"bytes", offset.token["bytes"]}, {"rows", offset.token["rows"]}};
}

// Finishes an output of one row; what was committed before.
Offset finish_one(const std::string& path) {
  const auto sink = sink_of(path);
  REQUIRE(sink->open(context(), std::nullopt).ok());
  REQUIRE(write_rows(*sink, {{{"n", 1}}}).ok());
  const auto offset = sink->sync();
  REQUIRE(offset.ok());
  REQUIRE(sink->finalise().ok());
  return *offset;
}

}  // namespace

TEST_CASE("what stands beyond the committed offset is cut off, whatever it is") {
  for (std::size_t beyond = 0; beyond <= kTwo.size(); ++beyond) {
    const Folder folder;
    const std::string path = folder.path("out.jsonl");
    folder.write("out.jsonl.part", kOne + kTwo.substr(0, beyond));
    const auto sink = resumed(path, offset_of(kOne.size(), 1));
    CHECK(Folder::read(part(path)) == kOne);
    REQUIRE(write_rows(*sink, {{{"n", 2}}}).ok());
    CHECK(place_of(*sink->sync()) == Json{{"bytes", 16}, {"rows", 2}});
    REQUIRE(sink->finalise().ok());
    CHECK(Folder::read(path) == kOne + kTwo);
  }
}

TEST_CASE("a writer that died leaves what it synced, and the next one goes on") {
  const Folder folder;
  const std::string path = folder.path("out.jsonl");
  std::optional<Offset> committed;
  for (int start = 0; start < 5; ++start) {
    const auto sink = sink_of(path);
    REQUIRE(sink->open(context(), committed).ok());
    REQUIRE(write_rows(*sink, {{{"n", start}}}).ok());
    committed = *sink->sync();
    REQUIRE(write_rows(*sink, {{{"lost", start}}}).ok());
    // Half of what was not synced may be in the file.
    if (start % 2 == 0) REQUIRE(sink->sync().ok());
  }
  REQUIRE(resumed(path, *committed)->finalise().ok());
  CHECK(Folder::read(path) == "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n{\"n\":4}\n");
}

TEST_CASE("a working file that is gone or too short is refused, and says what to do") {
  const Folder folder;
  const std::string path = folder.path("out.jsonl");
  const auto message = [&path](const Offset& offset) {
    const Status status = sink_of(path)->open(context(), offset);
    CHECK(status.code() == StatusCode::invalid_argument);
    CHECK(status.fault() == rare::Fault::run);
    return status.message();
  };
  CHECK(contains(message(offset_of(8, 1)),
                 "out.jsonl.part: expected the 8 bytes that an earlier start wrote, came no file; "
                 "put the file back, or make the output anew with --fresh"));
  folder.write("out.jsonl.part", "{\"n\"");
  CHECK(contains(message(offset_of(8, 1)), "came 4 bytes; put the file back"));
  CHECK(Folder::read(part(path)) == "{\"n\"");
  CHECK(contains(message(Offset{Json{{"bytes", "x"}}}), "--fresh"));
  // A finished output of another size is not this run's.
  std::filesystem::remove(part(path));
  folder.write("out.jsonl", kOne + kTwo);
  CHECK(contains(message(offset_of(8, 1)), "came no file, and in " + path + " other 16 bytes; "));
}

TEST_CASE("finalise can be repeated, in one process and after a crash between its steps") {
  const Folder folder;
  const std::string path = folder.path("out.jsonl");
  const auto sink = sink_of(path);
  REQUIRE(sink->open(context(), std::nullopt).ok());
  REQUIRE(write_rows(*sink, {{{"n", 1}}}).ok());
  const Offset offset = *sink->sync();
  REQUIRE(sink->finalise().ok());
  REQUIRE(sink->finalise().ok());
  CHECK(sink->sync()->token == offset.token);

  const auto later = resumed(path, offset);
  CHECK(later->in_place());
  REQUIRE(later->finalise().ok());
  REQUIRE(later->finalise().ok());
  CHECK(Folder::read(path) == kOne);
  CHECK_FALSE(exists(part(path)));
}

TEST_CASE("a start after a finished one adds rows; the finished file stays until they are all in") {
  const Folder folder;
  const std::string path = folder.path("out.jsonl");
  const Offset offset = finish_one(path);
  // A crash in the middle of making the new working file leaves only this behind.
  folder.write("out.jsonl.copy", "{\"n");
  const auto sink = resumed(path, offset);
  REQUIRE(write_rows(*sink, {{{"n", 2}}}).ok());
  const Offset second = *sink->sync();
  CHECK(place_of(second) == Json{{"bytes", 16}, {"rows", 2}});
  CHECK(Folder::read(path) == kOne);
  CHECK(Folder::read(part(path)) == kOne + kTwo);
  REQUIRE(sink->finalise().ok());
  CHECK(Folder::read(path) == kOne + kTwo);
}

TEST_CASE("rows that another run wrote to the same name since are not taken for one's own") {
  const Folder folder;
  const std::string path = folder.path("out.jsonl");
  Offset offset;
  {
    const auto sink = sink_of(path);
    REQUIRE(sink->open(context(), std::nullopt).ok());
    REQUIRE(write_rows(*sink, {{{"n", 1}}}).ok());
    offset = *sink->sync();
  }
  folder.write("out.jsonl.part", "{\"n\":7}\n{\"n\":8}\n");
  const Status refused = sink_of(path)->open(context(), offset);
  CHECK(refused.code() == StatusCode::invalid_argument);
  CHECK(contains(refused.message(),
                 "out.jsonl.part: expected the 8 bytes that an earlier start "
                 "wrote, came others, which were written there since"));
  CHECK(contains(refused.message(), "--fresh"));
  CHECK(Folder::read(part(path)) == "{\"n\":7}\n{\"n\":8}\n");
  folder.write("out.jsonl.part", kOne + kTwo);
  CHECK(sink_of(path)->open(context(), offset).ok());
}

TEST_CASE("beside another run's working file the finished one is gone on with") {
  const Folder folder;
  const std::string path = folder.path("out.jsonl");
  const Offset offset = finish_one(path);
  folder.write("out.jsonl.part", "{\"n\":7}\n{\"n\":8}\n");
  {
    const auto other = sink_of(path);  // which is at work
    REQUIRE(other->open(context(), Offset{Json{{"bytes", 8}, {"rows", 1}}}).ok());
    CHECK(
        contains(sink_of(path)->open(context(), offset).message(), "is being written by another"));
  }
  const auto sink = resumed(path, offset);
  REQUIRE(write_rows(*sink, {{{"n", 2}}}).ok());
  REQUIRE(sink->finalise().ok());
  CHECK(Folder::read(path) == kOne + kTwo);
}

TEST_CASE("a finished file that was changed since gives no rows to a new output") {
  for (const std::string& changed : {std::string("{\"n\":3}\n"), kOne + "{}\n"}) {
    const Folder folder;
    const std::string path = folder.path("out.jsonl");
    const Offset end = finish_one(path);
    folder.write("out.jsonl", changed);
    const auto sink = sink_of(path);
    REQUIRE(sink->open(context(), std::nullopt).ok());
    const Status refused = sink->copy_finished(offset_of(0, 0), end);
    CHECK(refused.code() == StatusCode::invalid_argument);
    CHECK(contains(refused.message(), "the file was changed since"));
    CHECK(Folder::read(path) == changed);
  }
}

TEST_CASE("a published copy is in place while the working file goes on") {
  const Folder folder;
  const std::string path = folder.path("out.jsonl");
  const auto sink = sink_of(path);
  REQUIRE(sink->open(context(), std::nullopt).ok());
  REQUIRE(write_rows(*sink, {{{"n", 1}}}).ok());
  const Offset offset = *sink->sync();
  REQUIRE(sink->publish_copy().ok());
  REQUIRE(sink->publish_copy().ok());
  CHECK(sink->in_place());
  CHECK(Folder::read(path) == kOne);
  CHECK(Folder::read(part(path)) == kOne);
  REQUIRE(write_rows(*sink, {{{"n", 2}}}).ok());
  REQUIRE(sink->finalise().ok());
  CHECK(Folder::read(path) == kOne + kTwo);
  CHECK(offset.token["rows"] == 1);
  CHECK_FALSE(exists(path + ".copy"));
}

TEST_CASE("a new start empties an old working file and leaves a finished output alone") {
  const Folder folder;
  const std::string path = folder.write("out.jsonl", "finished by another run\n");
  folder.write("out.jsonl.part", "left behind\n");
  const auto sink = sink_of(path);
  REQUIRE(sink->open(context(), std::nullopt).ok());
  REQUIRE(write_rows(*sink, {{{"n", 1}}}).ok());
  REQUIRE(sink->sync().ok());
  CHECK(Folder::read(part(path)) == kOne);
  CHECK(Folder::read(path) == "finished by another run\n");
  REQUIRE(sink->finalise().ok());
  CHECK(Folder::read(path) == kOne);
}
