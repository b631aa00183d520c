#include "plugins/llm/judge.h"

#include <utility>

#include "catch.h"
#include "plugins/llm/structured_answer.h"
#include "scripted_model.h"

using rare::Fault;
using rare::Json;
using rare::StatusCode;
using namespace rare::testing::scripted;
using JudgeBench = Bench<rare::llm::Judge>;

namespace {

const Json kText = {{"question", "Why is the sky blue?"}, {"reply", "Air scatters blue light."}};
const Json kRubric = {{{"name", "truth"}, {"description", "Is it so?"}},
                      {{"name", "clarity"},
                       {"description", "Is it easy to follow {{ and }}?"},
                       {"min", 0},
                       {"max", 10}}};

Json judgement(int truth, int clarity) {
  return {{"truth", {{"score", truth}, {"reason", "t"}}},
          {"clarity", {{"score", clarity}, {"reason", "c"}}}};
}

Json judging(Json more = Json::object()) {
  Json values = {{"rubric", kRubric}, {"prompt", "Question: {{question}}\nReply: {{reply}}"}};
  values.update(more);
  return values;
}

std::string judge_refusal(const Json& more) {
  JudgeBench bench({json_reply(judgement(3, 3))}, judging(more));
  CHECK(bench.opened.fault() == Fault::run);
  CHECK(bench.opened.code() == StatusCode::invalid_argument);
  return bench.opened.message();
}

}  // namespace

TEST_CASE("llm.judge shows the rubric and keeps its scores") {
  JudgeBench bench({json_reply(judgement(4, 7))}, judging());
  REQUIRE(bench.opened.ok());
  auto outcome = bench.run(kText);
  REQUIRE(outcome.status.ok());
  Json expected = kText;
  expected["judgement"] = judgement(4, 7);
  CHECK(outcome.records.at(0).fields() == expected);
  const auto request = bench.model.requests().at(0);
  REQUIRE(request.messages.size() == 2);
  CHECK(request.messages[0].role == "system");
  const std::string prompt = bench.user_text(0);
  CHECK(contains(prompt, "- truth, from 1 (worst) to 5 (best): Is it so?\n"));
  CHECK(
      contains(prompt, "- clarity, from 0 (worst) to 10 (best): Is it easy to follow {{ and }}?"));
  CHECK(prompt.ends_with("\n\nQuestion: Why is the sky blue?\nReply: Air scatters blue light."));

  JudgeBench plain({json_reply(judgement(4, 7))}, judging({{"system", ""}, {"output_key", "j"}}));
  auto kept = plain.run(kText);
  REQUIRE(kept.status.ok());
  CHECK(kept.records.at(0).has("j"));
  CHECK(plain.model.requests().at(0).messages.size() == 1);
}

TEST_CASE("llm.judge's schema takes what the rubric takes and nothing else") {
  JudgeBench bench({json_reply(judgement(4, 7))}, judging());
  REQUIRE(bench.run(kText).status.ok());
  const Json schema = bench.model.requests().at(0).schema;
  rare::llm::AnswerChecker checker;
  const auto satisfies = [&](const Json& answer) {
    const auto checked = checker.check(answer.dump(), schema);
    REQUIRE(checked.ok());
    return checked->value.has_value();
  };
  CHECK(satisfies(judgement(1, 0)));
  CHECK(satisfies(judgement(5, 10)));
  CHECK_FALSE(satisfies(judgement(0, 5)));
  CHECK_FALSE(satisfies(judgement(5, 11)));
  Json more = judgement(3, 3);
  more["taste"] = more["truth"];
  CHECK_FALSE(satisfies(more));
  Json less = judgement(3, 3);
  less["truth"].erase("reason");
  CHECK_FALSE(satisfies(less));
  CHECK_FALSE(satisfies({{"truth", {{"score", 3}, {"reason", "t"}}}}));
}

TEST_CASE("llm.judge asks again for scores that cannot be") {
  Json text_score = judgement(3, 3);
  text_score["truth"]["score"] = "3";
  Json no_reason = judgement(3, 3);
  no_reason["truth"]["reason"] = nullptr;
  const auto [answer, problem] = GENERATE_COPY(table<Json, std::string>({
      {judgement(6, 3), "the score of \"truth\" must be an integer from 1 to 5, not 6"},
      {judgement(3, -1), "the score of \"clarity\" must be an integer from 0 to 10, not -1"},
      {text_score, "the score of \"truth\" must be an integer from 1 to 5, not \"3\""},
      {no_reason, "the reason of \"truth\" must be a text"},
      {Json{{"truth", {{"score", 3}, {"reason", "t"}}}}, "\"clarity\" is missing"},
      {Json{{"truth", 3}, {"clarity", 3}}, "\"truth\" must be an object with reason and score"},
      {Json::array({1}), "it holds no JSON object"},
  }));
  JudgeBench bench({json_reply(answer), json_reply(judgement(3, 3))}, judging());
  auto outcome = bench.run(kText);
  REQUIRE(outcome.status.ok());
  CHECK(contains(bench.user_text(1), "refused, because " + problem + ". Do better"));

  JudgeBench never({json_reply(answer)}, judging({{"max_attempts", 2}}));
  auto dead = never.run(kText);
  CHECK(dead.status.fault() == Fault::record);
  CHECK(dead.status.message() == "node: no usable reply in 2 attempts; the last one: " + problem);
  CHECK(dead.status.raw() == answer.dump());
}

