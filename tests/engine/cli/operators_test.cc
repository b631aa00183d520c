#include "catch.h"
#include "engine_process.h"
#include "rare/json.h"

namespace rare::engine {
namespace {

using test::EngineProcess;
using test::Finished;
using test::fixture_folder;

Finished operators(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"operators", "--plugin-path", fixture_folder("good")});
  return EngineProcess().run(arguments);
}

TEST_CASE("operators of a plugin are listed with kind and summary") {
  const Finished finished = operators({"good"});
  CHECK(finished.exit_code == 0);
  CHECK(finished.err == "");
  CHECK(finished.out ==
        "NAME          KIND            PLUGIN  WHAT IT DOES\n"
        "good.ask      async operator  good    Asks a language model.\n"
        "good.nowhere  sink            good    Counts rows and keeps none.\n"
        "good.numbers  source          good    Records with the numbers below `count`.\n"
        "good.silence  service         good    A service that offers nothing.\n"
        "good.upper    operator        good    Upper-cases a text field.\n");
}

TEST_CASE("without a name everything is listed") {
  const Finished finished = operators({});
  CHECK(finished.exit_code == 0);
  CHECK(finished.out.find("good.upper ") != std::string::npos);
}

TEST_CASE("the page of a component tells all of its declaration") {
  const Finished finished = operators({"good.upper"});
  CHECK(finished.exit_code == 0);
  CHECK(finished.out ==
        "good.upper - Upper-cases a text field.\n"
        "operator of the plugin good\n"
        "\n"
        "  Letters beyond ASCII stay as they are.\n"
        "\n"
        "Parameters (below `with:`)\n"
        "  field: text, default \"text\"\n"
        "      Field to upper-case.\n"
        "  style: text, of: all, first, default \"all\"\n"
        "      Which letters.\n"
        "  share: number, 0 to 1, default 0.5\n"
        "      Share of the records that are changed.\n"
        "  wait_ms: integer, at least 0, in milliseconds, default 10\n"
        "      Pause after each record.\n"
        "  stop: list of texts, default [\"a\",\"b\"]\n"
        "      Words that stop it.\n"
        "  token: text, secret, default \"\"\n"
        "      Password of nothing.\n"
        "  note: text\n"
        "      A note of one's own.\n"
        "\n"
        "Reads   the field named by `field`\n"
        "Writes  the field named by `field`, `shouted`\n"
        "Ports   out, quiet\n"
        "\n"
        "Example\n"
        "  - { name: my_node, use: good.upper }\n");
}

TEST_CASE("required parameters stand in the example") {
  CHECK(operators({"good.numbers"})
            .out.find("  - { name: my_node, use: good.numbers, with: { count: 1 } }\n") !=
        std::string::npos);
  const std::string ask = operators({"good.ask"}).out;
  CHECK(ask.find("  llm: service that offers rare.LanguageModel/1, required\n") !=
        std::string::npos);
  CHECK(ask.find("with: { llm: some_service } }\n") != std::string::npos);
  CHECK(operators({"good.silence"}).out.find("  my_service: { use: good.silence }\n") !=
        std::string::npos);
}

TEST_CASE("as JSON, a component is one object and a plugin a list of them") {
  const Json one = Json::parse(operators({"good.upper", "--json"}).out);
  CHECK(one["name"] == "good.upper");
  CHECK(one["kind"] == "operator");
  CHECK(one["plugin"] == "good");
  CHECK(one["parameters"].size() == 7);
  CHECK(one["parameters"][1] == Json{{"name", "style"},
                                     {"type", "text"},
                                     {"required", false},
                                     {"default", "all"},
                                     {"choices", {"all", "first"}},
                                     {"affects_result", true},
                                     {"doc", "Which letters."}});
  CHECK(one["parameters"][3] == Json{{"name", "wait_ms"},
                                     {"type", "integer"},
                                     {"required", false},
                                     {"default", 10},
                                     {"minimum", 0.0},
                                     {"unit", "milliseconds"},
                                     {"affects_result", false},
                                     {"doc", "Pause after each record."}});
  CHECK(one["parameters"][5]["secret"] == true);
  CHECK(one["reads"] == Json::array({Json{{"parameter", "field"}}}));
  CHECK(one["writes"] == Json::array({Json{{"parameter", "field"}}, Json{{"field", "shouted"}}}));
  CHECK(one["ports"] == Json::array({"out", "quiet"}));
  const Json all = Json::parse(operators({"good", "--format", "json"}).out);
  CHECK(all.size() == 5);
  CHECK(all[4] == one);
}

TEST_CASE("the reference page is Markdown without anything of this machine") {
  const Finished finished = operators({"good", "--format", "markdown"});
  CHECK(finished.exit_code == 0);
  CHECK(finished.out.rfind("# Operators, sources, sinks and services\n", 0) == 0);
  CHECK(finished.out.find("\n## Plugin `good`\n\n### `good.ask`\n") != std::string::npos);
  CHECK(finished.out.find("| `style` | text, of: all, first | `\"all\"` | Which letters. |\n") !=
        std::string::npos);
  CHECK(
      finished.out.find("| `count` | integer, 1 to 1000 | **required** | How many records. |\n") !=
      std::string::npos);
  CHECK(finished.out.find(fixture_folder("good")) == std::string::npos);
  CHECK(finished.out.find("\n\n\n") == std::string::npos);
}

TEST_CASE("an unknown name is told with the nearest one") {
  const Finished finished = operators({"good.uper"});
  CHECK(finished.exit_code == 2);
  CHECK(finished.out == "");
  CHECK(finished.err ==
        "rare-engine operators: no component or plugin is named 'good.uper'\n"
        "  did you mean 'good.upper'?\n"
        "  'rare-engine operators' lists what is installed\n");
}

TEST_CASE("headings are painted only where that is asked for") {
  const EngineProcess engine;
  const std::vector<std::string> arguments{"operators", "good", "--plugin-path",
                                           fixture_folder("good"), "--color"};
  const auto with = [&](const std::string& color) {
    std::vector<std::string> words = arguments;
    words.push_back(color);
    return engine.run(words, {{"NO_COLOR", "1"}}).out;
  };
  CHECK(with("always").rfind("\x1b[1mNAME", 0) == 0);
  CHECK(with("never").find('\x1b') == std::string::npos);
  CHECK(with("auto").find('\x1b') == std::string::npos);
}

}  // namespace
}  // namespace rare::engine
