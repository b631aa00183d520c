#include "catch.h"
#include "file_fixture.h"

using rare::Json;
using rare::files::test::Folder;
using rare::files::test::read_all;
using rare::files::test::read_files;
using rare::files::test::Reading;
using rare::files::test::source_of;

namespace {

std::string named(const std::string& name) { return Json{{"n", name}}.dump() + "\n"; }

}  // namespace

TEST_CASE("files are read in list order, within a pattern sorted by byte, each one once") {
  const Folder folder;
  for (const std::string name : {"b", "a", "B", "z", "a10", "a2"}) {
    folder.write(name + ".jsonl", named(name));
  }
  folder.write("sub/x.jsonl", named("x"));
  std::filesystem::create_symlink(folder.path("a.jsonl"), folder.path("zz.jsonl"));
  const Reading reading =
      read_files({folder.path("z.jsonl"), folder.path("a*.jsonl"), folder.path("*"),
                  folder.path("*/x.jsonl"), folder.path("a.jsonl"), folder.path("sub/../b.jsonl")});
  REQUIRE_FALSE(reading.fault);
  std::vector<std::string> names;
  for (const Json& record : reading.records) names.push_back(record["n"]);
  CHECK(names == std::vector<std::string>{"z", "a", "a10", "a2", "B", "b", "x"});
}

TEST_CASE("a file whose name looks like a pattern is that file") {
  const Folder folder;
  folder.write("a[1].jsonl", named("brackets"));
  folder.write("a1.jsonl", named("plain"));
  CHECK(read_files({folder.path("a[1].jsonl")}).records.at(0)["n"] == "brackets");
}

TEST_CASE("formats may be mixed, by extension") {
  const Folder folder;
  folder.write("a.json", R"([{"n":1},{"n":2}])");
  folder.write("b.ndjson", "{\"n\":3}\n");
  folder.write("c.jsonl", "{\"n\":4}\n");
  folder.write("d.json", R"({"n":5})");
  const Reading reading = read_files({folder.path("*.*json*")});
  REQUIRE_FALSE(reading.fault);
  std::vector<int> numbers;
  for (const Json& record : reading.records) numbers.push_back(record["n"]);
  CHECK(numbers == std::vector<int>{1, 2, 3, 4, 5});
  CHECK(read_files({folder.path("c.jsonl")}, "json").records.size() == 1);
}

TEST_CASE("progress counts bytes of all files, up to the last") {
  const Folder folder;
  const std::string first = folder.write("a.jsonl", "{\"n\":1}\n{\"n\":2}\n");
  const std::string second = folder.write("b.json", R"([{"n":3}])");
  rare::testing::TestContext context;
  const auto source = source_of({first, second});
  REQUIRE(source->open(context, std::nullopt).ok());
  CHECK(source->progress()->done == 0);
  CHECK(source->progress()->total == 25u);
  REQUIRE(source->next().ok());
  CHECK(source->progress()->done == 8);
  read_all(*source);
  CHECK(source->progress()->done == 25);
}

TEST_CASE("identity names path, size, time and a hash of both ends") {
  const Folder folder;
  const std::string path = folder.write("a.jsonl", "{\"n\":1}\n");
  const auto identity = [](const std::string& file) {
    rare::testing::TestContext context;
    const auto source = source_of({file});
    REQUIRE(source->open(context, std::nullopt).ok());
    return *source->identity();
  };
  const Json before = identity(path);
  REQUIRE(before.size() == 1);
  CHECK(before[0]["path"] == path);
  CHECK(before[0]["size"] == 8);
  CHECK(before[0]["mtime_ns"].get<std::int64_t>() > 1'000'000'000'000'000'000);
  // sha256 of the eight bytes, twice: head and tail overlap in a short file.
  CHECK(before[0]["sha256"] == "d7a5be74f1c9092b2d935582e7c2d379f4bb115d24f3d0d55c6e78738b9bd9d4");
  CHECK(identity(path) == before);

  // 200,000 bytes: a change in the last 64 KiB shows, even with size and time as they were.
  std::string big(200'000, ' ');
  const std::string long_path = folder.write("b.jsonl", big);
  const auto time = std::filesystem::last_write_time(long_path);
  const Json long_before = identity(long_path);
  big[199'999] = '\n';
  folder.write("b.jsonl", big);
  std::filesystem::last_write_time(long_path, time);
  const Json long_after = identity(long_path);
  CHECK(long_after[0]["size"] == long_before[0]["size"]);
  CHECK(long_after[0]["mtime_ns"] == long_before[0]["mtime_ns"]);
  CHECK(long_after[0]["sha256"] != long_before[0]["sha256"]);
}

TEST_CASE(
    "a folder stands for all files below it that tell their format, each once, whatever links "
    "say") {
  const Folder folder;
  for (const std::string name : {"in/b.jsonl", "in/a/c.jsonl", "in/a/d.txt.bak", "in/.hidden.jsonl",
                                 "in/.git/e.jsonl", "elsewhere/f.jsonl", "in/a-g.jsonl"}) {
    folder.write(name, named(name));
  }
  std::filesystem::create_directory_symlink(folder.path("in"), folder.path("in/a/loop"));
  std::filesystem::create_directory_symlink(folder.path("elsewhere"), folder.path("in/z"));
  std::filesystem::create_symlink(folder.path("in/b.jsonl"), folder.path("in/again.jsonl"));
  std::filesystem::create_symlink(folder.path("nowhere"), folder.path("in/dangling.jsonl"));
  const Reading reading = read_files({folder.path("in")});
  REQUIRE_FALSE(reading.fault);
  std::vector<std::string> names;
  for (const Json& record : reading.records) names.push_back(record["n"]);
  CHECK(names == std::vector<std::string>{"in/a-g.jsonl", "in/a/c.jsonl", "in/b.jsonl",
                                          "elsewhere/f.jsonl"});
  CHECK(read_files({folder.path("in/a")}, "text").records.size() == 5);
  rare::testing::TestContext context;
  REQUIRE(source_of({folder.path("in")})->open(context, std::nullopt).ok());
  CHECK(context.lines().at(0).find("2 files in folders are passed over") != std::string::npos);
}

TEST_CASE("a folder that changes while it is read is read as it was, or the run ends") {
  const Folder folder;
  for (const std::string name : {"in/a.jsonl", "in/b.jsonl", "in/c.jsonl"}) {
    folder.write(name, named(name));
  }
  rare::testing::TestContext context;
  const auto source = source_of({folder.path("in")});
  REQUIRE(source->open(context, std::nullopt).ok());
  folder.write("in/b.jsonl", named("in/b.jsonl") + named("more"));
  folder.write("in/aa.jsonl", named("new"));
  std::filesystem::remove(folder.path("in/c.jsonl"));
  const Reading reading = read_all(*source);
  CHECK(reading.sequence.size() == 2);
  REQUIRE(reading.fault);
  CHECK(reading.fault->code() == rare::StatusCode::not_found);
  CHECK(rare::files::test::contains(reading.fault->message(),
                                    "in/c.jsonl: cannot be opened any more"));
}
