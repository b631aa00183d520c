// What the shards of a run share: the first to put something there wins, whole.
#include "engine/state/shard_folder.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "catch.h"
#include "state_fixture.h"

namespace {

using namespace rare::engine;
using namespace rare::engine::state_test;

TEST_CASE("of many who put a part in place at once one wins, and all see which") {
  ScratchFolder scratch;
  const auto folder = ShardFolder::open(scratch / "deep/out/");
  REQUIRE(folder.ok());
  CHECK(!(*folder->part(17)).has_value());
  std::vector<std::string> seen(8);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    threads.emplace_back([&, i] {
      const auto first = folder->put_part(17, 0, {{"attempt", std::to_string(i)}});
      if (first.ok()) seen[i] = first->value("attempt", "");
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(!seen[0].empty());
  for (const std::string& attempt : seen) CHECK(attempt == seen[0]);
  CHECK((*folder->part(17))->at("attempt") == seen[0]);
  CHECK(std::filesystem::is_empty(folder->inner() + "/tmp"));
  CHECK(std::filesystem::path(folder->part_file(17)).filename() == "part-00017.json");
}

TEST_CASE("the last retry of a shard counts, and each number is taken once") {
  ScratchFolder scratch;
  const auto folder = ShardFolder::open(scratch / "out");
  REQUIRE(folder.ok());
  CHECK(!*folder->latest_part(3));
  REQUIRE(folder->put_part(3, 0, {{"retry", 0}}).ok());
  REQUIRE(folder->put_part(3, 1, {{"retry", 1}}).ok());
  const auto second = folder->put_part(3, 1, {{"retry", 1}, {"late", true}});
  REQUIRE(second.ok());
  CHECK(!second->contains("late"));
  REQUIRE(folder->put_part(3, 2, {{"retry", 2}}).ok());
  CHECK((**folder->latest_part(3)).at("retry") == 2);
  CHECK((**folder->part(3)).at("retry") == 0);
}

TEST_CASE("a plan that was damaged is told, and not planned anew") {
  ScratchFolder scratch;
  const auto folder = ShardFolder::open(scratch / "out");
  REQUIRE(folder.ok());
  const auto missing = ShardFolder::open_planned(scratch / "out");
  REQUIRE(!missing.ok());
  CHECK(missing.status().code() == rare::StatusCode::not_found);
  REQUIRE(folder->put_plan({{"shards", 2}}).ok());
  REQUIRE(ShardFolder::open_planned(scratch / "out").ok());
  std::ofstream(folder->plan_file(), std::ios::trunc) << "{\"shards\": ";
  const auto damaged = folder->plan();
  REQUIRE(!damaged.ok());
  CHECK(damaged.status().code() == rare::StatusCode::invalid_data);
  CHECK(damaged.status().message().find("plan.json: expected a JSON object") != std::string::npos);
}

TEST_CASE("a plan's digest follows from what it says") {
  const rare::Json plan{{"shards", 2}, {"name", "rare"}};
  CHECK(plan_digest(plan) == plan_digest(rare::Json::parse(plan.dump(3))));
  CHECK(plan_digest(plan) != plan_digest({{"shards", 3}, {"name", "rare"}}));
}

}  // namespace
