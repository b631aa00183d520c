// What becomes of the folder: parts, counts, resume, retry.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "catch.h"
#include "export_fixture.h"
#include "retriever_sink.h"
#include "sft_sink.h"

using rare::Json;
using rare::Offset;
using rare::exports::SftSink;
using namespace rare::exports::test;

namespace {

class DatasetFolder {
 public:
  explicit DatasetFolder(Json parameters = Json::object()) : parameters_(std::move(parameters)) {
    parameters_["path"] = scratch_ / "data";
    if (!parameters_.contains("validation")) parameters_["validation"] = 0.3;
  }
  std::unique_ptr<SftSink> open(std::optional<Offset> committed = std::nullopt) {
    auto sink = rare::testing::make<SftSink>(parameters_);
    const rare::Status opened = sink->open(context_, std::move(committed));
    INFO(opened.message());
    REQUIRE(opened.ok());
    return sink;
  }
  static void add(SftSink& sink, int first, int end) {
    for (int number = first; number < end; ++number) {
      Json fields = finished(number);
      fields["_rare"] = {{"models", {{"reasoning", number % 2 == 0 ? "even" : "odd"}}}};
      const auto row = sink.encode(record_of(fields, static_cast<std::uint64_t>(number)));
      REQUIRE(row.ok());
      REQUIRE(sink.write_encoded(std::span(&*row, 1)).ok());
    }
  }
  std::string text(const std::string& name) const { return text_of(scratch_ / ("data/" + name)); }
  std::map<std::string, std::string> all() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(scratch_ / "data")) {
      files[entry.path().filename().string()] = text_of(entry.path().string());
    }
    return files;
  }
  std::size_t warnings() const { return context_.lines().size(); }
  std::set<std::string> documents(const std::string& name) const {
    std::set<std::string> documents;
    for (const Json& row : rows_in(text(name))) documents.insert(row["document"]);
    return documents;
  }

 private:
  rare::testing::ScratchFolder scratch_;
  rare::testing::TestContext context_;
  Json parameters_;
};

// As state.db gives it back.
Offset stored(const Offset& offset) { return Offset{Json::parse(offset.token.dump())}; }

std::map<std::string, std::string> undisturbed(int records) {
  DatasetFolder folder;
  const auto sink = folder.open();
  DatasetFolder::add(*sink, 0, records);
  REQUIRE(sink->sync().ok());
  REQUIRE(sink->finalise().ok());
  return folder.all();
}

}  // namespace

TEST_CASE(
    "a document's rows are all in one part, and the parts have the share that was asked for") {
  DatasetFolder folder;
  const auto sink = folder.open();
  for (int twice = 0; twice < 2; ++twice) DatasetFolder::add(*sink, 0, 1000);
  REQUIRE(sink->sync().ok());
  REQUIRE(sink->finalise().ok());
  const std::set<std::string> train = folder.documents("train.jsonl");
  const std::set<std::string> validation = folder.documents("validation.jsonl");
  for (const std::string& document : validation) CHECK_FALSE(train.contains(document));
  CHECK(train.size() + validation.size() == 1000);
  CHECK(validation.size() > 250);
  CHECK(validation.size() < 350);
}

TEST_CASE("records of one value of `split_key` are in one part") {
  DatasetFolder folder({{"split_key", "topic"}, {"validation", 0.5}});
  const auto sink = folder.open();
  for (int number = 0; number < 200; ++number) {
    Json fields = finished(number);
    fields["topic"] = number % 20;
    const auto row = sink->encode(record_of(fields, static_cast<std::uint64_t>(number)));
    REQUIRE(row.ok());
    REQUIRE(sink->write_encoded(std::span(&*row, 1)).ok());
  }
  REQUIRE(sink->sync().ok());
  REQUIRE(sink->finalise().ok());
  const std::set<std::string> train = folder.documents("train.jsonl");
  const std::set<std::string> validation = folder.documents("validation.jsonl");
  CHECK(train.size() + validation.size() == 20);
  CHECK(!train.empty());
  CHECK(!validation.empty());
}

TEST_CASE("with `split_key` no document changes sides when others come before it; else a warning") {
  const auto sides = [](const char* split_key, int first) {
    DatasetFolder folder({{"split_key", split_key}, {"validation", 0.5}});
    const auto sink = folder.open();
    CHECK(folder.warnings() == (*split_key == '\0' ? 1U : 0U));
    for (int number = first; number < 50; ++number) {
      const auto row =
          sink->encode(record_of(finished(number), static_cast<std::uint64_t>(number - first)));
      REQUIRE(row.ok());
      REQUIRE(sink->write_encoded(std::span(&*row, 1)).ok());
    }
    REQUIRE(sink->sync().ok());
    REQUIRE(sink->finalise().ok());
    return folder.documents("validation.jsonl");
  };
  std::set<std::string> all = sides("text", 0);
  const std::set<std::string> without_first = sides("text", 1);
  all.erase("Document 0");
  CHECK(!without_first.empty());
  CHECK(without_first == all);
  CHECK(!sides("", 0).empty());
}

