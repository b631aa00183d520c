#include "test_components.h"

#include <stdexcept>

#include "rare/sdk.h"

namespace rare::engine {
namespace {

struct FakeService final : Service {
  static constexpr std::string_view kInterface = "fake/1";
  static Spec spec() {
    return Spec("model.fake")
        .required_param(&FakeService::model, "model", "Name of the model.")
        .param(&FakeService::api_key, "api_key", "", "Key.")
        .secret()
        .param(&FakeService::base_url, "base_url", "http://localhost/", "Where it is.")
        .no_effect_on_result()
        .param(&FakeService::max_in_flight, "max_in_flight", 64, "Requests at once.")
        .at_least(1)
        .no_effect_on_result();
  }
  Status open(ServiceContext&) override { return Status(); }
  void* connect(std::string_view, const ServiceClient&) override { return this; }
  std::string model, api_key, base_url;
  int max_in_flight = 1;
};

struct FakeIndex final : Service {
  static Spec spec() {
    return Spec("index.fake").node(&FakeIndex::from, "from", "What is indexed.");
  }
  Status open(ServiceContext&) override { return Status(); }
  void* connect(std::string_view, const ServiceClient&) override { return this; }
  std::string from;
};

struct Read final : Source {
  static Spec spec() {
    return Spec("files.read")
        .required_param(&Read::path, "path", "What to read.")
        .or_single()
        .input_path()
        .param(&Read::format, "format", "auto", "How it is written.")
        .choices({"auto", "json", "jsonl"});
  }
  Status open(Context&, std::optional<Position>) override { return Status(); }
  Result<std::optional<Record>> next() override { return std::optional<Record>(); }
  Position position() const override { return {}; }
  std::vector<std::string> path;
  std::string format;
};

struct Write final : Sink {
  static Spec spec() {
    return Spec("files.write")
        .required_param(&Write::path, "path", "Where to.")
        .output_path()
        .saves("path")
        .no_effect_on_result()
        .param(&Write::fields, "fields", std::vector<std::string>{}, "Which fields.")
        .param(&Write::sync_s, "sync_s", 1.0, "How often it syncs.")
        .no_effect_on_result();
  }
  Status open(Context&, std::optional<Offset>) override { return Status(); }
  Status write(std::span<const Record>) override { return Status(); }
  Result<Offset> sync() override { return Offset{}; }
  Status finalise() override { return Status(); }
  std::string location() const override { return path; }
  bool in_place() const override { return true; }
  std::string path;
  std::vector<std::string> fields;
  double sync_s = 1;
};

struct PassOn : Operator {
  Status process(Record record, Output& out) override { return out.emit(std::move(record)); }
};

struct Note final : PassOn {
  static Spec spec() {
    return Spec("text.note")
        .version(3)
        .param(&Note::input_key, "input_key", "", "Field to read; none when empty.")
        .reads_param("input_key")
        .param(&Note::output_key, "output_key", "note", "Field to write.")
        .writes_param("output_key")
        .param(&Note::overwrite, "overwrite", false, "Replaces the field.");
  }
  std::string input_key, output_key;
  bool overwrite = false;
};

struct Upper final : PassOn {
  static Spec spec() {
    return Spec("text.upper")
        .param(&Upper::fields, "field", std::vector<std::string>{"text"}, "Fields.")
        .or_single()
        .reads_param("field")
        .writes_param("field");
  }
  std::vector<std::string> fields;
};

struct Answer final : PassOn {
  static Spec spec() {
    return Spec("text.answer")
        .param(&Answer::schema, "schema", std::nullopt, "Its keys are the fields.")
        .writes_given([](const Json& values) {
          std::vector<std::string> fields;
          for (const auto& [name, rules] : values.at("schema").items()) fields.push_back(name);
          return fields;
        });
  }
  Json schema;
};

struct Route final : PassOn {
  static Spec spec() { return Spec("text.route").port("even").port("odd"); }
};

struct Classify final : PassOn {
  static Spec spec() {
    return Spec("text.classify")
        .required_param(&Classify::routes, "routes", "Where to.")
        .ports_param("routes")
        .port("otherwise");
  }
  Json routes;
};

struct Reshape final : PassOn {
  static Spec spec() { return Spec("text.reshape").reshapes(); }
};

struct Call final : PassOn {
  static Spec spec() { return Spec("text.call").nondeterministic(); }
};

struct Program final : PassOn {
  static Spec spec() {
    return Spec("text.program")
        .param(&Program::command, "command", std::vector<std::string>(), "What runs.")
        .file_or_name()
        .contents_count()
        .reshapes()
        .nondeterministic();
  }
  std::vector<std::string> command;
};

struct Search final : PassOn {
  static Spec spec() { return Spec("text.search").service(&Search::index, "index", "Searched."); }
  FakeService* index = nullptr;
};

struct Sort final : PassOn {
  static Spec spec() { return Spec("set.sort").gather(); }
};

struct Weigh final : PassOn {
  static Spec spec() {
    return Spec("model.weigh")
        .param(&Weigh::model, "model", std::nullopt, "A model's file, or its name.")
        .file_or_name();
  }
  std::string model;
};

struct Ask final : AsyncOperator {
  static Spec spec() {
    return Spec("model.ask")
        .service(&Ask::llm, "llm", "The model that is asked.")
        .param(&Ask::prompt, "prompt", "Ask something.", "The prompt.")
        .text_or_file()
        .param(&Ask::attempts, "max_attempts", 3, "Replies asked for.")
        .range(1, 10)
        .no_effect_on_result()
        .param(&Ask::temperature, "temperature", std::nullopt, "Of the sampling.")
        .range(0, 2)
        .param(&Ask::top_k, "top_k", 0, "Of the sampling.")
        .range(-100, 100)
        .unit("tokens")
        .param(&Ask::penalty, "penalty", 1.0, "Of repeats.")
        .at_least(0.5)
        .param(&Ask::stream, "stream", false, "In pieces.")
        .no_effect_on_result()
        .param(&Ask::generation, "generation", Json::object(), "More for the model.")
        .param(&Ask::stop, "stop", std::vector<std::string>{}, "Where it stops.")
        .reads("text")
        .writes("question");
  }
  Task<Status> process(Record record, Output& out) override {
    Status status = out.emit(std::move(record));
    co_return status;
  }
  FakeService* llm = nullptr;
  std::string prompt;
  int attempts = 3, top_k = 0;
  std::optional<double> temperature;
  double penalty = 1;
  bool stream = false;
  Json generation;
  std::vector<std::string> stop;
};

}  // namespace

Registry test_registry() {
  CollectingRegistrar collector;
  collector.add<FakeService>();
  collector.add<FakeIndex>();
  collector.add<Read>();
  collector.add<Write>();
  collector.add<Note>();
  collector.add<Upper>();
  collector.add<Answer>();
  collector.add<Route>();
  collector.add<Classify>();
  collector.add<Reshape>();
  collector.add<Call>();
  collector.add<Program>();
  collector.add<Search>();
  collector.add<Sort>();
  collector.add<Weigh>();
  collector.add<Ask>();
  Registry registry;
  Status status =
      registry.add({"fake", "1.0.0", "fake.so", {}, {}}, std::move(collector.components));
  if (!status.ok()) throw std::runtime_error(status.message());
  return registry;
}

}  // namespace rare::engine
