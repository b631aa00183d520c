#include "engine/state/shard_presence.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "catch.h"
#include "engine/state/shard_folder.h"
#include "state_fixture.h"

namespace {

namespace fs = std::filesystem;
using rare::engine::ShardPresence;

TEST_CASE("a shard counts those that are there, and not those that have ended") {
  const rare::engine::state_test::ScratchFolder scratch;
  const std::string folder = scratch / "shared/running";
  std::optional<ShardPresence> first(std::in_place, folder, "00000-a");
  CHECK(first->count() == 1);
  const ShardPresence second(folder, "00001-b");
  CHECK(second.count() == 2);
  first.reset();
  const ShardPresence third(folder, "00002-c");
  CHECK(third.count() == 2);
}

TEST_CASE("one that has not shown itself for long does not count") {
  const rare::engine::state_test::ScratchFolder scratch;
  const std::string folder = scratch / "running";
  fs::create_directories(folder);
  std::ofstream(folder + "/00000-killed").put('x');
  CHECK(ShardPresence(folder, "00001-b").count() == 2);
  fs::last_write_time(folder + "/00000-killed",
                      fs::file_time_type::clock::now() - std::chrono::minutes(1));
  CHECK(ShardPresence(folder, "00001-b").count() == 1);
}

TEST_CASE("who looks is none of them, and leaves nothing") {
  const rare::engine::state_test::ScratchFolder scratch;
  const std::string folder = scratch / "running";
  CHECK(ShardPresence::names_in(folder)->empty());
  CHECK(!fs::exists(folder));
  const ShardPresence one(folder, rare::engine::presence_name(3, "a1", 2));
  const auto names = ShardPresence::names_in(folder);
  REQUIRE(names.ok());
  REQUIRE(names->size() == 1);
  CHECK(names->front() == "00003-a1.retry-2");
  CHECK(rare::engine::is_of_retry(names->front()));
  CHECK(!rare::engine::is_of_retry(rare::engine::presence_name(3, "a1", 0)));
  CHECK(std::distance(fs::directory_iterator(folder), fs::directory_iterator()) == 1);
}

TEST_CASE("where nobody can write, a shard counts alone") {
  const rare::engine::state_test::ScratchFolder scratch;
  std::ofstream(scratch / "file").put('x');
  CHECK(ShardPresence(scratch / "file/running", "00001-b").count() == 1);
}

}  // namespace
