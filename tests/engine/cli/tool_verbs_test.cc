#include "catch.h"
#include "engine_process.h"
#include "rare/json.h"

namespace rare::engine {
namespace {

using test::contains;
using test::EngineProcess;
using test::Finished;
using test::fixture_folder;

// With the plugin `tools`, and no other that is not installed.
Finished run_tool(const EngineProcess& engine, std::vector<std::string> words) {
  return engine.run(words, {{"RARE_PLUGIN_PATH", fixture_folder("tools")}});
}

// What `fixture show` got.
Json shown(const std::vector<std::string>& words) {
  std::vector<std::string> all{"fixture", "show"};
  all.insert(all.end(), words.begin(), words.end());
  const Finished finished = run_tool(EngineProcess(), all);
  CHECK(finished.err == "");
  REQUIRE(finished.exit_code == 0);
  return Json::parse(finished.out);
}

// The message of a refused `fixture show`.
std::string refusal(const std::vector<std::string>& words) {
  std::vector<std::string> all{"fixture", "show"};
  all.insert(all.end(), words.begin(), words.end());
  const Finished finished = run_tool(EngineProcess(), all);
  CHECK(finished.exit_code == 2);
  CHECK(finished.out == "");
  return finished.err;
}

TEST_CASE("a plugin's verb gets its parameters from arguments and options") {
  CHECK(shown({"one"}) == Json::parse(R"({"name": "one", "more": [], "style": "plain", "k": 20,
                                          "share": 0.5, "bits": false, "tag": []})"));
  CHECK(shown({"one", "two", "three", "--style", "loud", "-k", "3", "--share=0.25", "--float-bits",
               "--tag", "a", "--tag", "7"}) ==
        Json::parse(R"({"name": "one", "more": ["two", "three"], "style": "loud", "k": 3,
                        "share": 0.25, "bits": true, "tag": ["a", "7"]})"));
}

TEST_CASE("a path given to a plugin's verb is relative to the working directory") {
  const EngineProcess engine;
  const Finished finished = run_tool(engine, {"fixture", "show", "one", "--file", "a/b.jsonl"});
  REQUIRE(finished.exit_code == 0);
  CHECK(Json::parse(finished.out)["file"] == engine.path("a/b.jsonl"));
}

TEST_CASE("what a plugin's verb cannot take is told by its option") {
  CHECK(refusal({"one", "-k", "0"}) ==
        "rare-engine fixture show: parameter '-k': expected an integer from 1 to 100, got the "
        "integer 0\n");
  CHECK(refusal({"one", "--style", "lout"}) ==
        "rare-engine fixture show: parameter '--style': expected 'plain' or 'loud', got the text "
        "'lout'\n  did you mean 'loud'?\n");
  CHECK(contains(refusal({"one", "--share", "much"}), "expected a number, got the text 'much'"));
  CHECK(contains(refusal({"one", "--flot-bits"}), "did you mean '--float-bits'?"));
  CHECK(contains(refusal({}), "rare-engine fixture show: name is required"));
}

TEST_CASE("a plugin's verb ends with the exit code of what went wrong") {
  const auto finished = [](const std::string& how) {
    return run_tool(EngineProcess(), {"fixture", "fail", how});
  };
  CHECK(finished("code").exit_code == 3);
  CHECK(finished("code").err ==
        "rare-engine fixture fail: at work\nrare-engine fixture fail: warning: it is late\n");
  CHECK(finished("usage").exit_code == 2);
  CHECK(contains(finished("usage").err, "\nrare-engine fixture fail: expected more, got less\n"));
  CHECK(finished("disk").exit_code == 4);
  CHECK(finished("data").exit_code == 1);
  CHECK(finished("throw").exit_code == 1);
  CHECK(contains(finished("throw").err, "it threw: out of order"));
}

TEST_CASE("a plugin's verb reads standard input, and a full standard output is told") {
  const EngineProcess engine;
  const std::map<std::string, std::string> path{{"RARE_PLUGIN_PATH", fixture_folder("tools")}};
  const std::string program = RARE_TEST_ENGINE;
  const Finished echoed =
      engine.run_program({"/bin/sh", "-c", "echo hello | " + program + " echo_input"}, path);
  CHECK(echoed.out == "hello\n");
  CHECK(echoed.exit_code == 0);
  const Finished full = engine.run_program(
      {"/bin/sh", "-c", "echo hello | " + program + " echo_input > /dev/full"}, path);
  CHECK(full.exit_code == 1);
  CHECK(contains(full.err, "standard output cannot be written to"));
}

TEST_CASE("the help has plugins' verbs, with options and examples") {
  const Finished all = run_tool(EngineProcess(), {"--help"});
  CHECK(contains(all.out, "\n  fixture "));
  CHECK(contains(all.out, "verbs of the plugin tools: fail, show"));
  const Finished one = run_tool(EngineProcess(), {"fixture", "show", "--help"});
  CHECK(one.exit_code == 0);
  CHECK(contains(one.out, "shows what was given"));
  CHECK(contains(one.out, "--float-bits"));
  CHECK(contains(one.out, "How many. (integer, 1 to 100) Default: 20"));
  CHECK(contains(one.out, "Example:\n  rare-engine fixture show one two -k 3\n"));
}

TEST_CASE("--plugin-path is searched for verbs, too") {
  const Finished finished = EngineProcess().run(
      {"fixture", "show", "one", "--plugin-path", fixture_folder("tools"), "-k", "5"});
  REQUIRE(finished.exit_code == 0);
  CHECK(Json::parse(finished.out)["k"] == 5);
}

TEST_CASE("for a plugin's verb only plugins that bring verbs are loaded") {
  // Loading it would end the process.
  const std::string folders =
      fixture_folder("throwing_initialiser") + ":" + fixture_folder("tools");
  const Finished finished =
      EngineProcess().run({"fixture", "show", "one"}, {{"RARE_PLUGIN_PATH", folders}});
  CHECK(finished.err == "");
  CHECK(finished.exit_code == 0);
  CHECK(EngineProcess().run({"fixtrue"}, {{"RARE_PLUGIN_PATH", folders}}).exit_code == 2);
}

TEST_CASE("a plugin's verb of a verb is told like one of the engine's") {
  const Finished none = run_tool(EngineProcess(), {"fixture"});
  CHECK(none.exit_code == 2);
  CHECK(contains(none.err, "rare-engine fixture: A subcommand is required"));
  const Finished wrong = run_tool(EngineProcess(), {"fixture", "sho"});
  CHECK(contains(wrong.err, "rare-engine fixture: 'sho' is none of its verbs: fail show"));
}

TEST_CASE("an unknown verb is told with those of plugins, and with plugins that were refused") {
  const Finished finished = EngineProcess().run(
      {"fixtrue"},
      {{"RARE_PLUGIN_PATH", fixture_folder("tools") + ":" + fixture_folder("not_elf")}});
  CHECK(finished.exit_code == 2);
  CHECK(contains(finished.err, "did you mean 'fixture'?"));
  CHECK(contains(finished.err, "not_elf.so was refused: "));
}

TEST_CASE("a plugin's verb that hides another's refuses the plugin, and the engine's verb stays") {
  const Finished clash = EngineProcess().run(
      {"plugins"},
      {{"RARE_PLUGIN_PATH", fixture_folder("tools") + ":" + fixture_folder("same_verb")}});
  CHECK(contains(clash.out, "the verb 'fixture' of " + fixture_folder("same_verb") +
                                "/same_verb.so and 'fixture fail' of " + fixture_folder("tools") +
                                "/tools.so cannot be told apart: remove one of them or rename it"));
  CHECK(contains(clash.out, "verbs: fixture show, fixture fail, echo_input"));
  const Finished engines =
      EngineProcess().run({"nothing"}, {{"RARE_PLUGIN_PATH", fixture_folder("engines_verb")}});
  CHECK(contains(engines.err, "warning: the verb 'plan' of " + fixture_folder("engines_verb") +
                                  "/engines_verb.so is left out: the engine has one of that name"));
}

}  // namespace
}  // namespace rare::engine
