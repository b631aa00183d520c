// dead_letters.jsonl: every field, in input order, whatever the bytes are.
#include <sqlite3.h>

#include "catch.h"
#include "engine/state/run_state.h"
#include "state_fixture.h"

namespace {

using namespace rare::engine;
using namespace rare::engine::state_test;
using rare::Json;
using rare::RecordId;

DeadLetter letter_of(RecordId id, std::optional<std::string> raw) {
  DeadLetter letter;
  letter.id = std::move(id);
  letter.node = "questions";
  letter.reason = "the reply is not JSON";
  letter.attempts = 3;
  letter.raw = std::move(raw);
  letter.record = {{"text", "a passage"}};
  return letter;
}

void change_database(const std::string& file, const std::string& sql) {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &database) == SQLITE_OK);
  REQUIRE(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(database);
}

TEST_CASE("without dead letters the file is there and empty") {
  ScratchFolder folder;
  auto state = RunState::open(options_for(folder / "run"));
  REQUIRE(state.ok());
  REQUIRE((*state)->write_dead_letters().ok());
  CHECK(std::filesystem::exists(folder / "run/dead_letters.jsonl"));
  CHECK(read_file(folder / "run/dead_letters.jsonl").empty());
}

TEST_CASE("dead letters survive the start and come out in input order") {
  ScratchFolder folder;
  const auto extra = std::make_shared<const std::string>("extra");
  {
    auto state = RunState::open(options_for(folder / "run"));
    REQUIRE(state.ok());
    Checkpoint checkpoint;
    checkpoint.dead_letters.push_back(letter_of(RecordId(1, extra, 2), "last"));
    checkpoint.dead_letters.push_back(letter_of(RecordId(0, nullptr, 17).child({1, 0, true}), "b"));
    checkpoint.dead_letters.push_back(letter_of(RecordId(0, nullptr, 17).child({0, 0, true}), "a"));
    checkpoint.tally.ledger.dead = 3;
    REQUIRE((*state)->commit(checkpoint).ok());
    checkpoint.dead_letters = {letter_of(RecordId(0, nullptr, 3), std::nullopt)};
    checkpoint.tally.ledger.dead = 1;
    REQUIRE((*state)->commit(checkpoint).ok());
  }
  auto state = RunState::open(options_for(folder / "run"));
  REQUIRE(state.ok());
  CHECK((*state)->resume().dead_letters == 4);
  REQUIRE((*state)->write_dead_letters().ok());
  const std::string rest =
      R"("node":"questions","reason":"the reply is not JSON","attempts":3,"reply":)";
  const std::string record = R"(,"record":{"text":"a passage"}})";
  CHECK(read_file(folder / "run/dead_letters.jsonl") ==
        R"({"id":"3",)" + rest + "null" + record + "\n" + R"({"id":"17.0",)" + rest + "\"a\"" +
            record + "\n" + R"({"id":"17.1",)" + rest + "\"b\"" + record + "\n" +
            R"({"id":"extra:2",)" + rest + "\"last\"" + record + "\n");
}

TEST_CASE("labels stand beside the ids of the records that have one, whatever the order") {
  ScratchFolder folder;
  const auto labelled = [](std::uint64_t ordinal, const std::string& label) {
    RecordId id(0, nullptr, ordinal);
    id.set_label(label);
    return letter_of(id.child({0, 0, true}), std::nullopt);
  };
  {
    auto state = RunState::open(options_for(folder / "run"));
    REQUIRE(state.ok());
    Checkpoint checkpoint;
    checkpoint.dead_letters = {labelled(9, "nine"), labelled(4, ""), labelled(2, "two")};
    checkpoint.tally.ledger.dead = 3;
    REQUIRE((*state)->commit(checkpoint).ok());
    checkpoint.dead_letters = {labelled(3, "three")};
    checkpoint.tally.ledger.dead = 1;
    REQUIRE((*state)->commit(checkpoint).ok());
  }
  auto state = RunState::open(options_for(folder / "run"));
  REQUIRE(state.ok());
  const auto letters = (*state)->read_dead_letters();
  REQUIRE(letters.ok());
  std::vector<std::string> labels;
  for (const DeadLetter& letter : *letters) labels.emplace_back(letter.id.label());
  CHECK(labels == std::vector<std::string>{"two", "three", "", "nine"});
  REQUIRE((*state)->write_dead_letters().ok());
  const std::string text = read_file(folder / "run/dead_letters.jsonl");
  CHECK(text.find(R"({"id":"2.0","label":"two","node")") == 0);
  CHECK(text.find(R"({"id":"4.0","node")") != std::string::npos);
  CHECK(text.find(R"({"id":"9.0","label":"nine","node")") != std::string::npos);
}

