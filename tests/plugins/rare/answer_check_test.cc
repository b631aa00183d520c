#include "answer_check.h"

#include <string>
#include <vector>

#include "catch.h"
#include "scripted_model.h"

using rare::ChatReply;
using rare::Fault;
using rare::Json;
using namespace rare::testing::scripted;
using CheckBench = Bench<rare::distill::AnswerCheck>;

namespace {

const Json kAnswered = {{"question", "Why?"},
                        {"reasoning", "Step 1: heat.\nAnswer: It had no room."},
                        {"references", {"Answer: no room was left", "Bad steel.", "It was cold."}}};

Json sameness(const std::vector<bool>& same) {
  Json answer = Json::object();
  for (std::size_t i = 0; i < same.size(); ++i) {
    answer[std::to_string(i + 1)] = {{"reason", "So it is."}, {"same", bool(same[i])}};
  }
  return answer;
}

}  // namespace

TEST_CASE("the judge sees what answer and references come to, and a majority keeps the record") {
  CheckBench bench({json_reply(sameness({true, false, true}))},
                   {{"output_verdicts_key", "verdicts"}});
  REQUIRE(bench.opened.ok());
  auto outcome = bench.run(kAnswered);
  REQUIRE(outcome.status.ok());
  const Json& fields = outcome.records.at(0).fields();
  CHECK(fields["agreement"].get<double>() == Approx(2.0 / 3));
  CHECK(fields["verdicts"][1] == Json({{"reason", "So it is."}, {"same", false}}));
  CHECK(contains(bench.user_text(0),
                 "Question: Why?\nAnswer: It had no room.\nReference 1: no room was left\n"
                 "Reference 2: Bad steel.\nReference 3: It was cold.\nVerdicts:"));
  CHECK(bench.model.requests().at(0).schema["required"] == Json({"1", "2", "3"}));
}

TEST_CASE("an answer that agrees with too few is filtered and says by how much") {
  const ChatReply one_of_three = json_reply(sameness({false, false, true}));
  CheckBench bench({one_of_three});
  auto outcome = bench.run(kAnswered);
  REQUIRE(outcome.status.ok());
  CHECK(outcome.records.empty());
  CHECK(outcome.filters == std::vector<std::string>{"agreement 0.33 < 0.5"});

  CheckBench lenient({one_of_three}, {{"min_agreement", 0}});
  CHECK(lenient.run(kAnswered).records.size() == 1);
}

TEST_CASE("an exact comparison asks nothing") {
  Json fields = kAnswered;
  fields["references"] = "<think>x</think><answer>it had NO room</answer>";
  CheckBench bench({text_reply("")}, {{"compare", "exact"}});
  auto outcome = bench.run(fields);
  REQUIRE(outcome.status.ok());
  CHECK(outcome.records.at(0).fields()["agreement"] == 1.0);
  CHECK(bench.model.requests().empty());
  CHECK(bench.run(kAnswered).filters == std::vector<std::string>{"agreement 0.0 < 0.5"});
}

TEST_CASE("verdicts that do not cover each reference once are asked for again") {
  Json missing = sameness({true, true, true});
  missing.erase("2");
  CheckBench bench({json_reply(missing), json_reply(sameness({true, true, true}))});
  REQUIRE(bench.run(kAnswered).status.ok());
  CHECK(contains(bench.user_text(1), "refused, because reference 2 has no verdict. "));
}

TEST_CASE("a record with nothing to compare costs itself alone and asks nothing") {
  const auto [patch, message] = GENERATE(table<Json, std::string>({
      {Json({{"references", nullptr}}), "node: the record has no field \"references\""},
      {Json({{"references", Json::array()}}),
       "node: field \"references\" is an empty list; expected answers to compare with"},
      {Json({{"references", {"a", 1}}}),
       "node: field \"references\" must be a list of texts; item 1 is number"},
      {Json({{"references", 7}}), "node: field \"references\" must be text, not number"},
      {Json({{"reasoning", " "}}), "node: field \"reasoning\" is empty"},
      {Json({{"question", nullptr}}), "node: the record has no field \"question\""},
  }));
  Json fields = kAnswered;
  fields.merge_patch(patch);
  CheckBench bench({text_reply("")});
  auto outcome = bench.run(fields);
  CHECK(outcome.status.message() == message);
  CHECK(outcome.status.fault() == Fault::record);
  CHECK(bench.model.requests().empty());
}

TEST_CASE("the references may not be replaced, not even by overwrite") {
  for (const char* param : {"output_agreement_key", "output_verdicts_key", "output_cut_key"}) {
    CheckBench bench({text_reply("")}, {{param, "references"}, {"overwrite", true}});
    CHECK(bench.opened.message() ==
          "node: " + std::string(param) +
              " names the field \"references\", which holds the references; give it another name");
  }
}
