#include <sys/fsuid.h>
#include <sys/stat.h>

#include <cerrno>

#include "catch.h"
#include "file_size_limit.h"
#include "write_fixture.h"

using rare::Fault;
using rare::Json;
using rare::Status;
using rare::StatusCode;
using namespace rare::files::test;

namespace {

Status open_status(const std::string& path, const Json& more = Json::object()) {
  rare::testing::TestContext context;
  return sink_of(path, more)->open(context, std::nullopt);
}

void check_fault(const Status& status, StatusCode code, const std::string& part) {
  INFO(status.message());
  CHECK(status.fault() == Fault::run);
  CHECK(status.code() == code);
  CHECK(contains(status.message(), part));
}

}  // namespace

TEST_CASE("a target that is a folder is refused") {
  const Folder folder;
  std::filesystem::create_directories(folder.path("out.jsonl"));
  check_fault(open_status(folder.path("out.jsonl")), StatusCode::invalid_argument,
              "out.jsonl: expected a file to write, came a folder; name a file in it");
  CHECK_FALSE(exists(folder.path("out.jsonl.part")));
}

TEST_CASE("a file where a folder should be is refused") {
  const Folder folder;
  folder.write("file", "");
  check_fault(open_status(folder.path("file/out.jsonl")), StatusCode::invalid_argument,
              "file: making the folder failed: Not a directory; choose another path");
}

TEST_CASE("an extension that promises another format is refused, unless the format is said") {
  const Folder folder;
  check_fault(open_status(folder.path("out.txt")), StatusCode::invalid_argument,
              "out.txt: expected one of the extensions .jsonl, .ndjson, .json, ");
  CHECK(open_status(folder.path("out.txt"), {{"format", "jsonl"}}).ok());
}

TEST_CASE("a folder that may not be written is a fault with the system's reason") {
  const Folder folder;
  std::filesystem::permissions(folder.path(""), std::filesystem::perms(0755));
  std::filesystem::create_directories(folder.path("locked"));
  REQUIRE(chmod(folder.path("locked").c_str(), 0555) == 0);
  setfsuid(65534);  // of this thread: root may write everywhere
  const Status file = open_status(folder.path("locked/out.jsonl"));
  const Status below = open_status(folder.path("locked/new/out.jsonl"));
  setfsuid(0);
  check_fault(file, StatusCode::unavailable,
              "out.jsonl.part: opening the working file failed: Permission denied; allow writing");
  check_fault(below, StatusCode::unavailable, "new: making the folder failed: Permission");
}

TEST_CASE(
    "an output that is removed or replaced under the sink is a fault before it is committed") {
  const Folder folder;
  const std::string path = folder.path("out/rows.jsonl");
  rare::testing::TestContext context;
  const auto sink = sink_of(path);
  REQUIRE(sink->open(context, std::nullopt).ok());
  REQUIRE(write_rows(*sink, {{{"a", 1}}}).ok());
  REQUIRE(sink->sync().ok());
  REQUIRE(write_rows(*sink, {{{"a", 2}}}).ok());

  std::filesystem::rename(folder.path("out"), folder.path("away"));
  check_fault(sink->sync().status(), StatusCode::unavailable,
              "rows.jsonl.part: was removed or replaced while it was written to; put it or its");
  std::filesystem::create_directories(folder.path("out"));
  folder.write("out/rows.jsonl.part", "another file\n");
  check_fault(sink->finalise(), StatusCode::unavailable, "was removed or replaced");

  std::filesystem::remove_all(folder.path("out"));
  std::filesystem::rename(folder.path("away"), folder.path("out"));
  CHECK(sink->sync().ok());
}

TEST_CASE("a full disk is a fault that says so, and writing goes on when there is room again") {
  const Folder folder;
  const std::string path = folder.path("out.jsonl");
  rare::testing::TestContext context;
  const auto sink = sink_of(path);
  REQUIRE(sink->open(context, std::nullopt).ok());
  const Json row{{"t", std::string(1000, 'x')}};
  const std::vector<Json> rows(50, row);
  REQUIRE(write_rows(*sink, rows).ok());
  {
    const rare::testing::FileSizeLimit limit(30'000);
    check_fault(sink->sync().status(), StatusCode::resource_exhausted,
                "out.jsonl.part: writing failed: File too large; free some space");
    CHECK(sink->finalise().code() == StatusCode::resource_exhausted);
    CHECK_FALSE(exists(path));
  }
  REQUIRE(sink->sync().ok());
  REQUIRE(sink->finalise().ok());
  std::string expected;
  for (const Json& one : rows) expected += one.dump() + "\n";
  CHECK(Folder::read(path) == expected);
}

TEST_CASE("every system error has a code and advice") {
  const auto code = [](int error) {
    return rare::files::file_failure("p", "writing", error).code();
  };
  CHECK(code(ENOSPC) == StatusCode::resource_exhausted);
  CHECK(code(EDQUOT) == StatusCode::resource_exhausted);
  CHECK(code(EACCES) == StatusCode::unavailable);
  CHECK(code(EROFS) == StatusCode::unavailable);
  CHECK(code(EISDIR) == StatusCode::invalid_argument);
  CHECK(code(EIO) == StatusCode::unavailable);
  CHECK(rare::files::file_failure("out", "writing", ENOSPC).message() ==
        "out: writing failed: No space left on device; free some space or raise the limit, then "
        "start again: the run goes on where it stopped");
}

TEST_CASE("two writers of one path: the second is refused and harms nothing") {
  const Folder folder;
  const std::string path = folder.path("out.jsonl");
  rare::testing::TestContext context;
  const auto first = sink_of(path);
  REQUIRE(first->open(context, std::nullopt).ok());
  REQUIRE(write_rows(*first, {{{"n", 1}}}).ok());
  REQUIRE(first->sync().ok());
  check_fault(open_status(path), StatusCode::invalid_argument,
              "out.jsonl.part: is being written by another run or another node of this one");
  REQUIRE(first->finalise().ok());
  CHECK(Folder::read(path) == "{\"n\":1}\n");
}
