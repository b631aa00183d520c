#include "external_sort.h"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "basic_fixture.h"
#include "rare/random.h"

namespace rare::basic {
namespace {

namespace fs = std::filesystem;
using Direction = ExternalSort::Direction;

std::vector<Entry> entries(std::size_t count, std::size_t distinct_keys) {
  Random random(1);
  std::vector<Entry> made;
  for (std::size_t i = 0; i < count; ++i) {
    made.push_back({"key " + std::to_string(random.below(distinct_keys)), std::to_string(i)});
  }
  return made;
}

struct Sorted {
  Status status;
  std::vector<std::string> lines;
  std::size_t runs = 0;
};

Sorted sorted(const std::vector<Entry>& input, std::size_t memory_bytes, Direction direction) {
  testing::TestContext context;
  ExternalSort sort(context, memory_bytes, direction);
  Sorted result;
  for (const Entry& entry : input) {
    result.status = sort.add(entry);
    if (!result.status.ok()) return result;
  }
  result.status = sort.drain([&](const Entry& entry) {
    result.lines.push_back(entry.key + "=" + entry.payload);
    return Status();
  });
  result.runs = sort.runs_written();
  return result;
}

std::vector<std::string> by_standard_library(std::vector<Entry> input, Direction direction) {
  std::stable_sort(input.begin(), input.end(), [&](const Entry& a, const Entry& b) {
    return direction == Direction::ascending ? a.key < b.key : b.key < a.key;
  });
  std::vector<std::string> lines;
  for (const Entry& entry : input) lines.push_back(entry.key + "=" + entry.payload);
  return lines;
}

}  // namespace

TEST_CASE("memory, a few files and files merged in groups give one and the same order, stable") {
  const std::vector<Entry> input = entries(20000, 500);
  for (const Direction direction : {Direction::ascending, Direction::descending}) {
    const std::vector<std::string> expected = by_standard_library(input, direction);
    const Sorted memory = sorted(input, std::size_t{1} << 30, direction);
    CHECK(memory.runs == 0);
    CHECK(memory.lines == expected);
    const Sorted few = sorted(input, 500000, direction);
    CHECK(few.runs > 1);
    CHECK(few.runs <= ExternalSort::kFanIn);
    CHECK(few.lines == expected);
    const Sorted many = sorted(input, 3000, direction);
    CHECK(many.runs > 4 * ExternalSort::kFanIn);
    CHECK(many.lines == expected);
  }
}

TEST_CASE("nothing sorts to nothing, and texts with any bytes come back") {
  CHECK(sorted({}, 1000, Direction::ascending).lines.empty());
  const std::string odd("\0\n\xff", 3);
  const Sorted result = sorted({{odd, odd}, {"", ""}}, 1, Direction::ascending);
  CHECK(result.runs == 2);
  CHECK(result.lines == std::vector<std::string>{"=", odd + "=" + odd});
}

TEST_CASE("its files are gone when it is") {
  testing::TestContext context;
  const fs::path folder = context.scratch_folder();
  {
    ExternalSort sort(context, 1, Direction::ascending);
    REQUIRE(sort.add({"a", "1"}).ok());
    REQUIRE(sort.add({"b", "2"}).ok());
    CHECK(std::distance(fs::directory_iterator(folder), {}) == 2);
  }
  CHECK(fs::is_empty(folder));
}

TEST_CASE("what the visitor says ends the sort, and so does a run that is cut short") {
  testing::TestContext context;
  const auto fill = [](ExternalSort& sort) {
    for (const Entry& entry : entries(100, 10)) REQUIRE(sort.add(entry).ok());
  };
  int seen = 0;
  ExternalSort refused(context, 1000, Direction::ascending);
  fill(refused);
  const Status status = refused.drain([&](const Entry&) {
    ++seen;
    return Status(StatusCode::unavailable, "enough");
  });
  CHECK(status.message() == "enough");
  CHECK(seen == 1);

  ExternalSort stopped(context, 1000, Direction::ascending);
  fill(stopped);
  const Status cut = stopped.drain([&](const Entry&) {
    context.request_stop();
    return Status();
  });
  CHECK(cut.code() == StatusCode::cancelled);
}

TEST_CASE("a file that cannot be written is a fault of the run that names it") {
  testing::TestContext context;
  // Past its limit a file refuses more bytes, as a full disk does.
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit{};
  getrlimit(RLIMIT_FSIZE, &old_limit);
  rlimit limit = old_limit;
  limit.rlim_cur = 8192;
  setrlimit(RLIMIT_FSIZE, &limit);
  ExternalSort sort(context, 100000, Direction::ascending);
  Status status;
  for (int i = 0; i < 10 && status.ok(); ++i) {
    status = sort.add({std::string(20000, 'a'), ""});
  }
  setrlimit(RLIMIT_FSIZE, &old_limit);
  std::signal(SIGXFSZ, old_handler);
  CHECK(status.fault() == Fault::run);
  CHECK(status.code() == StatusCode::resource_exhausted);
  CHECK(status.message().find("cannot write the temporary file " + context.scratch_folder() +
                              "/run-") == 0);
  CHECK(status.message().find(": File too large") != std::string::npos);
}

}  // namespace rare::basic
