#include <algorithm>

#include "catch.h"
#include "engine_process.h"
#include "patched_plugin.h"
#include "rare/json.h"

namespace rare::engine {
namespace {

using test::contains;
using test::EngineProcess;
using test::Finished;
using test::fixture_folder;

std::string file_of(const std::string& name) { return fixture_folder(name) + "/" + name + ".so"; }

TEST_CASE("plugins lists files with version and components, or why they were refused") {
  const EngineProcess engine;
  test::write_plugin_of_sdk_9_4(RARE_TEST_PLUGINS, engine.path("other.so"));
  const Finished finished = engine.run(
      {"plugins", "--plugin-path", fixture_folder("good"), "--plugin-path", engine.path(".")});
  CHECK(finished.exit_code == 2);  // one of a folder that was asked for

  CHECK(finished.err == "");
  CHECK(contains(finished.out,
                 "good 1.2.3  " + file_of("good") +
                     "\n  good.ask, good.nowhere, good.numbers, good.silence, good.upper\n"));
  CHECK(contains(finished.out, "refused  " + engine.path("other.so") +
                                   "\n  built with SDK 9.4, this engine with SDK 1.4: rebuild the "
                                   "plugin against SDK 1.4\n"));
}

TEST_CASE("plugins --json has the search path in order") {
  const Finished finished =
      EngineProcess().run({"plugins", "--json", "--plugin-path", fixture_folder("not_elf")},
                          {{"RARE_PLUGIN_PATH", fixture_folder("good")}});
  CHECK(finished.exit_code == 2);
  const Json json = Json::parse(finished.out);
  REQUIRE(json["search_path"].size() >= 2);
  CHECK(json["search_path"][0] == fixture_folder("not_elf"));
  CHECK(json["search_path"][1] == fixture_folder("good"));
  CHECK(json["refused"][0] ==
        Json{{"file", file_of("not_elf")},
             {"reason", "not a shared library: it does not begin as an ELF file"}});
  const Json& plugins = json["plugins"];
  const auto good = std::find_if(plugins.begin(), plugins.end(),
                                 [](const Json& plugin) { return plugin["name"] == "good"; });
  REQUIRE(good != plugins.end());
  CHECK((*good)["version"] == "1.2.3");
  CHECK((*good)["file"] == file_of("good"));
  CHECK((*good)["components"].size() == 5);
}

TEST_CASE("what is refused in a folder that was not asked for fails no verb") {
  const Finished finished =
      EngineProcess().run({"plugins", "--plugin-path", fixture_folder("good")},
                          {{"RARE_PLUGIN_PATH", fixture_folder("not_elf")}});
  CHECK(finished.exit_code == 0);
  CHECK(contains(finished.out, "refused  " + file_of("not_elf")));
}

TEST_CASE("new-plugin refuses the name of what is installed, and of what is no empty folder") {
  const EngineProcess engine;
  engine.write("a_file", "");
  const auto refusal = [&](const std::string& name) {
    const Finished finished =
        engine.run({"new-plugin", name}, {{"RARE_PLUGIN_PATH", fixture_folder("good")}});
    CHECK(finished.exit_code == 2);
    CHECK(finished.out == "");
    return finished.err;
  };
  CHECK(contains(refusal("good"),
                 "rare-engine new-plugin: the name 'good' is taken: plugin 'good' "
                 "is installed (" +
                     file_of("good") + ")"));
  CHECK_FALSE(engine.exists("good"));
  CHECK(contains(refusal("a_file"), "'a_file' is there already and no folder"));
  CHECK(engine.run({"new-plugin", "good"}).exit_code == 0);
}

TEST_CASE("other verbs tell what was refused on standard error") {
  const Finished finished = EngineProcess().run(
      {"operators", "good", "--plugin-path", fixture_folder("good"), "--plugin-path",
       fixture_folder("same_name"), "--plugin-path", fixture_folder("throws_standard")});
  CHECK(finished.exit_code == 2);
  CHECK(finished.err == "error: plugin " + file_of("same_name") +
                            " was refused: component 'good.upper' comes from both " +
                            file_of("good") + " and " + file_of("same_name") +
                            ": remove one of the two files or rename the component\n"
                            "warning: plugin " +
                            file_of("throws_standard") +
                            " was refused: its registration threw an exception: no licence file\n");
}

}  // namespace
}  // namespace rare::engine
