#include "self_contained.h"

#include <fstream>
#include <iostream>

#include "catch.h"
#include "rare/json.h"
#include "word_runs.h"

using rare::Json;
using rare::distill::is_pieced_together;
using rare::distill::leaning_phrase;
using rare::distill::shared_words;
using rare::distill::Words;

namespace {

struct Measured {
  double precision;
  double recall;
};

// What Doc2Query would refuse of a row, by the phrase that gave it away; empty: nothing.
std::string given_away(const Json& row) {
  const std::string question = row["question"], situation = row.value("scenario", "");
  const std::string document = row.value("text", "");
  std::string phrase = leaning_phrase(question, situation, document);
  if (phrase.empty()) phrase = leaning_phrase(situation);
  if (!phrase.empty() || document.empty()) return phrase;
  const Words words(question);
  return is_pieced_together(words, shared_words(words, Words(document))) ? "a copy" : "";
}

// Prints what the check gets wrong, so that a failure needs no second look.
Measured measure(const std::string& name, int expected) {
  std::ifstream lines(std::string(RARE_TEST_DATA) + "/self_contained_" + name + ".jsonl");
  int right = 0;
  int wrong = 0;
  int missed = 0;
  int questions = 0;
  for (std::string line; std::getline(lines, line); ++questions) {
    const Json row = Json::parse(line);
    const std::string question = row["question"];
    const std::string phrase = given_away(row);
    const bool leans = row.contains("leans") ? row["leans"] == true : row["stands_alone"] == false;
    right += leans && !phrase.empty() ? 1 : 0;
    wrong += !leans && !phrase.empty() ? 1 : 0;
    missed += leans && phrase.empty() ? 1 : 0;
    if (leans == phrase.empty()) {
      std::cout << (leans ? "missed: " : "wrongly (" + phrase + "): ") << question << "\n";
    }
  }
  REQUIRE(questions == expected);
  const Measured made{1.0 * right / (right + wrong), 1.0 * right / (right + missed)};
  std::cout << name << ": precision " << made.precision << ", recall " << made.recall << "\n";
  return made;
}

}  // namespace

TEST_CASE("questions that lean on a text are told from those that stand alone") {
  const auto [name, questions] = GENERATE(table<std::string, int>({{"english", 200},
                                                                   {"chinese", 200},
                                                                   {"later_english", 100},
                                                                   {"later_chinese", 100},
                                                                   {"held_out_english", 30},
                                                                   {"held_out_chinese", 30},
                                                                   {"last_english", 30},
                                                                   {"last_chinese", 30},
                                                                   {"blind_english", 100},
                                                                   {"blind_chinese", 100}}));
  const Measured measured = measure(name, questions);
  CHECK(measured.precision >= 0.9);
  CHECK(measured.recall >= 0.9);
}

// Nothing was learned from these: they are to show what is true of questions to come.
TEST_CASE("questions that no rule has seen are told, too, if not so well") {
  const auto name = GENERATE(as<std::string>(), "final_english", "final_chinese");
  const Measured measured = measure(name, 30);
  CHECK(measured.precision >= 0.9);
  CHECK(measured.recall >= 0.75);
}

// As the blind ones, of which the rules have seen half: most lean without a word of a text.
TEST_CASE("questions that take for known what only the document tells are told less well") {
  const auto [name, precision, recall] = GENERATE(table<std::string, double, double>(
      {{"blind_held_out_english", 0.75, 0.8}, {"blind_held_out_chinese", 0.85, 0.65}}));
  const Measured measured = measure(name, 100);
  CHECK(measured.precision >= precision);
  CHECK(measured.recall >= recall);
}

TEST_CASE("what neither the question nor its situation introduces gives it away") {
  const std::string document =
      "Salt keeps moulds back. At 2% the bacteria win, at 5% they are slowed. The jar is kept "
      "below "
      "the brine.";
  const std::string told =
      "Two friends make sauerkraut. One keeps a jar in the kitchen, the other one in a cellar, and "
      "only one of them is content after ten days.";
  const auto [question, phrase] = GENERATE(table<std::string, std::string>({
      // Told in the situation, or in the question itself.
      {"Why is the jar in the cellar behind the other jar?", ""},
      {"A cook adds salt. Why does it work?", ""},
      {"If the salt is left out, what does the cook lose by this change?", ""},
      {"Why did they disagree?", ""},
      // Everybody knows which.
      {"At what time of the year is the weather too warm for this?", ""},
      {"According to the Venetian Arsenal, what is a jar worth?", ""},
      // Places, not parts of a text.
      {"Why is the jar kept above the stove the first to be sour?", ""},
      // Only the document tells.
      {"Why are the five percent of the second recipe too much?", "the second recipe"},
      {"What does the closing remark say of jars?", "the closing remark say"},
      {"Why is the one about jars wrong?", "the one about"},
      {"What does the jar described do, as claimed?", "the jar described do"},
      {"How do the bacteria cope with that proportion?", "that proportion"},
  }));
  CHECK(leaning_phrase(question, told, document) == phrase);
}

TEST_CASE("a situation of few words introduces little") {
  CHECK(leaning_phrase("Why is it rare?", "A coach prepares a lesson.") == "it");
  CHECK(leaning_phrase("Why is it rare?",
                       "A coach has heard of a move that costs the game whoever makes it. He looks "
                       "through a hundred games of his pupils and finds three.")
            .empty());
}

TEST_CASE("in Chinese what is pointed at must have been introduced") {
  const std::string told =
      "两个朋友同一天做同样的酸菜，一坛放在厨房，另一坛放在八度的地窖，十天以后只有一坛变酸。";
  const auto [question, phrase] = GENERATE(table<std::string, std::string>({
      {"地窖那坛为什么慢，另一坛为什么快？", ""},
      {"这坛菜还要等多久？", ""},
      {"温度和盐，前者为什么更要紧？", ""},
      {"为什么那种细菌后来占了上风？", "那种"},
      {"前者为什么更要紧，按这里的分类算哪一类？", "按这里"},
      {"前面说的比例为什么太高？", "前面说"},
      {"第三个办法为什么行不通？", "第三个"},
  }));
  CHECK(leaning_phrase(question, told) == phrase);
}

TEST_CASE("the phrase that leans is named") {
  const auto [question, phrase] = GENERATE(table<std::string, std::string>({
      {"Why, according to the \"Passage\", does it rain?", "the passage"},
      {"What follows from Figure 3?", "figure 3"},
      {"根据上文，为什么会下雨？", "上文"},
      {"", ""},
      {"...", ""},
      {"Why is the sky blue?", ""},
      {"\xff\xfe broken \xe6", ""},
  }));
  CHECK(leaning_phrase(question) == phrase);
}

TEST_CASE("what the situation introduces may be spoken of") {
  const std::string question = "What should the author change in the article?";
  CHECK(leaning_phrase(question) == "the article");
  CHECK(leaning_phrase(question, "A young author sends an article to an editor.").empty());
  CHECK(leaning_phrase("How does the passage answer him?", "He reads a passage aloud.") ==
        "the passage");
  CHECK(leaning_phrase("作者为什么拒绝修改？") == "作者");
  CHECK(leaning_phrase("作者为什么拒绝修改？", "一位年轻的作者把小说寄给出版社。").empty());
}
