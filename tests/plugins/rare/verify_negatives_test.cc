#include "verify_negatives.h"

#include "catch.h"
#include "scripted_model.h"

using rare::ChatReply;
using rare::Fault;
using rare::Json;
using namespace rare::testing::scripted;
using VerifyBench = Bench<rare::distill::VerifyNegatives>;

namespace {

const Json kWithCandidates = {{"text", "positive"},
                              {"question", "Why?"},
                              {"scenario", "Somewhere."},
                              {"hard_negatives", {"one", "two", "three", "four", "five"}},
                              {"ids", {"a", "b", "c", "d", "e"}},
                              {"scores", {5.5, 4.5, 3.5, 2.5, 1.5}}};

Json verdict(bool relevant) {
  return {{"reason", relevant ? " It answers. " : "It lacks the cause."}, {"relevant", relevant}};
}

// Verdicts on candidates 1, 2, ...
Json verdicts_on(const std::vector<bool>& relevant) {
  Json answer = Json::object();
  for (std::size_t i = 0; i < relevant.size(); ++i) {
    answer[std::to_string(i + 1)] = verdict(relevant[i]);
  }
  return answer;
}

Json kept_of(const rare::testing::Outcome& outcome) {
  return outcome.records.at(0).fields()["hard_negatives"];
}

}  // namespace

TEST_CASE("the first negatives that do not answer are kept, and nothing else changes") {
  VerifyBench bench({json_reply(verdicts_on({false, true, false, false, false}))});
  REQUIRE(bench.opened.ok());
  auto outcome = bench.run(kWithCandidates);
  REQUIRE(outcome.status.ok());
  Json expected = kWithCandidates;
  expected["hard_negatives"] = {"one", "three", "four"};
  CHECK(outcome.records.at(0).fields() == expected);
  CHECK(bench.model.requests().size() == 1);
  for (const char* part : {"Question: Why?\nScenario: Somewhere.\nDocument: positive\n"
                           "Candidate 1: one\nCandidate 2: two\n",
                           "Candidate 5: five\nVerdicts:"}) {
    CHECK(contains(bench.user_text(0), part));
  }
}

TEST_CASE("verdicts, removed texts and what stands beside the texts follow on request") {
  VerifyBench bench({json_reply(verdicts_on({true, false, true, false, false}))},
                    {{"num_neg", 2},
                     {"parallel_keys", {"ids", "scores"}},
                     {"output_negatives_key", "negatives"},
                     {"output_verdicts_key", "verdicts"},
                     {"output_removed_key", "removed"}});
  auto outcome = bench.run(kWithCandidates);
  REQUIRE(outcome.status.ok());
  const Json& fields = outcome.records.at(0).fields();
  CHECK(fields["hard_negatives"] == kWithCandidates["hard_negatives"]);
  CHECK(fields["negatives"] == Json({"two", "four"}));
  CHECK(fields["ids"] == Json({"b", "d"}));
  CHECK(fields["scores"] == Json({4.5, 2.5}));
  CHECK(fields["removed"] == Json({"one", "three"}));
  REQUIRE(fields["verdicts"].size() == 5);
  CHECK(fields["verdicts"][0] == Json({{"reason", "It answers."}, {"relevant", true}}));
  CHECK(fields["verdicts"][4]["relevant"] == false);
}

TEST_CASE("the schema asks for each candidate once, in their order") {
  Json fields = kWithCandidates;
  Json answer = Json::object();
  for (int i = 1; i <= 12; ++i) {
    fields["hard_negatives"][static_cast<std::size_t>(i - 1)] = "text " + std::to_string(i);
    answer[(i < 10 ? "0" : "") + std::to_string(i)] = verdict(i < 11);
  }
  VerifyBench bench({json_reply(answer)});
  auto outcome = bench.run(fields);
  REQUIRE(outcome.status.ok());
  CHECK(kept_of(outcome) == Json({"text 11", "text 12"}));
  const Json schema = bench.model.requests().at(0).schema;
  CHECK(schema["required"].size() == 12);
  CHECK(schema["required"][0] == "01");
  CHECK(schema["properties"].size() == 12);
  CHECK(schema["additionalProperties"] == false);
  CHECK(contains(bench.user_text(0), "Candidate 01: text 1\n"));
}

