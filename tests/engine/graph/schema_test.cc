// The schema for editors judges a file as `validate` does, wherever a schema can say it.
#define VALIJSON_USE_EXCEPTIONS 1
#include "engine/graph/pipeline_schema.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "catch.h"
#include "engine/config/yaml_reader.h"
#include "engine/plugin/loader.h"
#include "message_cases.h"
#include "plan_fixture.h"
#include "rare/sdk.h"

namespace rare::engine {
namespace {

class Judge {
 public:
  explicit Judge(const Registry& registry, bool of_overlay = false)
      : text_(pipeline_schema(registry, of_overlay)) {
    const valijson::adapters::NlohmannJsonAdapter adapter(text_);
    valijson::SchemaParser(valijson::SchemaParser::kDraft7).populateSchema(adapter, schema_);
  }
  // Nothing when it is right, else what is wrong; "no YAML" when there is no value to judge.
  std::string faults(const std::string& yaml) const {
    Diagnostics ignored;
    const std::optional<ConfigValue> value = read_yaml(yaml, "p.yaml", "", ignored);
    if (!value || !ignored.ok()) return "no YAML";
    const Json json = value->to_json();
    valijson::Validator validator;
    valijson::ValidationResults results;
    const valijson::adapters::NlohmannJsonAdapter adapter(json);
    if (validator.validate(schema_, adapter, &results)) return {};
    std::string text = "refused:";
    valijson::ValidationResults::Error error;
    while (results.popError(error)) text += "\n" + error.description;
    return text;
  }