TEST_CASE("a start after a loss goes on at what was committed, with its counts") {
  const std::map<std::string, std::string> whole = undisturbed(100);
  REQUIRE(whole.size() == 4);
  DatasetFolder folder;
  std::optional<Offset> committed;
  for (int number = 0; number < 100; number += 25) {
    const auto sink = folder.open(committed);
    DatasetFolder::add(*sink, number, number + 25);
    const auto offset = sink->sync();
    REQUIRE(offset.ok());
    committed = stored(*offset);
    DatasetFolder::add(*sink, 500, 520);  // lost with the process
    REQUIRE(sink->sync().ok());
  }
  REQUIRE(folder.open(committed)->finalise().ok());
  CHECK(folder.all() == whole);
  // A start that died while it closed does it again.
  std::filesystem::remove(folder.open(committed)->location() + "/README.md");
  const auto again = folder.open(committed);
  CHECK_FALSE(again->in_place());
  REQUIRE(again->finalise().ok());
  CHECK(again->in_place());
  CHECK(folder.all() == whole);
}

TEST_CASE("a start that died between the two files' renaming puts the other in place, too") {
  const std::map<std::string, std::string> whole = undisturbed(100);
  DatasetFolder folder;
  std::optional<Offset> committed;
  std::filesystem::path train;
  {
    const auto sink = folder.open();
    DatasetFolder::add(*sink, 0, 100);
    const auto offset = sink->sync();
    REQUIRE(offset.ok());
    committed = stored(*offset);
    train = std::filesystem::path(sink->location()) / "train.jsonl";
  }
  std::filesystem::rename(train.string() + ".part", train);
  REQUIRE(folder.all().contains("validation.jsonl.part"));
  const auto again = folder.open(committed);
  CHECK_FALSE(again->in_place());
  REQUIRE(again->finalise().ok());
  CHECK(again->in_place());
  CHECK(folder.all() == whole);
}

TEST_CASE("a retry takes rows and counts of the finished output over") {
  DatasetFolder folder;
  const auto sink = folder.open();
  DatasetFolder::add(*sink, 0, 40);
  const Offset begin = *sink->position();
  DatasetFolder::add(*sink, 500, 510);  // rows that the retry replaces
  const Offset end = *sink->position();
  DatasetFolder::add(*sink, 60, 100);
  const auto whole = sink->sync();
  REQUIRE(whole.ok());
  REQUIRE(sink->finalise().ok());

  const auto merged = folder.open();
  const Offset beginning = *merged->position();
  REQUIRE(merged->copy_finished(stored(beginning), stored(begin)).ok());
  DatasetFolder::add(*merged, 40, 60);
  REQUIRE(merged->copy_finished(stored(end), stored(*whole)).ok());
  REQUIRE(merged->sync().ok());
  REQUIRE(merged->finalise().ok());
  CHECK(folder.all() == undisturbed(100));
}

TEST_CASE("the card and dataset_info.json name the parts that have rows, licence, models") {
  DatasetFolder folder({{"name", "greetings"},
                        {"license", "cc-by-4.0"},
                        {"description", "Made for a test."},
                        {"card", {{"language", {"en"}}, {"pretty_name", "Grüße"}}}});
  const auto sink = folder.open();
  DatasetFolder::add(*sink, 0, 50);
  REQUIRE(sink->sync().ok());
  REQUIRE(sink->publish_copy().ok());  // --limit
  const std::string card = folder.text("README.md");
  for (const char* part :
       {"license: \"cc-by-4.0\"\n", "\"language\": [\"en\"]\n", "Grüße",
        "  - split: validation\n    path: validation.jsonl\n", "# greetings\n\nMade for a test.\n",
        "| reasoning | even | 25 |", "| reasoning | odd | 25 |", "\"format\": \"messages\""}) {
    INFO(part);
    CHECK(card.find(part) != std::string::npos);
  }
  const Json info = Json::parse(folder.text("dataset_info.json"));
  CHECK(info["greetings"]["file_name"] == "train.jsonl");
  CHECK(info["greetings_validation"]["columns"] == Json{{"messages", "messages"}});
}