TEST_CASE("verdicts that do not cover each candidate once are asked for again") {
  Json missing = verdicts_on({false, false, false, false, false});
  missing.erase("3");
  Json more = verdicts_on({false, false, false, false, false, false});
  Json silent = verdicts_on({false, false, false, false, false});
  silent["2"]["reason"] = " ";
  Json vague = verdicts_on({false, false, false, false, false});
  vague["4"]["relevant"] = "maybe";
  Json flat = verdicts_on({false, false, false, false, false});
  flat["1"] = true;
  const auto [reply, problem] = GENERATE_COPY(table<ChatReply, std::string>({
      {json_reply(missing), "candidate 3 has no verdict"},
      {json_reply(more), "it has 6 verdicts, and there are 5 candidates"},
      {json_reply(silent), "the verdict on candidate 2 must give its reason"},
      {json_reply(vague), "the verdict on candidate 4 must say in relevant: true or false"},
      {json_reply(flat), "the verdict on candidate 1 must be an object with reason and relevant"},
      {json_reply(Json::array()), "it holds no JSON object"},
      {text_reply("plain words"), "it holds no JSON object"},
      {faulty_reply("{", "it was cut off"), "it was cut off"},
  }));
  VerifyBench bench({reply, json_reply(verdicts_on({true, true, true, true, false}))});
  auto outcome = bench.run(kWithCandidates);
  REQUIRE(outcome.status.ok());
  CHECK(kept_of(outcome) == Json({"five"}));
  CHECK(contains(bench.user_text(1), "refused, because " + problem + ". "));

  VerifyBench hopeless({reply}, {{"max_attempts", 2}});
  auto failed = hopeless.run(kWithCandidates);
  CHECK(failed.status.message() == "node: no usable reply in 2 attempts; the last one: " + problem);
  CHECK(failed.status.fault() == Fault::record);
}

TEST_CASE("a record that keeps too few is filtered or an error, if that is asked for") {
  const ChatReply all_relevant = json_reply(verdicts_on({true, true, true, true, true}));
  VerifyBench content({all_relevant});
  auto empty = content.run(kWithCandidates);
  REQUIRE(empty.status.ok());
  CHECK(kept_of(empty) == Json::array());

  VerifyBench filtering({all_relevant}, {{"min_neg", 1}});
  auto filtered = filtering.run(kWithCandidates);
  REQUIRE(filtered.status.ok());
  CHECK(filtered.records.empty());
  CHECK(filtered.filters == std::vector<std::string>{"negatives 0 < min_neg 1"});

  VerifyBench strict({all_relevant}, {{"min_neg", 1}, {"on_too_few", "error"}});
  auto failed = strict.run(kWithCandidates);
  CHECK(failed.status.fault() == Fault::record);
  CHECK(failed.status.message() ==
        "node: negatives 0 < min_neg 1; give it more candidates, or lower min_neg");
}

TEST_CASE("a record without candidates asks nothing and gets empty lists") {
  Json fields = kWithCandidates;
  fields["hard_negatives"] = fields["ids"] = Json::array();
  VerifyBench bench({json_reply(Json::object())}, {{"parallel_keys", {"ids"}},
                                                   {"output_verdicts_key", "verdicts"},
                                                   {"output_removed_key", "removed"}});
  auto outcome = bench.run(fields);
  REQUIRE(outcome.status.ok());
  CHECK(bench.model.requests().empty());
  fields["verdicts"] = fields["removed"] = Json::array();
  CHECK(outcome.records.at(0).fields() == fields);

  VerifyBench filtering({json_reply(Json::object())}, {{"min_neg", 2}});
  fields.erase("verdicts");
  CHECK(filtering.run(fields).filters == std::vector<std::string>{"negatives 0 < min_neg 2"});
}

TEST_CASE("a record that cannot be judged costs itself alone and asks nothing") {
  const auto [patch, message] = GENERATE(table<Json, std::string>({
      {Json({{"hard_negatives", nullptr}}),
       "node: the record has no field \"hard_negatives\"; give it an empty list when there are no "
       "candidates"},
      {Json({{"hard_negatives", {"one", 2}}}),
       "node: field \"hard_negatives\" must be a list of texts; item 1 is number"},
      {Json({{"hard_negatives", "one"}}),
       "node: field \"hard_negatives\" must be a list of texts, not string"},
      {Json({{"question", ""}}), "node: field \"question\" is empty"},
      {Json({{"scenario", 1}}), "node: field \"scenario\" must be text, not number"},
      {Json({{"text", nullptr}}), "node: the record has no field \"text\""},
      {Json({{"ids", {"a"}}}),
       "node: field \"ids\" (parallel_keys) must be a list of 5, one for each candidate in "
       "\"hard_negatives\"; it has 1 items"},
      {Json({{"ids", "a"}}),
       "node: field \"ids\" (parallel_keys) must be a list of 5, one for each candidate in "
       "\"hard_negatives\"; it is string"},
      {Json({{"ids", nullptr}}),
       "node: field \"ids\" (parallel_keys) must be a list of 5, one for each candidate in "
       "\"hard_negatives\"; it is missing"},
  }));
  Json fields = kWithCandidates;
  fields.merge_patch(patch);
  VerifyBench bench({json_reply(Json::object())}, {{"parallel_keys", {"ids"}}});
  auto outcome = bench.run(fields);
  CHECK(outcome.status.message() == message);
  CHECK(outcome.status.fault() == Fault::record);
  CHECK(bench.model.requests().empty());
}

