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
  expected["passages_order"] = outcome.records.at(0).fields()["passages_order"];
  CHECK(expected["passages_order"].size() == 4);
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
      {Json({{"hard_negatives", {"one", " \n"}}}),
       "node: field \"hard_negatives\" must be a list of texts; item 1 is empty"},
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

TEST_CASE("a reply that declines is asked again, unless that is switched off") {
  ChatReply withheld = text_reply("");
  withheld.finish_reason = "content_filter";
  const auto [reply, problem] = GENERATE_COPY(table<ChatReply, std::string>({
      {text_reply("I'm sorry, but I can't help with that request."),
       "it declines to answer (\"sorry . but i can t\")"},
      {text_reply("Step 1: rails are long and hot.\nAnswer: I cannot answer this question."),
       "it declines to answer (\"i cannot answer\")"},
      {text_reply("抱歉，我无法回答这个问题，请换一个问题。"),
       "it declines to answer (\"抱歉.我无法\")"},
      {text_reply("As an AI language model, I have no opinion about rails.", "Let me think of it."),
       "it declines to answer (\"as an ai\")"},
      {withheld, "the endpoint has withheld it (finish_reason content_filter)"},
  }));
  ReasonBench bench({reply, text_reply(kReasoning)});
  auto outcome = bench.run(kRecord);
  REQUIRE(outcome.status.ok());
  CHECK(outcome.records.at(0).fields()["reasoning"] == kReasoning);
  CHECK(contains(bench.user_text(1), "refused, because " + problem + ". "));

  ReasonBench lenient({reply, text_reply(kReasoning)}, {{"refuse_declined", false}});
  REQUIRE(lenient.run(kRecord).status.ok());
  CHECK(lenient.model.requests().size() == (reply.text.empty() ? 2 : 1));
}

TEST_CASE("of several samples the one that most agree with is kept") {
  const std::string first = "Step 1: steel shrinks in heat.\nAnswer: the steel was smaller";
  const std::string second = "Step 1: steel grows in the heat.\nAnswer: It had no room left.";
  const std::string third = "Step 1: heat lengthens any rail there is.\nAnswer: no room was left";
  ReasonBench bench({text_reply(first), text_reply(second), text_reply(third)},
                    {{"n_samples", 3}, {"output_samples_key", "samples"}});
  auto outcome = bench.run(kRecord);
  REQUIRE(outcome.status.ok());
  REQUIRE(outcome.records.size() == 1);
  const Json& fields = outcome.records[0].fields();
  CHECK(fields["reasoning"] ==
        third);  // of the two that agree, the one that the first is nearer to
  CHECK(fields["samples"] == Json({first, second, third}));
  const auto requests = bench.model.requests();
  REQUIRE(requests.size() == 3);
  for (int sample = 0; sample < 3; ++sample) {
    CHECK(requests[static_cast<std::size_t>(sample)].sample == sample);
    CHECK(bench.user_text(static_cast<std::size_t>(sample)) == bench.user_text(0));
  }

  ReasonBench longest({text_reply(first), text_reply(second), text_reply(third)},
                      {{"n_samples", 3}, {"best_by", "longest"}});
  CHECK(longest.run(kRecord).records.at(0).fields()["reasoning"] == second);
  ReasonBench shortest({text_reply(first), text_reply(second), text_reply(third)},
                       {{"n_samples", 3}, {"best_by", "shortest"}});
  CHECK(shortest.run(kRecord).records.at(0).fields()["reasoning"] == first);
}

