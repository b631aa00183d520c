#include "reason_distill.h"

#include <map>
#include <set>

#include "catch.h"
#include "scripted_model.h"

using rare::ChatReply;
using rare::Fault;
using rare::Json;
using namespace rare::testing::scripted;
using ReasonBench = Bench<rare::distill::ReasonDistill>;

namespace {

const char* const kReasoning = "Step 1: heat makes steel longer.\nAnswer: it had no room left.";
const Json kRecord = {{"text", "positive"},
                      {"question", "Why?"},
                      {"scenario", "Somewhere."},
                      {"hard_negatives", {"negative one", "negative two", "negative three"}}};
const Json kOrderOnly = {{"prompt", "{{#passages}}{{number}}={{text}};{{/passages}}{{question}}"},
                         {"output_order_key", "order"}};

}  // namespace

TEST_CASE("the reply becomes the reasoning, and the prompt holds question, scenario and passages") {
  ReasonBench bench({text_reply(std::string("  ") + kReasoning + "\n")});
  REQUIRE(bench.opened.ok());
  auto outcome = bench.run(kRecord);
  REQUIRE(outcome.status.ok());
  Json expected = kRecord;
  expected["reasoning"] = kReasoning;
  CHECK(outcome.records.at(0).fields() == expected);
  CHECK(bench.model.requests().at(0).schema.is_null());
  const std::string prompt = bench.user_text(0);
  for (const char* part :
       {": positive\n", ": negative one\n", ": negative two\n", ": negative three\n",
        "Scenario: Somewhere.\nQuestion: Why?\nReasoning:"}) {
    CHECK(contains(prompt, part));
  }
}

TEST_CASE("the order of the passages follows from seed and record, and is noted on request") {
  std::map<std::uint64_t, std::string> prompts;
  std::set<std::string> distinct;
  ReasonBench bench({text_reply(kReasoning)}, kOrderOnly, 5);
  for (std::uint64_t ordinal = 0; ordinal < 24; ++ordinal) {
    auto outcome = bench.run(kRecord, ordinal);
    REQUIRE(outcome.status.ok());
    prompts[ordinal] = bench.user_text(ordinal);
    distinct.insert(prompts[ordinal]);
    const std::vector<std::string> texts = {"positive", "negative one", "negative two",
                                            "negative three"};
    std::string told;
    const Json& order = outcome.records.at(0).fields()["order"];
    for (std::size_t i = 0; i < order.size(); ++i) {
      told += std::to_string(i + 1) + "=" + texts.at(order[i].get<std::size_t>()) + ";";
    }
    CHECK(prompts[ordinal] == told + "Why?");
  }
  CHECK(distinct.size() > 8);

  ReasonBench again({text_reply(kReasoning)}, kOrderOnly, 5);
  ReasonBench other({text_reply(kReasoning)}, kOrderOnly, 6);
  std::size_t changed = 0;
  for (std::uint64_t ordinal = 0; ordinal < 24; ++ordinal) {
    REQUIRE(again.run(kRecord, ordinal).status.ok());
    REQUIRE(other.run(kRecord, ordinal).status.ok());
    CHECK(again.user_text(ordinal) == prompts[ordinal]);
    changed += other.user_text(ordinal) == prompts[ordinal] ? 0 : 1;
  }
  CHECK(changed > 12);
}

TEST_CASE("every attempt for a record shows the passages in the same order") {
  ReasonBench bench({faulty_reply("", "it is empty"), text_reply(kReasoning)}, kOrderOnly);
  REQUIRE(bench.run(kRecord, 9).status.ok());
  CHECK(bench.user_text(1) ==
        "Note: an earlier reply was refused, because it is empty. Do better "
        "this time.\n\n" +
            bench.user_text(0));
}

TEST_CASE("reasoning that the endpoint gives apart is kept before the answer") {
  ReasonBench bench({text_reply("No room.", " First heat, then growth, then bending. ")},
                    {{"output_thinking_key", "thinking"}, {"output_answer_key", "answer"}});
  auto outcome = bench.run(kRecord);
  REQUIRE(outcome.status.ok());
  const Json& fields = outcome.records.at(0).fields();
  CHECK(fields["reasoning"] ==
        "<think>First heat, then growth, then bending.</think>\n<answer>No room.</answer>");
  CHECK(fields["thinking"] == "First heat, then growth, then bending.");
  CHECK(fields["answer"] == "No room.");
}

TEST_CASE("a reply that holds no whole reasoning is asked again") {
  ChatReply cut = text_reply("Step 1: this goes on and on and");
  cut.finish_reason = "length";
  cut.completion_tokens = 320;
  const auto [reply, problem] = GENERATE_COPY(table<ChatReply, std::string>({
      {cut, "it was cut off at 320 tokens"},
      {faulty_reply("<think>never", "<think> is never closed"), "<think> is never closed"},
      {text_reply(" \n"), "it is empty"},
      {text_reply("", "Much thinking and no answer after it."), "nothing follows its thinking"},
      {text_reply("Because of heat."), "the reasoning has 3 words and needs 5"},
      {text_reply("Decide which passages matter and why the others do not."),
       "the reasoning is copied from the prompt and must use its own words"},
  }));
  ReasonBench bench({reply, text_reply(kReasoning)});
  REQUIRE(bench.run(kRecord).status.ok());
  CHECK(contains(bench.user_text(1), "refused, because " + problem + ". "));

  ReasonBench hopeless({reply}, {{"max_attempts", 3}});
  auto outcome = hopeless.run(kRecord);
  CHECK(outcome.status.message() ==
        "node: no usable reply in 3 attempts; the last one: " + problem);
  CHECK(outcome.status.raw() == reply.raw);
  CHECK(outcome.status.attempts() == 3);
  CHECK(hopeless.model.requests().size() == 3);
}

