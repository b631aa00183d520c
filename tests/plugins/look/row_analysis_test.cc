#include "plugins/look/row_analysis.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "catch.h"

namespace rare::look {
namespace {

Json good_record() {
  return {{"id", "a"},
          {"text",
           "Salt lowers the point at which water freezes, so roads stay wet for longer in winter."},
          {"question", "Why do the roads of a town stay wet?"},
          {"hard_negatives", {"Water expands when it freezes.", "Roads are paved with asphalt."}},
          {"reasoning", "Salt keeps them wet."}};
}

using Records = std::vector<Json>;

class Analysed {
 public:
  explicit Analysed(const Records& records, FieldRoles roles = {})
      : analysis(std::move(roles), 0, twins) {
    std::uint64_t number = 0;
    for (const Json& record : records) add(++number, record.dump());
    analysis.flush();
    json = analysis.to_json();
  }
  void add(std::uint64_t number, std::string row) {
    const std::size_t length = row.size();
    row.append(64, ' ');
    analysis.add(number, std::string_view(row).substr(0, length));
  }
  // The rows that are listed under `what`, or null.
  Json rows(const char* list, const std::string& what) const {
    for (const Json& noted : json[list]) {
      if (noted["what"] == what) return noted["first"];
    }
    return nullptr;
  }

