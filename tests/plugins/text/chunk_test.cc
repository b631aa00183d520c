#include "chunk.h"

#include "catch.h"
#include "rare/testing/harness.h"

using rare::Fault;
using rare::Json;
using rare::Record;
using rare::RecordId;
using rare::text::Chunk;

namespace {

struct Bench {
  explicit Bench(const Json& values) : op(rare::testing::make<Chunk>(values)) {
    opened = op->open(context);
  }
  rare::testing::Outcome run(Json fields, std::uint64_t ordinal = 0) {
    return rare::testing::run(*op, Record(std::move(fields), RecordId(0, nullptr, ordinal)));
  }
  rare::testing::TestContext context{"chunks"};
  std::unique_ptr<Chunk> op;
  rare::Status opened;
};

const Json kSmall = {{"max_tokens", 5}, {"min_tokens", 0}};

}  // namespace

TEST_CASE("each passage is a record that knows where it comes from") {
  Bench bench(kSmall);
  REQUIRE(bench.opened.ok());
  auto outcome = bench.run({{"id", "doc"}, {"source", "web"}, {"text", " Aaa aaa. Bbb bbb. Ccc."}});
  REQUIRE(outcome.status.ok());
  REQUIRE(outcome.records.size() == 2);
  CHECK(outcome.records[0].fields() == Json{{"id", "doc#0"},
                                            {"source", "web"},
                                            {"text", "Aaa aaa. Bbb bbb."},
                                            {"chunk",
                                             {{"document", "doc"},
                                              {"index", 0},
                                              {"count", 2},
                                              {"start", 1},
                                              {"end", 18},
                                              {"tokens", 5},
                                              {"headings", Json::array()}}}});
  CHECK(outcome.records[1].fields()["id"] == "doc#1");
  CHECK(outcome.records[1].fields()["chunk"]["start"] == 19);
}

TEST_CASE("offsets are characters of the document's text, whatever its writing") {
  const std::string text =
      "冰比水轻，🧊浮着。湖从上面开始冻结。鱼在下面过冬。";
  Bench bench({{"max_tokens", 20}, {"min_tokens", 0}, {"overlap_tokens", 9}});
  auto outcome = bench.run({{"text", text}});
  REQUIRE(outcome.records.size() == 2);
  const auto cut = [&](const Json& chunk) {
    std::string made;
    int at = -1;
    for (const char c : text) {
      at += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
      if (at >= chunk["start"].get<int>() && at < chunk["end"].get<int>()) made += c;
    }
    return made;
  };
  for (const Record& record : outcome.records) {
    CHECK(cut(record.fields()["chunk"]) == record.fields()["text"]);
  }
  CHECK(outcome.records[1].fields()["text"] == "湖从上面开始冻结。鱼在下面过冬。");
  CHECK_FALSE(outcome.records[0].has("id"));
  CHECK(outcome.records[0].fields()["chunk"]["document"] == "0");
}

TEST_CASE("Markdown's headings stand beside each passage") {
  Bench bench({{"format", "markdown"}, {"max_tokens", 50}, {"min_tokens", 0}});
  auto outcome = bench.run({{"id", 7}, {"text", "# Ice\n\nIt floats.\n\n## Why\n\nIt grows."}});
  REQUIRE(outcome.records.size() == 2);
  const Json& second = outcome.records[1].fields();
  CHECK(second["id"] == "7#1");
  CHECK(second["chunk"]["document"] == 7);
  CHECK(second["chunk"]["headings"] == Json({"Ice", "Why"}));
  CHECK(second["text"] == "## Why\n\nIt grows.");
}

TEST_CASE("a passage may go to a field of its own, and the document does not stay") {
  Bench bench(
      {{"input_key", "body"}, {"output_key", "passage"}, {"output_chunk_key", ""}, {"id_key", ""}});
  auto outcome = bench.run({{"id", "a"}, {"body", "One."}});
  REQUIRE(outcome.status.ok());
  CHECK(outcome.records.at(0).fields() == Json{{"id", "a"}, {"passage", "One."}});
}

TEST_CASE("a document of a megabyte becomes passages without a gap") {
  std::string text;
  while (text.size() < 1024 * 1024) text += "A sentence of some words stands here. ";
  Bench bench(Json{{"max_tokens", 200}});
  auto outcome = bench.run({{"text", text}});
  REQUIRE(outcome.status.ok());
  std::string joined;
  for (const Record& record : outcome.records) {
    joined += record.fields()["text"].get<std::string>() + " ";
    CHECK(record.fields()["chunk"]["tokens"] <= 200);
  }
  CHECK(joined == text);
}

TEST_CASE("a text that holds nothing is filtered, and one that is none costs its record") {
  Bench bench(kSmall);
  for (const char* text : {"", " \n\t\n"}) {
    CHECK(bench.run({{"text", text}}).filters == std::vector<std::string>{"'text' holds no text"});
  }
  const auto [fields, message] = GENERATE(table<Json, std::string>({
      {Json({{"id", 1}}), "chunks: the record has no field \"text\""},
      {Json({{"text", nullptr}}), "chunks: field \"text\" must be text, not null"},
      {Json({{"text", {"a"}}}), "chunks: field \"text\" must be text, not array"},
  }));
  auto outcome = bench.run(fields);
  CHECK(outcome.status.message() == message);
  CHECK(outcome.status.fault() == Fault::record);
}

TEST_CASE("a field that is already there stops the run, unless it may be replaced") {
  Bench bench(kSmall);
  auto outcome = bench.run({{"text", "One."}, {"chunk", 1}}, 3);
  CHECK(outcome.status.fault() == Fault::run);
  CHECK(
      outcome.status.message() ==
      "chunks: record 3 already has the field \"chunk\"; name another one in output_chunk_key, or "
      "set overwrite: true to replace it");
  Bench replacing(Json{{"overwrite", true}});
  CHECK(
      replacing.run({{"text", "One."}, {"chunk", 1}}).records.at(0).fields()["chunk"].is_object());
}

TEST_CASE("limits that contradict each other are refused before the first record") {
  const auto [values, message] = GENERATE(table<Json, std::string>({
      {Json({{"max_tokens", 20}}),
       "chunks: max_tokens is 20, min_tokens 32 and overlap_tokens 0; expected a min_tokens that "
       "is "
       "no more and an overlap_tokens that is less"},
      {Json({{"overlap_tokens", 256}}),
       "chunks: max_tokens is 256, min_tokens 32 and overlap_tokens 256; expected a min_tokens "
       "that "
       "is no more and an overlap_tokens that is less"},
      {Json({{"output_key", ""}}), "chunks: output_key is empty; expected the name of a field"},
      {Json({{"output_chunk_key", "text"}}),
       "chunks: output_chunk_key names the field \"text\", which another parameter names; give it "
       "another name"},
  }));
  Bench bench(values);
  CHECK(bench.opened.fault() == Fault::run);
  CHECK(bench.opened.message() == message);
}