TEST_CASE("the card counts what is in no row, also after a loss and a retry") {
  rare::testing::ScratchFolder scratch;
  rare::testing::TestContext context;
  const auto open = [&](std::optional<Offset> committed) {
    auto sink = rare::testing::make<rare::exports::RetrieverSink>({{"path", scratch / "data"}});
    REQUIRE(sink->open(context, std::move(committed)).ok());
    return sink;
  };
  const auto add = [](rare::exports::RetrieverSink& sink, int number) {
    Json fields = finished(number);
    const std::string document = fields["text"];
    fields["hard_negatives"] = {document, "Other", document, "Other"};
    const auto row = sink.encode(record_of(fields, static_cast<std::uint64_t>(number)));
    REQUIRE(row.ok());
    REQUIRE(sink.write_encoded(std::span(&*row, 1)).ok());
  };
  const auto counted = [&](int records) {
    const std::string card = text_of(scratch / "data/README.md");
    INFO(card);
    const auto line = [](const std::string& what, int count) {
      return "| negatives that " + what + " | " + std::to_string(count) + " |\n";
    };
    CHECK(card.find(line("are the document", 2 * records)) != std::string::npos);
    CHECK(card.find(line("an earlier one is equal to", records)) != std::string::npos);
  };
  auto sink = open(std::nullopt);
  add(*sink, 0);
  const Offset first = stored(*sink->sync());
  add(*sink, 1);  // lost
  sink.reset();
  sink = open(first);
  add(*sink, 1);
  const Offset second = stored(*sink->sync());
  REQUIRE(sink->finalise().ok());
  counted(2);
  sink.reset();
  sink = open(std::nullopt);
  REQUIRE(sink->copy_finished(first, second).ok());
  REQUIRE(sink->sync().ok());
  REQUIRE(sink->finalise().ok());
  counted(1);
}

TEST_CASE("without records there are files all the same, and no split without rows") {
  DatasetFolder folder;
  const auto sink = folder.open();
  REQUIRE(sink->sync().ok());
  REQUIRE(sink->finalise().ok());
  CHECK(folder.text("train.jsonl").empty());
  CHECK(folder.text("validation.jsonl").empty());
  CHECK(folder.text("README.md").find("split: validation") == std::string::npos);
  CHECK(sink->in_place());
}

TEST_CASE("what somebody else has written into the folder is neither replaced nor removed") {
  const auto refusal = [](const char* name, const char* text) {
    rare::testing::ScratchFolder scratch;
    rare::testing::TestContext context;
    std::ofstream(scratch / name) << text;
    const Json path = {{"path", scratch / "."}};
    const rare::Status sft = rare::testing::make<SftSink>(path)->open(context, std::nullopt);
    const rare::Status other =
        rare::testing::make<rare::exports::RetrieverSink>(path)->open(context, std::nullopt);
    CHECK(sft.message() == other.message());
    CHECK(text_of(scratch / name) == text);
    CHECK_FALSE(std::filesystem::exists(scratch / "train.jsonl.part"));
    return sft.message();
  };
  CHECK(refusal("README.md", "# My project\n")
            .find("the folder has a README.md that no export has written") != std::string::npos);
  for (const char* text : {R"({"alpaca_en": {"file_name": "alpaca_en.json"}})", "[]", "{", "",
                           R"({"a": {"file_name": "train.jsonl"}, "b": {"hf_hub_url": "b"}})"}) {
    INFO(text);
    CHECK(refusal("dataset_info.json", text).find("has a dataset_info.json that no export") !=
          std::string::npos);
  }

  // A file that came while records were written, to a form that has no such file.
  DatasetFolder folder({{"objective", "dpo"}, {"input_rejected_key", "samples"}});
  const auto sink = folder.open();
  REQUIRE(sink->sync().ok());
  std::ofstream(sink->location() + "/dataset_info.json") << "{\"mine\": {}}";
  REQUIRE(sink->finalise().ok());
  CHECK(folder.text("dataset_info.json") == "{\"mine\": {}}");
}

TEST_CASE("a folder of another form is taken over, with what trains on that form alone") {
  rare::testing::ScratchFolder scratch;
  rare::testing::TestContext context;
  const auto write = [&](auto&& sink) {
    REQUIRE(sink->open(context, std::nullopt).ok());
    REQUIRE(sink->sync().ok());
    REQUIRE(sink->finalise().ok());
    return std::filesystem::exists(scratch / "data/dataset_info.json");
  };
  const Json path = {{"path", scratch / "data"}};
  CHECK(write(rare::testing::make<SftSink>(path)));
  CHECK_FALSE(write(rare::testing::make<rare::exports::RetrieverSink>(path)));
  CHECK(write(rare::testing::make<SftSink>(path)));
  // A field that LLaMA-Factory does not read is not described to it.
  CHECK_FALSE(
      write(rare::testing::make<SftSink>({{"path", scratch / "data"}, {"thinking", "field"}})));
}

TEST_CASE("an offset that another sink kept is refused") {
  for (const Json& token :
       {Json(), Json{{"bytes", 1}, {"rows", 1}}, Json{{"train", 1}, {"validation", 2}}}) {
    rare::testing::TestContext context;
    const auto sink = rare::testing::make<SftSink>({{"path", "x"}});
    const rare::Status status = sink->open(context, Offset{token});
    CHECK(status.code() == rare::StatusCode::invalid_argument);
    CHECK(status.message().find("start with --fresh") != std::string::npos);
  }
}