TEST_CASE("what is required of a reply is asked for again until it is there") {
  const Json only_order = {{"output_order_key", "order"}};
  ReasonBench look({text_reply(kReasoning)}, only_order);
  const Json order = look.run(kRecord, 3).records.at(0).fields()["order"];
  std::size_t positive = 1;
  while (order.at(positive - 1) != 0) ++positive;
  const std::string right = "passage " + std::to_string(positive);
  const std::string wrong = "passage " + std::to_string(positive % 4 + 1);
  const auto [check, text, problem] = GENERATE_COPY(table<std::string, std::string, std::string>({
      {"answer", "Steel grows longer, as " + right + " says.",
       "it does not end with an answer that says \"Answer:\" before it"},
      {"answer", "Steel grows longer, as " + right + " says.\nAnswer: ",
       "it does not end with an answer that says \"Answer:\" before it"},
      {"cites_positive", "Steel grows longer in the heat.\nAnswer: heat",
       "it names no passage by its number"},
      {"cites_positive", "Steel grows longer, as " + wrong + " says.\nAnswer: heat",
       "it rests on passages that do not settle the question"},
  }));
  const std::string good = "Of all, " + right + " tells of steel and heat.\nAnswer: the heat.";
  ReasonBench bench({text_reply(text), text_reply(good)}, {{"require", {check}}});
  auto outcome = bench.run(kRecord, 3);
  REQUIRE(outcome.status.ok());
  CHECK(outcome.records.at(0).fields()["reasoning"] == good);
  CHECK(contains(bench.user_text(1), "refused, because " + problem + ". "));

  ReasonBench lenient({text_reply(text)});
  CHECK(lenient.run(kRecord, 3).status.ok());
}

TEST_CASE("reasoning apart needs no mark before its answer, and may cite") {
  ReasonBench bench({text_reply("Heat.", "Passages 1, 2, 3 and 4 were all of some use.")},
                    {{"require", {"answer", "cites_positive"}}, {"max_attempts", 1}});
  CHECK(bench.run(kRecord).status.ok());
}

TEST_CASE("a requirement that does not exist is refused before the first record") {
  ReasonBench bench({text_reply(kReasoning)}, {{"require", {"anser"}}});
  CHECK(bench.opened.message() ==
        "node: require has \"anser\"; it takes answer and cites_positive");
}

TEST_CASE("an empty list of negatives leaves the document alone") {
  Json fields = kRecord;
  fields["hard_negatives"] = Json::array();
  ReasonBench bench({text_reply(kReasoning)}, kOrderOnly);
  REQUIRE(bench.run(fields).status.ok());
  CHECK(bench.user_text(0) == "1=positive;Why?");
}

TEST_CASE("a record that lacks something costs itself alone and asks nothing") {
  const auto [patch, message] = GENERATE(table<Json, std::string>({
      {Json({{"hard_negatives", nullptr}}),
       "node: the record has no field \"hard_negatives\"; give it an empty list to reason from the "
       "document alone"},
      {Json({{"hard_negatives", "one"}}),
       "node: field \"hard_negatives\" must be a list of texts, not string"},
      {Json({{"hard_negatives", {"one", 2}}}),
       "node: field \"hard_negatives\" must be a list of texts; item 1 is number"},
      {Json({{"question", " "}}), "node: field \"question\" is empty"},
      {Json({{"scenario", nullptr}}), "node: the record has no field \"scenario\""},
      {Json({{"text", 1}}), "node: field \"text\" must be text, not number"},
  }));
  Json fields = kRecord;
  fields.merge_patch(patch);
  ReasonBench bench({text_reply(kReasoning)});
  auto outcome = bench.run(fields);
  CHECK(outcome.status.message() == message);
  CHECK(outcome.status.fault() == Fault::record);
  CHECK(bench.model.requests().empty());
}

TEST_CASE("long passages are cut for the prompt, each by itself") {
  Json fields = kRecord;
  std::string text;
  while (text.size() < 1024 * 1024) text += "A sentence of some words stands here. ";
  fields["hard_negatives"][1] = text;
  ReasonBench bench({text_reply(kReasoning)}, {{"max_text_chars", 1000}});
  auto outcome = bench.run(fields, 4);
  REQUIRE(outcome.status.ok());
  CHECK(bench.user_text(0).size() < 10000);
  CHECK(outcome.records.at(0).fields()["hard_negatives"] == fields["hard_negatives"]);
  REQUIRE(bench.context.lines().size() == 1);
  CHECK(contains(bench.context.lines()[0], "record 4: negative 2 has"));
}

TEST_CASE("an output field that is already there stops the run and names its parameter") {
  Json fields = kRecord;
  fields["answer"] = "old";
  ReasonBench bench({text_reply(kReasoning)}, {{"output_answer_key", "answer"}});
  auto outcome = bench.run(fields);
  CHECK(outcome.status.fault() == Fault::run);
  CHECK(contains(outcome.status.message(),
                 "already has the field \"answer\"; name another one in "
                 "output_answer_key"));
}

TEST_CASE("a prompt without passages is refused before the first record") {
  ReasonBench bench({text_reply(kReasoning)}, {{"prompt", "{{question}}"}});
  CHECK(bench.opened.message() == "node: prompt must use {{passages}}; it uses {{question}}");
}
