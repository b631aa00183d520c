#include <cmath>
#include <limits>

#include "catch.h"
#include "write_fixture.h"

using rare::Json;
using rare::Record;
using rare::Status;
using rare::StatusCode;
using namespace rare::files::test;

TEST_CASE("rows are lines, under the working name until the output is finished") {
  const Folder folder;
  const std::string path = folder.path("deep/er/out.jsonl");
  rare::testing::TestContext context;
  const auto sink = sink_of(path);
  REQUIRE(sink->open(context, std::nullopt).ok());
  CHECK(sink->location() == path);
  REQUIRE(write_rows(*sink, {{{"b", 1}, {"a", "é\n"}}, {{"c", {1, nullptr}}}}).ok());
  REQUIRE(write_rows(*sink, {Json::object()}).ok());
  const auto offset = sink->sync();
  REQUIRE(offset.ok());
  const std::string expected = "{\"a\":\"é\\n\",\"b\":1}\n{\"c\":[1,null]}\n{}\n";
  CHECK(offset->token["bytes"] == expected.size());
  CHECK(offset->token["rows"] == 3);
  CHECK(Folder::read(part(path)) == expected);
  CHECK_FALSE(sink->in_place());
  REQUIRE(sink->finalise().ok());
  CHECK(sink->in_place());
  CHECK(Folder::read(path) == expected);
  CHECK_FALSE(exists(part(path)));
}

TEST_CASE("an output without rows is an empty file") {
  const Folder folder;
  rare::testing::TestContext context;
  const auto sink = sink_of(folder.path("out.jsonl"));
  REQUIRE(sink->open(context, std::nullopt).ok());
  CHECK(sink->sync()->token == Json{{"bytes", 0}, {"rows", 0}});
  REQUIRE(sink->finalise().ok());
  CHECK(Folder::read(folder.path("out.jsonl")).empty());
}

TEST_CASE("more than the buffer holds reaches the file in order") {
  const Folder folder;
  rare::testing::TestContext context;
  const auto sink = sink_of(folder.path("out.jsonl"));
  REQUIRE(sink->open(context, std::nullopt).ok());
  std::string expected;
  for (int i = 0; i < 6000; ++i) {
    const Json row{{"i", i}, {"t", std::string(500, 'x')}};
    expected += row.dump() + "\n";
    REQUIRE(write_rows(*sink, {row}).ok());
  }
  const Json huge{{"t", std::string(3u << 20, 'y')}};
  REQUIRE(write_rows(*sink, {huge}).ok());
  expected += huge.dump() + "\n";
  REQUIRE(sink->finalise().ok());
  CHECK(Folder::read(folder.path("out.jsonl")) == expected);
}

TEST_CASE("fields selects and orders; a missing one is left out and said once") {
  const Folder folder;
  rare::testing::TestContext context;
  const auto sink = sink_of(folder.path("out.jsonl"), {{"fields", {"z", "a", "say \"hi\""}}});
  REQUIRE(sink->open(context, std::nullopt).ok());
  REQUIRE(write_rows(
              *sink,
              {{{"a", 1}, {"b", 2}, {"z", {{"y", 1}}}, {"say \"hi\"", 3}}, {{"a", 4}}, {{"z", 5}}})
              .ok());
  REQUIRE(sink->finalise().ok());
  CHECK(Folder::read(folder.path("out.jsonl")) ==
        "{\"z\":{\"y\":1},\"a\":1,\"say \\\"hi\\\"\":3}\n{\"a\":4}\n{\"z\":5}\n");
  const std::vector<std::string> lines = context.lines();
  REQUIRE(lines.size() == 3);
  CHECK(contains(lines[0], "a row has no field \"z\"; such rows are written without it"));

  CHECK(sink->accept(Record(Json{{"a", 1}})).ok());
  const Status none = sink->accept(Record(Json{{"b", 1}}));
  CHECK(none.code() == StatusCode::invalid_data);
  CHECK(contains(none.message(), "at least one of the fields"));
  CHECK(sink->accept(Record(Json{{"a", 1}, {"b", "\xff"}})).ok());
}

TEST_CASE("a preview, which opens nothing, shows rows with missing fields") {
  const Folder folder;
  const auto sink = sink_of(folder.path("out.jsonl"), {{"fields", {"f", "zz"}}});
  const auto row = sink->encode(Record(Json{{"f", 1}}));
  REQUIRE(row.ok());
  CHECK(*row == "{\"f\":1}\n");
  CHECK_FALSE(exists(part(folder.path("out.jsonl"))));
}

TEST_CASE("a row that JSON cannot hold is not accepted, and says which field") {
  const Folder folder;
  const auto sink = sink_of(folder.path("out.jsonl"));
  const auto message = [&sink](const Json& object) {
    const Status status = sink->accept(Record(object));
    CHECK(status.code() == StatusCode::invalid_data);
    CHECK(status.fault() == rare::Fault::record);
    CHECK_NOTHROW(Json(status.message()).dump());
    return status.message();
  };
  CHECK(sink->accept(Record(Json{{"a", "é😀"}, {"b", 1.5}, {"c", nullptr}})).ok());
  CHECK(message({{"a", "ok \xc3"}}) ==
        "field \"a\": expected UTF-8 text, came something else at byte 3");
  CHECK(contains(message({{"a", {1, {{"b", "\xff"}}}}}), "field \"a\": expected UTF-8 text"));
  CHECK(contains(message({{"a", {{"\xff", 1}}}}), "expected a name in UTF-8"));
  CHECK(contains(message({{"\xff", 1}}), "expected a name in UTF-8"));
  CHECK(message({{"a", std::nan("")}}) ==
        "field \"a\": expected a finite number, came infinity or not-a-number");
  CHECK(contains(message({{"a", -std::numeric_limits<double>::infinity()}}), "finite"));
  CHECK(
      contains(message({{"a", Json::binary({1, 2})}}), "expected a JSON value, came binary data"));
  CHECK(contains(message(Json::array({1})), "expected a record that is an object, came array"));
  Json deep = 1;
  for (int i = 0; i < 2000; ++i) deep = Json::array({std::move(deep)});
  CHECK(contains(message({{"a", std::move(deep)}}), "nested at most 1000 deep"));
  CHECK(sink->accept(Record(Json{{"a", "\xff"}})).raw() == "\xff");
}