TEST_CASE("llm.judge filters what falls short, and says by what") {
  const auto [keep_if, truth, clarity, reason] = GENERATE(table<Json, int, int, std::string>({
      {Json{{"truth", 3}}, 3, 0, ""},
      {Json{{"truth", 3}}, 2, 9, "judge: truth 2 < 3"},
      {Json{{"clarity", 4.5}, {"truth", 3}}, 2, 2, "judge: truth 2 < 3"},
      {Json{{"clarity", 4.5}, {"truth", 3}}, 4, 4, "judge: clarity 4 < 4.5"},
      {Json{{"min_mean", 4}}, 2, 6, ""},
      {Json{{"min_mean", 4}}, 2, 5, "judge: mean 3.5 < 4"},
      {Json{{"min_mean", 1}, {"truth", 5}}, 4, 4, "judge: truth 4 < 5"},
  }));
  JudgeBench bench({json_reply(judgement(truth, clarity))}, judging({{"keep_if", keep_if}}));
  REQUIRE(bench.opened.ok());
  auto outcome = bench.run(kText);
  REQUIRE(outcome.status.ok());
  CHECK(outcome.records.size() == (reason.empty() ? 1 : 0));
  CHECK(outcome.filters == (reason.empty() ? std::vector<std::string>{} : std::vector{reason}));
}

TEST_CASE("llm.judge's field must be free, or may be replaced") {
  Json fields = kText;
  fields["judgement"] = "old";
  JudgeBench bench({json_reply(judgement(3, 3))}, judging());
  CHECK(bench.run(fields, 2).status.message() ==
        "node: record 2 already has the field \"judgement\"; name another one in output_key, or "
        "set overwrite: true to replace it");
  JudgeBench allowed({json_reply(judgement(3, 3))}, judging({{"overwrite", true}}));
  CHECK(allowed.run(fields).records.at(0).fields()["judgement"] == judgement(3, 3));
}

TEST_CASE("llm.judge refuses rubrics that cannot work before the first record") {
  const auto rubric = [](Json list) { return Json{{"rubric", std::move(list)}}; };
  const Json sound = {{"name", "a"}, {"description", "d"}};
  const auto item = [&](Json more) {
    Json changed = sound;
    changed.update(more);
    return Json{{"rubric", Json::array({changed})}};
  };
  CHECK(contains(judge_refusal(rubric("truth")),
                 "node: rubric must be a list of criteria such as {name: clarity, description: "
                 "...}, not string"));
  CHECK(contains(judge_refusal(rubric(Json::array())), "not an empty one"));
  CHECK(judge_refusal(rubric(Json::array({"truth"}))) ==
        "node: rubric, item 1 must be a map of name, description, min and max, not string");
  CHECK(judge_refusal(rubric(Json::array({Json{{"description", "d"}}}))) ==
        "node: rubric, item 1 has no name");
  CHECK(judge_refusal(rubric(Json::array({Json{{"name", "a"}}}))) ==
        "node: rubric, item 1 (a) has no description, which tells the model what to look at");
  CHECK(judge_refusal(rubric({sound, sound})) == "node: rubric, item 2: the name a is there twice");
  CHECK(judge_refusal(item({{"name", ""}})) ==
        "node: rubric, item 1: name must be a text, not \"\"");
  CHECK(judge_refusal(item({{"name", "min_mean"}})) ==
        "node: rubric, item 1: the name min_mean is taken by keep_if; choose another one");
  CHECK(judge_refusal(item({{"maximum", 3}})) ==
        "node: rubric, item 1 has the key \"maximum\"; expected name, description, min and max");
  CHECK(judge_refusal(item({{"min", 1.5}})) ==
        "node: rubric, item 1: min must be an integer, not 1.5");
  CHECK(judge_refusal(item({{"min", 5}})) ==
        "node: rubric, item 1 (a): min must be below max, but min is 5 and max is 5");
  CHECK(judge_refusal({{"output_key", ""}}) ==
        "node: output_key is empty; expected the name of a field");
  CHECK(judge_refusal({{"prompt", ""}}) == "node: prompt is empty");
}

TEST_CASE("llm.judge refuses a keep_if that cannot work before the first record") {
  const auto keep_if = [](Json map) { return Json{{"keep_if", std::move(map)}}; };
  CHECK(judge_refusal(keep_if({{"beauty", 3}})) ==
        "node: keep_if has the name \"beauty\", which the rubric has not; it has truth, clarity, "
        "min_mean");
  CHECK(judge_refusal(keep_if(3)) ==
        "node: keep_if must be a map of least scores, of truth, clarity, min_mean, not number");
  CHECK(contains(judge_refusal(keep_if(Json::object())), "not an empty one"));
  CHECK(judge_refusal(keep_if({{"truth", "3"}})) ==
        "node: keep_if: truth must be a number, not string");
  CHECK(judge_refusal(keep_if({{"truth", 6}})) ==
        "node: keep_if: truth wants at least 6, but the highest possible is 5: no record could be "
        "kept");
  CHECK(judge_refusal(keep_if({{"min_mean", 8}})) ==
        "node: keep_if: min_mean wants at least 8, but the highest possible is 7.5: no record "
        "could be kept");
}

TEST_CASE("a run that keeps provenance learns llm.judge's reply, and its rubric by the prompt") {
  rare::ChatReply reply = json_reply(judgement(3, 3));
  reply.key = "key-1";
  reply.model = "some-model";
  const auto noted = [&](const Json& more) {
    JudgeBench bench({reply}, judging(more));
    bench.context.provenance = true;
    return bench.run(kText).records.at(0).fields()["_rare"];
  };
  const Json provenance = noted(Json::object());
  CHECK(provenance["replies"] == Json::array({"key-1"}));
  CHECK(provenance["models"]["node"] == "some-model");
  Json other = kRubric;
  other[0]["description"] = "Is it true?";
  CHECK(noted({{"rubric", other}})["prompts"]["node"] != provenance["prompts"]["node"]);
}
