#include "catch.h"
#include "engine_process.h"
#include "rare/json.h"

namespace rare::engine {
namespace {

using test::contains;
using test::EngineProcess;
using test::Finished;
using test::fixture_folder;
using test::kNumbersPipeline;

struct Ran {
  explicit Ran(const std::vector<std::string>& more = {}) {
    engine.write("a.yaml", kNumbersPipeline);
    std::vector<std::string> words{"a.yaml", "--progress", "none", "--plugin-path",
                                   fixture_folder("good")};
    words.insert(words.end(), more.begin(), more.end());
    REQUIRE(engine.run(words).exit_code == 0);
  }
  EngineProcess engine;
};

TEST_CASE("status of a finished run, by its pipeline and by its folder, without its plugins") {
  const Ran ran;
  const Finished by_file = ran.engine.run({"status", "a.yaml"});
  CHECK(by_file.err == "");
  CHECK(by_file.exit_code == 0);
  CHECK(by_file.out.find("complete\nbegun 20") == 0);
  CHECK(contains(by_file.out, "ledger: 5 read"));
  CHECK(contains(by_file.out, "NODE "));
  CHECK(contains(by_file.out, "upper "));
  CHECK_FALSE(contains(by_file.out, "dead letters"));
  const Finished by_folder = ran.engine.run({"status", ".rare/numbers"});
  CHECK(by_folder.out == by_file.out);
}

TEST_CASE("status as JSON has the names of the manifest") {
  const Ran ran;
  const Finished finished = ran.engine.run({"status", "a.yaml", "--json"});
  REQUIRE(finished.exit_code == 0);
  const Json status = Json::parse(finished.out);
  const Json manifest = Json::parse(ran.engine.read(".rare/numbers/manifest.json"));
  CHECK(status["status"] == "complete");
  CHECK(status["holder"].is_null());
  CHECK(status["records"] == manifest["records"]);
  CHECK(status["nodes"]["upper"]["in"] == manifest["nodes"]["upper"]["in"]);
  CHECK(status["dead_letters"] == Json::array());
}

TEST_CASE("status follows the name that an overlay gives, and --state-dir") {
  const Ran named({"--set", "name=other"});
  CHECK(named.engine.run({"status", "a.yaml", "--set", "name=other"}).exit_code == 0);
  const Ran placed({"--state-dir", "here"});
  CHECK(placed.engine.run({"status", "a.yaml", "--state-dir", "here"}).exit_code == 0);
  CHECK(placed.engine.run({"status", "here"}).exit_code == 0);
}

TEST_CASE("status of what never ran says where it looked and what to give") {
  const EngineProcess engine;
  engine.write("a.yaml", kNumbersPipeline);
  const Finished never = engine.run({"status", "a.yaml"});
  CHECK(never.exit_code == 2);
  CHECK(never.out == "");
  CHECK(contains(never.err, "no run is kept in .rare/numbers"));
  CHECK(contains(never.err, "--state-dir"));
  CHECK_FALSE(engine.exists(".rare"));
  const Finished missing = engine.run({"status", "none.yaml"});
  CHECK(missing.exit_code == 2);
  CHECK(contains(missing.err, "none.yaml"));
}

}  // namespace
}  // namespace rare::engine