TEST_CASE("encoded rows are the text that nlohmann writes") {
  const Folder folder;
  rare::testing::TestContext context;
  const auto sink = sink_of(folder.path("out.jsonl"));
  REQUIRE(sink->open(context, std::nullopt).ok());
  REQUIRE(sink->encodes());
  std::string every_byte;
  for (char c = 0; c < 0x7f; ++c) every_byte += c;
  const Json row = {
      {"all", every_byte + "\x7f é \xf0\x9f\x8e\x88 \xe2\x80\xa8"},
      {"a \"quoted\" \n name", "\\"},
      {"", ""},
      {"numbers",
       {0, -1, 1.0, 1.5e300, -0.0, 5e-324, 0.1, std::numeric_limits<std::int64_t>::min(),
        std::numeric_limits<std::uint64_t>::max()}},
      {"rest", {nullptr, true, false, Json::array(), Json::object(), {{"in", {1, {2}}}}}}};
  const auto encoded = sink->encode(Record(row));
  REQUIRE(encoded.ok());
  CHECK(*encoded == row.dump() + "\n");
  REQUIRE(sink->write_encoded(std::span(&*encoded, 1)).ok());
  REQUIRE(sink->finalise().ok());
  CHECK(Folder::read(folder.path("out.jsonl")) == *encoded);
}

TEST_CASE("a byte that is escaped is found wherever it stands in a text") {
  const Folder folder;
  const auto sink = sink_of(folder.path("out.jsonl"));
  for (const char special : {'"', '\\', '\n', '\0', '\x1f', ' ', '!', '\x7f'}) {
    for (std::size_t at = 0; at < 20; ++at) {
      for (const std::size_t behind : {0, 1, 7, 8, 20}) {
        const std::string text = std::string(at, 'x') + special + std::string(behind, 'x');
        const Json row{{"t", text + "é"}};
        REQUIRE(*sink->encode(Record(row)) == row.dump() + "\n");
      }
    }
  }
}

TEST_CASE("meta: the row ends with its identity and what was noted about it") {
  const Folder folder;
  rare::testing::TestContext context;
  context.provenance = true;
  const auto sink = sink_of(folder.path("out.jsonl"), {{"meta", true}});
  CHECK(sink->wants_provenance());
  REQUIRE(sink->open(context, std::nullopt).ok());
  Record noted(Json{{"z", 1}}, rare::RecordId(0, nullptr, 17));
  rare::ChatReply reply;
  reply.key = "key-1";
  reply.model = "some-model";
  note_reply(context, noted, reply, "digest");
  reply.key = "key-2";
  note_reply(context, noted, reply);
  const Record plain(Json{{"z", 2}}, rare::RecordId(0, nullptr, 18));
  CHECK(*sink->encode(noted) ==
        "{\"z\":1,\"_rare\":{\"id\":\"17\",\"models\":{\"test\":\"some-model\"},"
        "\"prompts\":{\"test\":\"digest\"},\"replies\":[\"key-1\",\"key-2\"]}}\n");
  CHECK(*sink->encode(plain) == "{\"z\":2,\"_rare\":{\"id\":\"18\"}}\n");
}

TEST_CASE("meta: after chosen fields, too; nothing is noted where nobody wants it") {
  const Folder folder;
  rare::testing::TestContext context;
  const auto sink = sink_of(folder.path("out.jsonl"), {{"meta", true}, {"fields", {"a"}}});
  REQUIRE(sink->open(context, std::nullopt).ok());
  Record record(Json{{"a", 1}, {"b", 2}}, rare::RecordId(0, nullptr, 3));
  note_reply(context, record, rare::ChatReply(), "digest");
  CHECK_FALSE(record.has("_rare"));
  CHECK(*sink->encode(record) == "{\"a\":1,\"_rare\":{\"id\":\"3\"}}\n");
}

TEST_CASE("without meta a row shows no notes of this run, but the field that was read") {
  const Folder folder;
  const Record record(Json{{"a", 1}, {"_rare", {{"id", "5"}}}}, rare::RecordId(0, nullptr, 3));
  for (const bool noting : {false, true}) {
    rare::testing::TestContext context;
    context.provenance = noting;
    const auto sink = sink_of(folder.path("out.jsonl"));
    CHECK_FALSE(sink->wants_provenance());
    REQUIRE(sink->open(context, std::nullopt).ok());
    CHECK(*sink->encode(record) ==
          (noting ? "{\"a\":1}\n" : "{\"_rare\":{\"id\":\"5\"},\"a\":1}\n"));
  }
}
