#include "engine/observe/progress_block.h"

#include <algorithm>
#include <cstdlib>

#include "catch.h"

using namespace rare::engine;

namespace {

NodeProgress node(const std::string& name, std::int64_t in_flight, int parallelism,
                  std::uint64_t done) {
  NodeProgress made;
  made.name = name;
  made.in_flight = in_flight;
  made.parallelism = parallelism;
  made.done = done;
  return made;
}

// At `second` of a run that finishes 31 records a second.
ProgressSnapshot run_at(int second) {
  ProgressSnapshot now;
  const auto finished = static_cast<std::uint64_t>(31 * second);
  now.elapsed_s = second;
  now.read = finished + 16;
  now.finished = finished;
  now.dead = 3;
  now.input_share = second / 1000.0;
  now.nodes = {node("documents", 0, 1, finished + 16), node("questions", 8, 16, finished + 8),
               node("negatives", 2, 2, finished + 4), node("reasoning", 16, 16, finished)};
  now.nodes[1].dead = 3;
  now.nodes[2].filtered = 2;
  ServiceProgress corpus, teacher;
  corpus.name = "corpus";
  teacher.name = "teacher";
  teacher.calls = 2 * finished;
  teacher.prompt_tokens = 1000 * static_cast<std::int64_t>(finished);
  teacher.cost = 1.25;
  teacher.throttled = 7;
  teacher.activity = "24 calls in flight of 64 at most, 3 waiting";
  now.services = {corpus, teacher};
  return now;
}

std::vector<std::string> block(TerminalSize size, Characters characters = Characters::ascii) {
  Pace pace;
  for (int second = 80; second <= 100; ++second) pace.add(run_at(second));
  return progress_block(run_at(100), pace, size, characters);
}

std::size_t widest(const std::vector<std::string>& lines) {
  std::size_t columns = 0;
  for (const std::string& line : lines) columns = std::max(columns, columns_of(line));
  return columns;
}

}  // namespace

TEST_CASE("a wide terminal shows the whole, each node and each service") {
  CHECK(
      block({200, 50}) ==
      std::vector<std::string>{
          "0:01:40  3,100 of 3,116 records finished, 31/s, 10% read, 15 min left, 3 dead",
          "  node       in flight             done  rate  left out  dead",
          "  documents        0/1  ........  3,116  31/s",
          "  questions       8/16  ####....  3,108  31/s               3",
          "  negatives        2/2  ########  3,104  31/s         2",
          "  reasoning      16/16  ########  3,100  31/s",
          "  service  calls        tokens            cost  throttled",
          "  teacher  6,200  62/s    3.1M  31,000/s  1.25          7  24 calls in flight of 64 at "
          "most, 3 waiting"});
}

TEST_CASE("no line is wider than the terminal, nor are there more than it has rows") {
  for (const std::size_t columns : {200, 80, 60, 40, 20, 2, 1}) {
    for (const std::size_t rows : {50, 12, 8, 5, 2}) {
      const auto lines = block({columns, rows}, Characters::unicode);
      INFO(columns << " columns, " << rows << " rows");
      CHECK(widest(lines) <= columns);
      CHECK(lines.size() < rows);
      REQUIRE_FALSE(lines.empty());
    }
  }
}

TEST_CASE("80 columns have room for all that is counted, and cut what services say of themselves") {
  const auto lines = block({80, 24});
  CHECK(lines[1] == "  node       in flight             done  rate  left out  dead");
  CHECK(lines.back() ==
        "  teacher  6,200  62/s    3.1M  31,000/s  1.25          7  24 calls in flight ~");
  CHECK(widest(lines) <= 79);
}

TEST_CASE("at 40 columns the names and what is done stay") {
  const auto lines = block({40, 24});
  CHECK(lines[2] == "  documents        0/1  3,116  31/s");
}

TEST_CASE("of many nodes those that hold nothing are left out first, and counted") {
  ProgressSnapshot now = run_at(100);
  now.nodes.clear();
  for (int i = 0; i < 100; ++i) {
    now.nodes.push_back(node("n" + std::to_string(i), i % 10 == 3 ? 4 : 0, 4, 100));
  }
  const auto lines = progress_block(now, Pace(), {100, 16}, Characters::ascii);
  CHECK(lines.size() == 15);
  const auto shows = [&](const std::string& text) {
    return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
      return line.find(text) != std::string::npos;
    });
  };
  for (int i = 3; i < 100; i += 10) CHECK(shows("  n" + std::to_string(i) + " "));
  CHECK(shows("and 90 nodes that hold less"));
}

TEST_CASE("long and foreign names are cut between characters") {
  ProgressSnapshot now;
  now.nodes = {node("名前名前名前名前名前名前名前名前名前名前名前名前名前名前", 1, 2, 3)};
  const auto lines = progress_block(now, Pace(), {80, 24}, Characters::unicode);
  CHECK(lines[2].find("名前\u2026") == std::string::npos);  // 24 characters are an odd cut
  CHECK(lines[2].find("\u2026") != std::string::npos);
}

TEST_CASE("the time left is rounded to what is known") {
  CHECK(time_left_text(5, 50) == "under a minute");
  CHECK(time_left_text(40, 70) == "1 min");
  CHECK(time_left_text(700, 900) == "12 to 15 min");
  CHECK(time_left_text(7000, 8000) == "1.9 to 2.2 h");
  CHECK(time_left_text(3600 * 30.0, 3600 * 40.0) == "30 to 40 h");
  CHECK(time_left_text(86400 * 3.0, 86400 * 3.01) == "3.0 days");
}

TEST_CASE("numbers are short") {
  CHECK(short_number(0.04) == "0.0");
  CHECK(short_number(3.25) == "3.2");
  CHECK(short_number(9.96) == "10");
  CHECK(short_number(12345.6) == "12,346");
  CHECK(short_number(1'234'567) == "1.2M");
  CHECK(short_number(2.5e9) == "2.5G");
}

TEST_CASE("the locale says whether the terminal takes more than ASCII") {
  const auto with = [](const char* value) {
    unsetenv("LC_ALL");
    unsetenv("LC_CTYPE");
    setenv("LANG", value, 1);
    return characters_of_locale();
  };
  CHECK(with("de_DE.UTF-8") == Characters::unicode);
  CHECK(with("C.utf8") == Characters::unicode);
  CHECK(with("C") == Characters::ascii);
  setenv("LC_ALL", "POSIX", 1);
  setenv("LANG", "de_DE.UTF-8", 1);
  CHECK(characters_of_locale() == Characters::ascii);
}