TEST_CASE("labels that an earlier version has left are not taken for those of other records") {
  ScratchFolder folder;
  const auto letter = [](std::uint64_t ordinal, const std::string& label) {
    RecordId id(0, nullptr, ordinal);
    id.set_label(label);
    return letter_of(id, std::nullopt);
  };
  const auto labels_of = [&](RunState& state) {
    const auto letters = state.read_dead_letters();
    std::vector<std::string> labels;
    if (!letters) return std::vector<std::string>{letters.status().message()};
    for (const DeadLetter& one : *letters) labels.emplace_back(one.id.label());
    return labels;
  };
  const std::string file = folder / "run/state.db";
  REQUIRE(RunState::open(options_for(folder / "run")).ok());
  // Of numbers whose letters it has removed.
  change_database(file,
                  "INSERT INTO dead_letter_labels VALUES (1, '9', 'of another', 0), "
                  "(2, '9', 'of another', 0)");
  {
    auto state = RunState::open(options_for(folder / "run"));
    REQUIRE(state.ok());
    Checkpoint checkpoint;
    checkpoint.dead_letters = {letter(4, "four"), letter(5, "")};
    checkpoint.tally.ledger.dead = 2;
    REQUIRE((*state)->commit(checkpoint).ok());
    CHECK(labels_of(**state) == std::vector<std::string>{"four", ""});
  }
  change_database(file, "UPDATE dead_letter_labels SET label = 'fork' WHERE number = 1");
  auto state = RunState::open(options_for(folder / "run"));
  REQUIRE(state.ok());
  const std::vector<std::string> damaged = labels_of(**state);
  REQUIRE(damaged.size() == 1);
  CHECK_THAT(damaged[0], Catch::Matchers::Contains("a row differs from what was written"));
  CHECK_FALSE((*state)->write_dead_letters().ok());
}

TEST_CASE("bytes that are not UTF-8 stand as base64; everything else stands as it is") {
  ScratchFolder folder;
  auto state = RunState::open(options_for(folder / "run"));
  REQUIRE(state.ok());
  Checkpoint checkpoint;
  const std::string with_zero("a\0\xc3\xa4\n", 5);
  checkpoint.dead_letters = {letter_of(RecordId(0, nullptr, 0), std::string("\xff\x00\xfe", 3)),
                             letter_of(RecordId(0, nullptr, 1), with_zero),
                             letter_of(RecordId(0, nullptr, 2), "")};
  checkpoint.dead_letters[2].record = Json();
  checkpoint.dead_letters[2].reason = "line \xff";
  REQUIRE((*state)->commit(checkpoint).ok());
  REQUIRE((*state)->write_dead_letters().ok());
  std::ifstream in(folder / "run/dead_letters.jsonl");
  std::vector<Json> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].at("raw_base64") == "/wD+");
  CHECK(lines[0].at("reply").is_null());
  CHECK(lines[1].at("reply") == with_zero);
  CHECK_FALSE(lines[1].contains("raw_base64"));
  CHECK(lines[2].at("reply") == "");
  CHECK(lines[2].at("record").is_null());
  CHECK(lines[2].at("reason") == "line \xef\xbf\xbd");
}

TEST_CASE("many dead letters take a file of their size") {
  ScratchFolder folder;
  auto state = RunState::open(options_for(folder / "run"));
  REQUIRE(state.ok());
  Checkpoint checkpoint;
  for (std::uint64_t ordinal = 0; ordinal < 3000; ++ordinal) {
    checkpoint.dead_letters.push_back(
        letter_of(RecordId(0, nullptr, 2999 - ordinal), std::string(500, 'r')));
  }
  REQUIRE((*state)->commit(checkpoint).ok());
  REQUIRE((*state)->write_dead_letters().ok());
  std::ifstream in(folder / "run/dead_letters.jsonl");
  std::uint64_t expected = 0;
  for (std::string line; std::getline(in, line); ++expected) {
    REQUIRE(Json::parse(line).at("id") == std::to_string(expected));
  }
  CHECK(expected == 3000);
}

}  // namespace