TEST_CASE("parameters of VerifyNegatives that contradict each other are refused at the start") {
  const auto [values, message] = GENERATE(table<Json, std::string>({
      {Json({{"output_negatives_key", ""}}),
       "node: output_negatives_key is empty; expected the name of a field"},
      {Json({{"min_neg", 4}}),
       "node: min_neg is 4 and num_neg is 3, so no record could keep enough; raise num_neg"},
      {Json({{"output_removed_key", "hard_negatives"}}),
       "node: output_removed_key names the field \"hard_negatives\", which holds the candidates; "
       "give it another name"},
      {Json({{"parallel_keys", {"question"}}}),
       "node: parallel_keys has the field \"question\", which another parameter names; expected "
       "fields with a value for each candidate"},
      {Json({{"parallel_keys", {"ids", "ids"}}}),
       "node: parallel_keys has the field \"ids\", which stands there twice; expected fields with "
       "a value for each candidate"},
      {Json({{"output_verdicts_key", "v"}, {"output_removed_key", "v"}}),
       "node: output_verdicts_key and output_removed_key both write the field \"v\"; give one of "
       "them another name"},
      {Json({{"prompt", "{{question}}"}}),
       "node: prompt must use {{candidates}}; it uses {{question}}"},
  }));
  VerifyBench bench({json_reply(Json::object())}, values);
  CHECK(bench.opened.fault() == Fault::run);
  CHECK(bench.opened.message() == message);
}

TEST_CASE("an output field of VerifyNegatives that is there stops the run, unless replaced") {
  Json fields = kWithCandidates;
  fields["verdicts"] = "old";
  const ChatReply none = json_reply(verdicts_on({false, false, false, false, false}));
  VerifyBench bench({none}, {{"output_verdicts_key", "verdicts"}});
  auto outcome = bench.run(fields);
  CHECK(outcome.status.fault() == Fault::run);
  CHECK(contains(outcome.status.message(), "name another one in output_verdicts_key"));

  VerifyBench replacing({none}, {{"output_verdicts_key", "verdicts"}, {"overwrite", true}});
  auto replaced = replacing.run(fields);
  REQUIRE(replaced.status.ok());
  CHECK(replaced.records.at(0).fields()["verdicts"].size() == 5);
}

TEST_CASE("a long candidate is cut for the prompt and kept whole") {
  Json fields = kWithCandidates;
  std::string text;
  while (text.size() < 4000) text += "A sentence of some words stands here. ";
  fields["hard_negatives"][1] = text;
  VerifyBench bench({json_reply(verdicts_on({true, false, true, true, true}))},
                    {{"max_text_chars", 100}, {"output_cut_key", "cut"}});
  auto outcome = bench.run(fields, 4);
  REQUIRE(outcome.status.ok());
  CHECK(kept_of(outcome) == Json::array({text}));
  CHECK(outcome.records.at(0).fields()["cut"].get<int>() <= 100);
  REQUIRE(bench.context.lines().size() == 1);
  CHECK(contains(bench.context.lines()[0], "record 4: candidate 2 has"));
}

TEST_CASE("a run that keeps provenance learns who judged the negatives") {
  ChatReply reply = json_reply(verdicts_on({false, false, false, false, false}));
  reply.key = "key-1";
  reply.model = "judge-model";
  VerifyBench bench({reply});
  bench.context.provenance = true;
  auto outcome = bench.run(kWithCandidates);
  REQUIRE(outcome.status.ok());
  const Json& provenance = outcome.records.at(0).fields()["_rare"];
  CHECK(provenance["replies"] == Json({"key-1"}));
  CHECK(provenance["models"] == Json({{"node", "judge-model"}}));
}