 private:
  const Json text_;
  valijson::Schema schema_;
};

constexpr const char* kNames = "a schema does not follow names from one place to another";
constexpr const char* kGraph = "what the graph as a whole makes of the nodes";
constexpr const char* kFields = "which fields reach a node";
constexpr const char* kVariable = "what a variable will be is known when the pipeline is loaded";
constexpr const char* kDisk = "what is on the disk";

// What a schema cannot judge, by the title of the case, with the reason.
const std::map<std::string, std::string> kBeyondASchema{
    {"a node used twice", "a list's items are judged one by one"},
    {"a variable that is not set", kVariable},
    {"no variable name", kVariable},
    {"a brace that is never closed", kVariable},
    {"a default that holds a variable", kVariable},
    {"a variable of the wrong type", kVariable},
    {"a variable that is not set is reported once", kVariable},
    {"a prompt file that is not there", kDisk},
    {"a file that extends nothing there is", kDisk},
    {"a file that extends itself", kDisk},
    {"a number that is none", "JSON has no such number"},
    {"an unknown service with a near one", kNames},
    {"an unknown service with none near", kNames},
    {"a service where there are none", kNames},
    {"a node in place of a service", kNames},
    {"an unknown node", kNames},
    {"a service in place of a node", kNames},
    {"a first node that is no source", kGraph},
    {"an unknown node with a near one", kNames},
    {"an unknown node with none near", kNames},
    {"reading from a sink", kNames},
    {"an unknown port with a near one", kNames},
    {"an unknown port with none near", kNames},
    {"a port named twice", "the names stand in two maps of a list"},
    {"an unknown port of those that a parameter names", kNames},
    {"one output read twice", "a node and its first port are the same"},
    {"an output that nobody reads", kGraph},
    {"a source that nobody reads, and a pipeline without a sink", kGraph},
    {"a port that nobody reads", kGraph},
    {"a node that reads itself", kGraph},
    {"a cycle of three", kGraph},
    {"a field that only a node further down writes", kFields},
    {"a field that only another branch writes", kFields},
    {"two writers of one field", kFields},
    {"two writers, the second of which cannot overwrite", kFields},
    {"a file that two sinks write", kGraph},
    {"a file that is read and written", kGraph},
    {"a budget of money where nothing has a price", "an overlay may bring the prices"},
    {"a corpus below a paid call", kGraph},
    {"a corpus that is a sink", kGraph},
    {"a corpus that gives other results each time", kGraph},
    {"a corpus below a search", kGraph},
};

std::size_t compare_group(const Judge& judge, const Registry& registry, const std::string& file,
                          std::set<std::string>& excused) {
  setenv("RARE_TEST_WORD", "seven", 1);
  unsetenv("RARE_TEST_UNSET");
  std::size_t compared = 0;
  for (const MessageCase& c : read_message_cases(file)) {
    INFO(file << ": " << c.title);
    // Several files and --set: what is judged is no file that anybody wrote.
    if (c.files.size() != 1 || !c.settings.empty()) continue;
    TemporaryFolder folder;
    Diagnostics diagnostics;
    make_plan(load_pipeline(c.prepare(), diagnostics), registry, diagnostics);
    std::ifstream stream("p.yaml", std::ios::binary);
    const std::string yaml(std::istreambuf_iterator<char>(stream), {});
    const std::string faults = judge.faults(yaml);
    INFO(diagnostics.to_string());
    INFO(faults);
    CHECK_FALSE(diagnostics.ok());
    if (kBeyondASchema.contains(c.title)) {
      excused.insert(c.title);
      // An excuse that is not needed is taken out.
      CHECK(faults.empty());
      continue;
    }
    if (faults != "no YAML") ++compared;
    CHECK_FALSE(faults.empty());
  }
  return compared;
}

// Components of the fixtures of tests/engine/config, which are about the engine's own keys.
template <int N>
struct Anything final : Service {
  static Spec spec() {
    return Spec(N == 0 ? "llm.local" : "llm.openai")
        .param(&Anything::model, "model", Json(), "Any.");
  }
  Status open(ServiceContext&) override { return Status(); }
  void* connect(std::string_view, const ServiceClient&) override { return nullptr; }
  Json model;
};

struct AnyRead final : Source {
  static Spec spec() { return Spec("files.read").param(&AnyRead::path, "path", Json(), "Any."); }
  Status open(Context&, std::optional<Position>) override { return Status(); }
  Result<std::optional<Record>> next() override { return std::optional<Record>(); }
  Position position() const override { return {}; }
  Json path;
};

struct AnyWrite final : Sink {
  static Spec spec() { return Spec("files.write").param(&AnyWrite::path, "path", Json(), "Any."); }
  Status open(Context&, std::optional<Offset>) override { return Status(); }
  Status write(std::span<const Record>) override { return Status(); }
  Result<Offset> sync() override { return Offset{}; }
  Status finalise() override { return Status(); }
  std::string location() const override { return {}; }
  bool in_place() const override { return true; }
  Json path;
};

Registry lenient_registry() {
  CollectingRegistrar collector;
  collector.add<Anything<0>>();
  collector.add<Anything<1>>();
  collector.add<AnyRead>();
  collector.add<AnyWrite>();
  Registry registry;
  REQUIRE(registry.add({"any", "1.0.0", "any.so", {}, {}}, std::move(collector.components)).ok());
  return registry;
}

std::string source_text(const std::string& file) {
  std::ifstream stream(std::string(std::getenv("RARE_TEST_SOURCE")) + "/" + file);
  REQUIRE(stream);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

TEST_CASE("every broken fixture is judged alike by the schema and by validate", "[graph]") {
  std::set<std::string> excused;
  const Registry lenient = lenient_registry(), full = test_registry();
  const Judge of_keys(lenient), of_all(full);
  std::size_t compared = 0;
  for (const char* group : {"syntax", "keys", "values", "variables", "overlays"}) {
    compared += compare_group(
        of_keys, lenient, "tests/engine/config/messages/" + std::string(group) + ".txt", excused);
  }
  for (const char* group : {"components", "parameters", "edges", "fields"}) {
    compared += compare_group(
        of_all, full, "tests/engine/graph/messages/" + std::string(group) + ".txt", excused);
  }
  CHECK(compared >= 60);
  for (const auto& [title, reason] : kBeyondASchema) {
    INFO(title << ": " << reason);
    CHECK(excused.contains(title));
  }
}

TEST_CASE("what is right is right for the schema, too", "[graph]") {
  const Registry registry = test_registry();
  const Judge judge(registry);
  PlanFixture fixture;
  const std::string head =
      "services:\n  teacher: { use: model.fake, with: { model: 7, max_in_flight: 1 } }\n"
      "nodes:\n  - { name: documents, use: files.read, with: { path: [a, 7], format: jsonl } }\n";
  const std::string end = "  - { name: result, use: files.write, with: { path: out } }\n";
  for (const std::string& middle : std::vector<std::string>{
           "  - { name: größe, use: text.note, with: , on_error: drop, parallelism: auto }\n",
           "  - { name: 7, use: text.note, from: documents, parallelism: 1000000 }\n",
           "  - { name: a, use: text.note, from: [documents], with: { overwrite: false } }\n",
           "  - { name: ask, use: model.ask, with: { llm: teacher, max_attempts: 10, temperature: "
           ",\n"
           "      top_k: -100, penalty: 0.5, generation: { any: [1] }, stop: [] } }\n",
           "  - { name: up, use: text.upper, with: { field: title } }\n"}) {
    INFO(middle);
    CHECK(fixture.errors(head + middle + end).empty());
    CHECK(judge.faults(head + middle + end).empty());
  }
  for (const char* top :
       {"order: any\n", "seed: 9223372036854775807\n", "max_errors: 5%\n", "max_errors: 0.5\n",
        "stop_after_errors: 2.5% after 10 records\n", "grace_s: 0.5\n",
        "budget: { tokens: 5000 }\n",
        "budget: { cost: 1.5 }\nprices: { teacher: { prompt: 0.5 } }\n", "on_end: notify me\n",
        "on_end: [notify, --times, 3]\n", "name: my run\n", "order:\n", "seed: 0x1f\n"}) {
    INFO(top);
    CHECK(fixture.errors(top + head + end).empty());
    CHECK(judge.faults(top + head + end).empty());
  }
}

TEST_CASE("a variable may stand for any single value", "[graph]") {
  const Registry registry = test_registry();
  CHECK(
      Judge(registry)
          .faults("order: ${A}\nseed: ${A}\nmax_errors: ${A}\nservices:\n"
                  "  teacher: { use: \"${A}\", with: { model: \"${A}\" } }\nnodes:\n"
                  "  - { name: a, use: files.read, with: { path: \"${A}/b\", format: \"${A}\" } }\n"
                  "  - { name: b, use: model.ask, parallelism: \"${A}\", on_error: \"${A}\",\n"
                  "      with: { llm: \"${A}\", max_attempts: \"${A:3}\", stream: \"${A}\" } }\n")
          .empty());
}

TEST_CASE("the pipelines that are shipped are right for the schema of what is shipped", "[graph]") {
  Registry registry;
  load_plugins({std::string(std::getenv("RARE_TEST_BUILD")) + "/lib/rare/plugins"}, registry);
  REQUIRE(registry.find("files.read") != nullptr);
  REQUIRE(registry.find("ReasonDistill") != nullptr);
  const std::string rare = source_text("pipelines/rare.yaml");
  const std::string openai = source_text("pipelines/openai.yaml");
  const Judge judge(registry), of_overlay(registry, true);
  CHECK(judge.faults(rare).empty());
  for (const char* other :
       {"basics", "chunk", "instructions", "judged", "rare-verified", "rare-zh", "reasonir"}) {
    CAPTURE(other);
    CHECK(judge.faults(source_text("pipelines/" + std::string(other) + ".yaml")).empty());
  }
  CHECK(of_overlay.faults(source_text("pipelines/endpoint.yaml")).empty());
  CHECK(of_overlay.faults(openai).empty());
  CHECK(judge.faults("extends: rare.yaml\n" + openai).empty());
  // By itself it is no pipeline.
  CHECK_FALSE(judge.faults(openai).empty());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = rare;
    text.replace(text.find(from), from.size(), to);
    return judge.faults(text);
  };
  CHECK_FALSE(with("Doc2Query", "Doc2Qery").empty());
  CHECK_FALSE(with("max_attempts: 6", "max_atempts: 6").empty());
  CHECK_FALSE(with("max_attempts: 6", "max_attempts: 0").empty());
  CHECK_FALSE(with("max_attempts: 6", "max_attempts: many").empty());
  CHECK_FALSE(with("num_neg: 3", "num_neg: three").empty());
  CHECK_FALSE(with("index: corpus", "").empty());
}

}  // namespace rare::engine