TEST_CASE("samples that are refused are asked again only when all of them are") {
  const Json two = {{"n_samples", 2}, {"max_attempts", 2}, {"output_samples_key", "samples"}};
  ReasonBench enough({text_reply("Too short."), text_reply(kReasoning)}, two);
  auto outcome = enough.run(kRecord);
  REQUIRE(outcome.status.ok());
  CHECK(outcome.records.at(0).fields()["samples"] == Json({kReasoning}));
  CHECK(enough.model.requests().size() == 2);

  ReasonBench again({text_reply("Too short."), text_reply(""), text_reply(kReasoning)}, two);
  REQUIRE(again.run(kRecord).status.ok());
  REQUIRE(again.model.requests().size() == 4);
  CHECK(contains(again.user_text(2), "the reasoning has 2 words"));
  CHECK(contains(again.user_text(3), "it is empty"));
  CHECK(again.model.requests()[3].attempt == 1);
  CHECK(again.model.requests()[3].sample == 1);

  ReasonBench hopeless({text_reply("Too short.")}, two);
  auto failed = hopeless.run(kRecord);
  CHECK(failed.status.message() ==
        "node: no usable reply in 2 attempts for answer 2 of 2; the last one: the reasoning has 2 "
        "words and needs 5");
  CHECK(failed.status.raw() == "Too short.");
  CHECK(hopeless.model.requests().size() == 4);
}

TEST_CASE(
    "beyond the tokens that are allowed the weakest negatives are left out, never the document") {
  Json fields = kRecord;
  const std::string hundred(400, 'x');  // a hundred tokens of four bytes
  fields["text"] = "positive " + hundred;
  fields["hard_negatives"] = {"first " + hundred, "second " + hundred, "third"};
  Json values = kOrderOnly;
  const auto [limit, order_size, shown] = GENERATE(table<int, std::size_t, std::string>({
      {0, 4, "third"},
      {1000, 4, "third"},
      {308, 3, "second"},  // `third` would make it 309
      {300, 2, "first"},
      {110, 1, "positive"},
  }));
  values["max_input_tokens"] = limit;
  ReasonBench bench({text_reply(kReasoning)}, values);
  auto outcome = bench.run(fields, 4);
  REQUIRE(outcome.status.ok());
  const Json& made = outcome.records.at(0).fields();
  CHECK(made["order"].size() == order_size);
  CHECK(made["hard_negatives"] == fields["hard_negatives"]);
  for (const std::string& each : std::vector<std::string>{"positive", "first", "second", "third"}) {
    CHECK(contains(bench.user_text(0), each));
    if (each == shown) break;
  }
  const std::size_t dropped = 4 - order_size;
  REQUIRE(bench.context.lines().size() == (dropped == 0 ? 0 : 1));
  if (dropped == 0) return;
  CHECK(contains(bench.context.lines()[0],
                 "record 4: the weakest " + std::to_string(dropped) +
                     " of 3 negatives are left out of the prompt (max_input_tokens " +
                     std::to_string(limit) + ", estimated: four bytes, or one Chinese"));
  CHECK(bench.user_text(0).find("third") == std::string::npos);
}

TEST_CASE("a document that is too long by itself is cut at a sentence, and the log says so") {
  Json fields = kRecord;
  fields["text"] = "One sentence of text. Another sentence of text. A third sentence of text.";
  ReasonBench bench({text_reply(kReasoning)},
                    {{"prompt", "{{#passages}}{{text}}{{/passages}}|{{question}}"},
                     {"max_input_tokens", 13},
                     {"output_cut_key", "kept"}});
  auto outcome = bench.run(fields, 4);
  REQUIRE(outcome.status.ok());
  CHECK(bench.user_text(0) == "One sentence of text. Another sentence of text.|Why?");
  CHECK(outcome.records.at(0).fields()["kept"] == 47);
  CHECK(contains(bench.context.lines().at(1),
                 "record 4: field \"text\" has 19 tokens (estimated: four bytes, or one Chinese, "
                 "Japanese or Korean character, a token); the prompt holds the first 12 "
                 "(max_input_tokens 13)"));
}

TEST_CASE("the document's number is known where negatives were left out") {
  Json fields = kRecord;
  for (Json& negative : fields["hard_negatives"]) negative = std::string(4000, 'x');
  ReasonBench bench(
      {text_reply("Of all, passage 1 tells of heat.\nAnswer: the heat.")},
      {{"require", {"cites_positive"}}, {"max_input_tokens", 100}, {"max_attempts", 1}});
  CHECK(bench.run(fields, 3).status.ok());
}
