#include "catch.h"
#include "engine_process.h"

namespace rare::engine {
namespace {

using test::contains;
using test::EngineProcess;
using test::Finished;

TEST_CASE("no arguments: the help, on standard error, exit 2") {
  const Finished finished = EngineProcess().run({});
  CHECK(finished.exit_code == 2);
  CHECK(finished.out == "");
  CHECK(contains(finished.err, "rare-engine pipelines/rare.yaml"));
}

TEST_CASE("--help is a result: on standard output, exit 0") {
  for (const char* option : {"--help", "-h"}) {
    const Finished finished = EngineProcess().run({option});
    CHECK(finished.exit_code == 0);
    CHECK(finished.err == "");
    for (const char* verb : {"run", "validate", "plan", "check-models", "operators", "plugins"}) {
      CHECK(contains(finished.out, std::string("\n  ") + verb + " "));
    }
  }
}

TEST_CASE("--help of each verb has an example") {
  for (const char* verb :
       {"run", "validate", "plan", "check-models", "operators", "plugins", "new-plugin"}) {
    INFO(verb);
    const Finished finished = EngineProcess().run({verb, "--help"});
    CHECK(finished.exit_code == 0);
    CHECK(contains(finished.out, std::string("\n  rare-engine ") + verb));
    CHECK(contains(finished.out, "Example"));
  }
}

TEST_CASE("--version names the engine and what a plugin must fit") {
  const Finished finished = EngineProcess().run({"--version"});
  CHECK(finished.exit_code == 0);
  CHECK(contains(finished.out, "rare-engine 1."));
  CHECK(contains(finished.out, "SDK 1.4"));
  CHECK(contains(finished.out, "nlohmann JSON 3."));
}

TEST_CASE("an unknown verb is told with the nearest one") {
  const Finished finished = EngineProcess().run({"operatros"});
  CHECK(finished.exit_code == 2);
  CHECK(finished.out == "");
  // Verbs of the plugins that are installed come after these.
  CHECK(
      finished.err.starts_with("rare-engine: 'operatros' is no verb and no pipeline file\n"
                               "  did you mean 'operators'?\n"
                               "  verbs: run validate plan check-models preview status top tap "
                               "retry finish explain operators "
                               "plugins schema cache new-plugin"));
}

TEST_CASE("an unknown option is told with the nearest one") {
  const Finished finished = EngineProcess().run({"run", "a.yaml", "--limti", "3"});
  CHECK(finished.exit_code == 2);
  CHECK(finished.err ==
        "rare-engine run: unknown option '--limti'\n"
        "  did you mean '--limit'?\n"
        "  'rare-engine run --help' shows what it takes, with an example\n");
}

TEST_CASE("a verb of a verb is told like a verb") {
  const auto message = [](const std::vector<std::string>& words) {
    const Finished finished = EngineProcess().run(words);
    CHECK(finished.exit_code == 2);
    CHECK(finished.out == "");
    return finished.err.substr(0, finished.err.find('\n'));
  };
  CHECK(message({"cache"}) == "rare-engine cache: A subcommand is required");
  CHECK(message({"cache", "purge"}) ==
        "rare-engine cache: 'purge' is none of its verbs: stats prune export");
  CHECK(message({"cache", "stats", "x"}) ==
        "rare-engine cache stats: 'x' is one argument too many");
  CHECK(message({"cache", "prune", "--foce"}) ==
        "rare-engine cache prune: unknown option '--foce'");
  CHECK(message({"cache", "prune", "--damaged", "--model", "m"}) ==
        "rare-engine cache prune: --model excludes --damaged");
  CHECK(message({"cache", "prune", "--older-than", "soon"}) ==
        "rare-engine cache prune: --older-than: expected a number of days, got soon");
  for (const char* verb : {"stats", "prune", "export"}) {
    const Finished finished = EngineProcess().run({"cache", verb, "--help"});
    CHECK(finished.exit_code == 0);
    CHECK(contains(finished.out, std::string("\n  rare-engine cache ") + verb));
  }
}

TEST_CASE("a pipeline file stands for the verb run, whatever follows it") {
  const Finished finished = EngineProcess().run({"a.yaml", "--limti=3"});
  CHECK(finished.exit_code == 2);
  CHECK(contains(finished.err, "rare-engine run: unknown option '--limti=3'\n"));
}

TEST_CASE("options may come before the pipeline file") {
  const Finished finished = EngineProcess().run({"--fresh", "a.yaml", "b.yaml"});
  CHECK(finished.exit_code == 2);
  CHECK(contains(finished.err, "rare-engine run: 'b.yaml' is one argument too many\n"));
}

TEST_CASE("a missing argument is named") {
  const Finished finished = EngineProcess().run({"validate"});
  CHECK(finished.exit_code == 2);
  CHECK(finished.err ==
        "rare-engine validate: PIPELINE is required\n"
        "  'rare-engine validate --help' shows what it takes, with an example\n");
}

TEST_CASE("values that an option does not take are usage errors that say what it takes") {
  const EngineProcess engine;
  const auto message = [&](const std::vector<std::string>& words) {
    std::vector<std::string> arguments{"run", "a.yaml"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    const Finished finished = engine.run(arguments);
    CHECK(finished.exit_code == 2);
    CHECK(finished.out == "");
    return finished.err.substr(0, finished.err.find('\n'));
  };
  const std::string verb = "rare-engine run: ";
  CHECK(message({"--limit", "0"}) == verb + "--limit: expected a whole number from 1, got 0");
  CHECK(message({"--limit", "few"}) == verb + "--limit: expected a whole number from 1, got few");
  CHECK(message({"--limit=-3"}) == verb + "--limit: expected a whole number from 1, got -3");
  CHECK(message({"--set", "nodes"}) ==
        verb + "--set: 'nodes' is no PATH=VALUE, for example nodes.questions.parallelism=8");
  CHECK(message({"--plugin-path", "none"}) ==
        verb + "--plugin-path: Directory does not exist: none");
  CHECK(message({"--metrics-port", "70000"}) ==
        verb + "--metrics-port: expected a port from 0 to 65535, got 70000");
  CHECK(message({"--metrics-port", "http"}) ==
        verb + "--metrics-port: expected a port from 0 to 65535, got http");
  CHECK(message({"--progress", "loud"}) ==
        verb + "--progress: loud not in {auto,bar,plain,json,none}");
  CHECK(message({"--color", "red"}) == verb + "--color: red not in {auto,always,never}");
  CHECK(message({"--log-level", "all"}) ==
        verb +
            "--log-level: expected a LEVEL, and NAME=LEVEL of nodes and services, with commas "
            "between them and LEVEL one of debug, info, warning, error; got 'all'");
  CHECK(message({"--log-format", "xml"}) == verb + "--log-format: xml not in {text,json}");
}

}  // namespace
}  // namespace rare::engine