  SharedTwins twins;
  RowAnalysis analysis;
  Json json;
};

TEST_CASE("a good record is no suspect") {
  const Analysed analysed(Records{good_record()});
  CHECK(analysed.json["suspects"].empty());
  CHECK(analysed.json["problems"].empty());
  CHECK(analysed.json["rows"] == 1);
  CHECK(analysed.json["overlap"]["series"][0]["count"] == 1);
  // the, roads, stay, wet of why, the, roads, town, stay, wet
  CHECK(analysed.json["overlap"]["series"][0]["most"] == Approx(4.0 / 6));
  CHECK(analysed.json["overlap"]["series"][1]["most"] == Approx(1.0 / 6));
}

TEST_CASE("each kind of suspect is found, and its record named") {
  struct Suspect {
    const char* what;
    Json change;
  };
  const Json text = good_record()["text"];
  const std::vector<Suspect> suspects = {
      {"document of few words", {{"text", "Salt."}}},
      {"question is empty", {{"question", " ?"}}},
      {"question of few words", {{"question", "Why salt?"}}},
      {"question is copied from the document",
       {{"question", "salt lowers the point at which water FREEZES?"}}},
      {"question speaks of a text that its reader does not have",
       {{"question", "According to the passage, why do the roads stay wet?"}}},
      {"question speaks of a text that its reader does not have",
       {{"question", "根据这篇文章，冬天的道路为什么是湿的？"}}},
      {"no negatives", {{"hard_negatives", Json::array()}}},
      {"negative is the document itself",
       {{"hard_negatives", {"x", text.get<std::string>() + "!"}}}},
      {"the same negative twice", {{"hard_negatives", {"one", "two", "One"}}}},
      {"reasoning is empty", {{"reasoning", "  "}}},
      {"reasoning seems cut off", {{"reasoning", "So the salt"}}},
      {"reasoning seems cut off", {{"reasoning", "<think>Salt. <answer>It is wet."}}},
      {"reasoning seems cut off", {{"reasoning", "因为盐，"}}}};
  std::vector<Json> records = {good_record()};
  for (const Suspect& suspect : suspects) {
    records.push_back(good_record());
    records.back().update(suspect.change);
  }
  const Analysed analysed(records);
  for (std::size_t i = 0; i < suspects.size(); ++i) {
    INFO(suspects[i].what);
    const Json rows = analysed.rows("suspects", suspects[i].what);
    CHECK(std::find(rows.begin(), rows.end(), Json(i + 2)) != rows.end());
    CHECK(std::find(rows.begin(), rows.end(), Json(1)) == rows.end());
  }
}

TEST_CASE("reasoning that ends as sentences, quotations and numbers do is not cut off") {
  for (const char* end : {"It is.", "\"It is.\"", "x = 5", "It is!**", "是的。",
                          "<think>a</think>\n<answer>b</answer>"}) {
    INFO(end);
    Json record = good_record();
    record["reasoning"] = end;
    CHECK(Analysed(Records{record}).json["suspects"].empty());
  }
}

TEST_CASE("missing and mistyped fields are told by name and type") {
  Json mistyped = {{"text", 7},
                   {"question", nullptr},
                   {"hard_negatives", "none"},
                   {"reasoning", Json::array({1})}};
  Json items = good_record();
  items["hard_negatives"] = {"a", 3};
  const Analysed analysed(Records{mistyped, Json::object(), items});
  CHECK(analysed.rows("problems", "'text' is no text but number") == Json::array({1}));
  CHECK(analysed.rows("problems", "'question' is no text but null") == Json::array({1}));
  CHECK(analysed.rows("problems", "'hard_negatives' is no list but text") == Json::array({1}));
  CHECK(analysed.rows("problems", "'reasoning' is no text but list") == Json::array({1}));
  CHECK(analysed.rows("problems", "'question' is missing") == Json::array({2}));
  CHECK(analysed.rows("problems", "'hard_negatives' has an item that is no text") ==
        Json::array({3}));
}

TEST_CASE("what is no record is counted and named") {
  Analysed analysed(Records{good_record()});
  analysed.add(2, "[1,2]");
  analysed.add(3, "{\"a\":");
  analysed.add(4, "{\"n\":123456789012345678901234567890}");
  const Json json = analysed.analysis.to_json();
  CHECK(json["rows"] == 4);
  CHECK(json["unreadable"]["rows"] == 2);
  CHECK(json["unreadable"]["shown"][0]["row"] == 2);
  CHECK(json["unreadable"]["shown"][1]["row"] == 3);
}

TEST_CASE("scores and ranks are taken from the fields that the run names") {
  const Json settings = {{"nodes.negatives.with.output_scores_key", "scores"},
                         {"nodes.negatives.with.output_ranks_key", "ranks"},
                         {"nodes.negatives.with.output_positive_score_key", "own_score"},
                         {"nodes.negatives.with.output_positive_rank_key", "own_rank"},
                         {"nodes.negatives.with.output_negatives_key", "passages"},
                         {"nodes.questions.with.questions_per_document", 1},
                         {"nodes.r.with.output_key", "thoughts"},
                         {"nodes.r.with.input_hardneg_key", "passages"},
                         {"nodes.other.with.output_key", "answer"}};
  const FieldRoles roles = FieldRoles::of_settings(settings);
  CHECK(roles.negatives == "passages");
  CHECK(roles.reasoning == "thoughts");
  CHECK_FALSE(roles.several_of_a_document);
  const Json scored = {
      {"scores", {9.5, 4.0}}, {"ranks", {1, 2}}, {"own_score", 8.5}, {"own_rank", 6}};
  const Json unplaced = {{"scores", {3.0}}, {"own_score", nullptr}, {"own_rank", nullptr}};
  const Analysed analysed(Records{scored, unplaced}, roles);
  CHECK(analysed.json["scores"]["series"][0]["most"] == 8.5);
  CHECK(analysed.json["scores"]["series"][1]["most"] == 9.5);
  CHECK(analysed.json["ranks"]["series"][0]["most"] == 7.0);
  CHECK(analysed.json["ranks"]["series"][1]["most"] == 3.0);
  CHECK(analysed.rows("suspects", "negative scores above the document") == Json::array({1}));
  CHECK(analysed.rows("suspects", "document is not among the hits that were looked at") ==
        Json::array({2}));
  CHECK(FieldRoles::of_settings(nullptr).text == "text");
}

TEST_CASE("twins of documents and questions, but for several questions of a document") {
  Json other = good_record();
  other["id"] = "b";
  other["text"] =
      "SALT lowers the point at which water freezes so roads stay wet for longer in winter";
  other["question"] = "What does the winter do to roads?";
  Json sibling = good_record();
  sibling["question"] = "How long do they stay wet?";
  FieldRoles roles;
  roles.several_of_a_document = true;
  Analysed analysed(Records{good_record(), other, sibling}, roles);
  CHECK(analysed.twins.texts.find(5, 5).records == 3);
  CHECK(analysed.twins.questions.find(5, 5).records == 0);
  Analysed siblings(Records{good_record(), sibling}, roles);
  CHECK(siblings.twins.texts.find(5, 5).records == 0);
  Json numbered = good_record(), numbered_sibling = sibling, numbered_other = good_record();
  numbered["id"] = numbered_sibling["id"] = 7;
  numbered_other["id"] = 8;
  Analysed numbers(Records{numbered, numbered_sibling}, roles);
  CHECK(numbers.twins.texts.find(5, 5).records == 0);
  Analysed other_numbers(Records{numbered, numbered_sibling, numbered_other}, roles);
  CHECK(other_numbers.twins.texts.find(5, 5).records == 3);
  Analysed planted(Records{good_record(), sibling});
  CHECK(planted.twins.texts.find(5, 5).records == 2);
}

TEST_CASE("near twins are looked for among documents of ten words or more") {
  Json other = good_record(), brief = good_record(), brief_other = good_record();
  other["text"] = good_record()["text"].get<std::string>() + " Always.";
  brief["text"] = "Salt keeps roads wet all winter.";
  brief_other["text"] = "Salt keeps roads wet all winter. Always.";
  Analysed analysed(Records{good_record(), brief, other, brief_other});
  const NearTwinFinder::Found found = analysed.twins.near_texts.find(5, 5);
  REQUIRE(found.groups == 1);
  CHECK(found.shown[0].records == std::vector<std::uint64_t>{1, 3});
}

TEST_CASE("a sample and the first rows do not depend on who saw which") {
  RowSample whole(7, 20), one(7, 20), two(7, 20), seeded(8, 20);
  NotedRows all, left, right;
  for (std::uint64_t row = 1; row <= 5000; ++row) {
    whole.add(row);
    seeded.add(row);
    all.add(row);
    (row % 3 == 0 ? one : two).add(row);
    (row % 3 == 0 ? left : right).add(row);
  }
  two.merge(one);
  right.merge(left);
  CHECK(whole.rows().size() == 20);
  CHECK(whole.rows() == two.rows());
  CHECK(whole.rows() != seeded.rows());
  CHECK(right.count() == 5000);
  CHECK(right.first() == all.first());
  CHECK(whole.rows().back() > 2500);
}

TEST_CASE("of many fields those of most rows are shown, whoever saw which") {
  // The later half is in two rows.
  Json wide = Json::object(), half = Json::object();
  for (int i = 100; i < 200; ++i) {
    wide["field " + std::to_string(i)] = i;
    if (i >= 150) half["field " + std::to_string(i)] = i;
  }
  const Analysed alone(Records{wide, half});
  Analysed one(Records{wide});
  const Analysed other(Records{half});
  one.analysis.merge(other.analysis);
  const Json json = alone.json;
  CHECK(json["fields"] == one.analysis.to_json()["fields"]);
  REQUIRE(json["fields"].size() == RowAnalysis::kMostFields);
  CHECK(json["fields"][0]["name"] == "field 100");
  CHECK(json["fields"][13]["name"] == "field 113");
  CHECK(json["fields"][14]["name"] == "field 150");
  CHECK(json["fields"][63]["present"] == 2);
  CHECK(json["fields_left_out"] == 36);
  CHECK(json["fields_uncounted"] == 0);
}

TEST_CASE("fields that are too many to be counted are said to be") {
  Json wide = Json::object();
  for (std::size_t i = 0; i < RowAnalysis::kMostCountedFields + 9; ++i) {
    wide["field " + std::to_string(i)] = i;
  }
  const Analysed analysed(Records{wide, wide});
  CHECK(analysed.json["fields"].size() == RowAnalysis::kMostFields);
  CHECK(analysed.json["fields_uncounted"] == 18);
}

}  // namespace
}  // namespace rare::look
