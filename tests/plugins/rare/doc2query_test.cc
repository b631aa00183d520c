#include "doc2query.h"

#include <set>

#include "catch.h"
#include "scripted_model.h"

using rare::ChatReply;
using rare::Fault;
using rare::Json;
using rare::Status;
using rare::StatusCode;
using namespace rare::testing::scripted;
using Doc2QueryBench = Bench<rare::distill::Doc2Query>;

namespace {

const Json kGood = {
    {"question", "Why did the bridge creak in spring?"},
    {"scenario", " A crew mends a railway line in winter, and trouble comes later. "}};
const Json kDocument = {{"id", "a"}, {"text", "Steel grows when it is heated."}};

}  // namespace

TEST_CASE("a good reply gives question and scenario, and keeps the record's other fields") {
  Doc2QueryBench bench({json_reply(kGood)});
  REQUIRE(bench.opened.ok());
  auto outcome = bench.run(kDocument, 7);
  REQUIRE(outcome.status.ok());
  const Json expected = {
      {"id", "a"},
      {"text", "Steel grows when it is heated."},
      {"question", "Why did the bridge creak in spring?"},
      {"scenario", "A crew mends a railway line in winter, and trouble comes later."}};
  CHECK(outcome.records.at(0).fields() == expected);

  const auto request = bench.model.requests().at(0);
  CHECK(request.ordinal == 7);
  CHECK(request.attempt == 0);
  CHECK(request.schema["required"] == Json({"question", "scenario"}));
  CHECK(request.messages.at(0).role == "system");
  CHECK(
      contains(request.messages.at(1).content, "Document: Steel grows when it is heated.\nJSON:"));
}

TEST_CASE("the keys, the prompt, the system text and the generation come from the pipeline") {
  Doc2QueryBench bench({json_reply(kGood)}, {{"input_key", "body"},
                                             {"output_question_key", "q"},
                                             {"output_scenario_key", "s"},
                                             {"prompt", "{{title}}: {{text}}"},
                                             {"system", ""},
                                             {"generation", {{"temperature", 0.5}, {"seed", 40}}}});
  REQUIRE(bench.opened.ok());
  auto outcome = bench.run({{"title", "T"}, {"body", "B"}});
  REQUIRE(outcome.status.ok());
  CHECK(outcome.records.at(0).has("q"));
  CHECK(outcome.records.at(0).has("s"));
  const auto request = bench.model.requests().at(0);
  REQUIRE(request.messages.size() == 1);
  CHECK(request.messages[0].content == "T: B");
  CHECK(request.generation == Json({{"temperature", 0.5}, {"seed", 40}}));
}

TEST_CASE("a refused reply is asked again with the reason shown and another seed") {
  Doc2QueryBench bench(
      {faulty_reply("{\"question\": 1}", "\"question\" must be a string"),
       json_reply({{"question", "Too short"}, {"scenario", "x"}}), json_reply(kGood)},
      {{"generation", {{"seed", 40}}}});
  auto outcome = bench.run(kDocument);
  REQUIRE(outcome.status.ok());
  const auto requests = bench.model.requests();
  REQUIRE(requests.size() == 3);
  CHECK(contains(bench.user_text(1), "refused, because \"question\" must be a string"));
  CHECK(contains(bench.user_text(2), "refused, because the question has 2 words and needs 5"));
  CHECK(bench.user_text(2).ends_with(bench.user_text(0)));
  CHECK(requests[1].attempt == 1);
  CHECK(requests[2].attempt == 2);
  CHECK(requests[2].generation["seed"] == 42);
}

TEST_CASE("the last attempt is judged like the first, and its failure keeps the raw reply") {
  Doc2QueryBench bench({faulty_reply("first", "bad"), faulty_reply("last raw", "it holds no JSON")},
                       {{"max_attempts", 2}});
  auto outcome = bench.run(kDocument);
  CHECK(outcome.records.empty());
  REQUIRE_FALSE(outcome.status.ok());
  CHECK(outcome.status.fault() == Fault::record);
  CHECK(outcome.status.message() ==
        "node: no usable reply in 2 attempts; the last one: it holds no JSON");
  CHECK(outcome.status.raw() == "last raw");
  CHECK(outcome.status.attempts() == 2);
  CHECK(bench.model.requests().size() == 2);
}

TEST_CASE("a reply is refused for what it lacks") {
  const auto [reply, problem] = GENERATE(table<ChatReply, std::string>({
      {text_reply("plain words"), "it holds no JSON object"},
      {json_reply({{"question", "Why is it so in this case?"}}),
       "\"scenario\" must be a text and is missing"},
      {json_reply({{"question", 5}, {"scenario", "s"}}),
       "\"question\" must be a text and is number"},
      {json_reply({{"question", "  "}, {"scenario", "s"}}), "the question is empty"},
      {json_reply({{"question", "Steel grows when it is heated."}, {"scenario", "s"}}),
       "the question is copied from the prompt and must use its own words"},
      {json_reply({{"question",
                    "Why did the new rail bend in July while the old rails on both sides "
                    "of it stayed straight?"},
                   {"scenario", "s"}}),
       "the question is copied from the prompt and must use its own words"},
  }));
  Doc2QueryBench bench({reply}, {{"max_attempts", 1}});
  auto outcome = bench.run(kDocument);
  CHECK(outcome.status.message() == "node: no usable reply in 1 attempt; the last one: " + problem);
}

TEST_CASE("question and scenario must stand without the document, unless that is not asked for") {
  const std::string text =
      "Steel rails grow longer when they are heated. Early railways left a small gap between one "
      "rail and the next, so that on a hot day nothing was bent.";
  const std::string plain = "A crew mends a railway line in winter.";
  const auto [question, scenario, problem] = GENERATE_COPY(table<std::string, std::string,
                                                                 std::string>(
      {{"According to the passage, why do rails bend in July?", plain,
        "the question speaks of a text that its reader does not have (\"the passage\") and must "
        "stand "
        "alone"},
       {"根据上文，铁轨为什么在七月弯曲？", plain,
        "the question speaks of a text that its reader does not have (\"上文\") and must stand "
        "alone"},
       {"Why did the rails bend in July?", "The text describes a crew that mends a line.",
        "the scenario speaks of a text that its reader does not have (\"the text\") and must stand "
        "alone"},
       {"Who in this crew of four knows that early railways left a small gap between one rail and "
        "the next, and who told him so last year at home?",
        plain,
        "the question repeats up to 12 words in a row from the document and must use its own"}}));
  const ChatReply leaning = json_reply({{"question", question}, {"scenario", scenario}});
  const Json prompt_alone = {{"prompt", "{{text}}"}};
  Doc2QueryBench bench({leaning, json_reply(kGood)}, prompt_alone);
  auto outcome = bench.run({{"text", text}});
  REQUIRE(outcome.status.ok());
  CHECK(outcome.records.at(0).fields()["question"] == kGood["question"]);
  CHECK(contains(bench.user_text(1), "refused, because " + problem + ". "));

  Doc2QueryBench lenient({leaning}, {{"prompt", "{{text}}"}, {"self_contained", false}});
  CHECK(lenient.run({{"text", text}}).records.at(0).fields()["question"] == question);
}

TEST_CASE("a question may speak of an article that its scenario introduces") {
  const Json answer = {{"question", "Why should the article not name the driver?"},
                       {"scenario", "A young reporter writes an article about an accident."}};
  Doc2QueryBench bench({json_reply(answer)}, {{"max_attempts", 1}});
  CHECK(bench.run(kDocument).status.ok());
}

TEST_CASE("what the model's service reports is passed on, without another attempt") {
  Doc2QueryBench bench({rare::Result<ChatReply>(
      Status::run_fault(StatusCode::permission_denied, "the endpoint rejected the key"))});
  auto outcome = bench.run(kDocument);
  CHECK(outcome.status.fault() == Fault::run);
  CHECK(outcome.status.message() == "the endpoint rejected the key");
  CHECK(bench.model.requests().size() == 1);
}

TEST_CASE("a record without a usable text costs itself alone and asks nothing") {
  const auto [fields, message] = GENERATE(table<Json, std::string>({
      {Json({{"id", 1}}), "node: the record has no field \"text\""},
      {Json({{"text", {1, 2}}}), "node: field \"text\" must be text, not array"},
      {Json({{"text", nullptr}}), "node: field \"text\" must be text, not null"},
      {Json({{"text", " \n"}}), "node: field \"text\" is empty"},
  }));
  Doc2QueryBench bench({json_reply(kGood)});
  auto outcome = bench.run(fields);
  CHECK(outcome.status.message() == message);
  CHECK(outcome.status.code() == StatusCode::invalid_data);
  CHECK(outcome.status.fault() == Fault::record);
  CHECK(bench.model.requests().empty());
}

TEST_CASE("an output field that is already there stops the run, unless it may be replaced") {
  Json fields = kDocument;
  fields["question"] = "old";
  Doc2QueryBench bench({json_reply(kGood)});
  auto outcome = bench.run(fields, 3);
  CHECK(outcome.status.fault() == Fault::run);
  CHECK(outcome.status.code() == StatusCode::invalid_argument);
  CHECK(outcome.status.message() ==
        "node: record 3 already has the field \"question\"; name another one in "
        "output_question_key, or set overwrite: true to replace it");
  CHECK(bench.model.requests().empty());

  Doc2QueryBench replacing({json_reply(kGood)}, {{"overwrite", true}});
  auto replaced = replacing.run(fields);
  REQUIRE(replaced.status.ok());
  CHECK(replaced.records.at(0).fields()["question"] == kGood["question"]);
}

TEST_CASE("a text of a megabyte is cut at a sentence for the prompt, and the log says so") {
  std::string text;
  while (text.size() < 1024 * 1024) text += "A sentence of some words stands here. ";
  Doc2QueryBench bench({json_reply(kGood)}, {{"prompt", "{{text}}"}, {"output_cut_key", "kept"}});
  auto outcome = bench.run({{"text", text}}, 12);
  REQUIRE(outcome.status.ok());
  const std::string sent = bench.user_text(0);
  CHECK(sent.size() <= 32000);
  CHECK(sent.ends_with("here."));
  const Json& fields = outcome.records.at(0).fields();
  CHECK(fields["text"] == text);
  CHECK(fields["kept"] == sent.size());
  REQUIRE(bench.context.lines().size() == 1);
  CHECK(contains(bench.context.lines()[0], "record 12: field \"text\" has"));
  CHECK(contains(bench.context.lines()[0], "(max_text_chars 32000)"));

  Doc2QueryBench silent({json_reply(kGood)});
  auto plain = silent.run({{"text", text}});
  REQUIRE(plain.status.ok());
  CHECK(plain.records.at(0).fields().size() == 3);
}

TEST_CASE("a prompt that cannot work is refused before the first record") {
  const auto [prompt, message] = GENERATE(table<std::string, std::string>({
      {"prompts/mine.txt",
       "node: prompt must use {{text}}; it uses no field (if it names a file, that file does not "
       "exist)"},
      {"{{txet}}", "node: prompt must use {{text}}; it uses {{txet}}"},
      {"{{text", "node: prompt, line 1, column 1: {{ is never closed by }}"},
  }));
  Doc2QueryBench bench({json_reply(kGood)}, {{"prompt", prompt}});
  CHECK(bench.opened.fault() == Fault::run);
  CHECK(bench.opened.message() == message);
}

TEST_CASE("an unknown key of generation is refused before the first record") {
  Doc2QueryBench bench({json_reply(kGood)}, {{"generation", {{"temprature", 1}}}});
  CHECK(bench.opened.fault() == Fault::run);
  CHECK(contains(bench.opened.message(), "node: generation has no key \"temprature\"; it takes"));
  Doc2QueryBench list({json_reply(kGood)}, {{"generation", Json::array()}});
  CHECK(contains(list.opened.message(), "must be a map such as {temperature: 0.8}, not array"));
}

TEST_CASE("a run that keeps provenance learns reply, model and prompt") {
  ChatReply reply = json_reply(kGood);
  reply.key = "key-1";
  reply.model = "some-model";
  Doc2QueryBench bench({faulty_reply("{", "cut off"), reply},
                       {{"prompt", "{{text}}"}, {"system", "Be brief."}});
  bench.context.provenance = true;
  const auto outcome = bench.run(kDocument);
  REQUIRE(outcome.status.ok());
  // printf 'Be brief.\n{{text}}' | sha256sum
  CHECK(outcome.records.at(0).fields()["_rare"] ==
        Json{{"replies", {"key-1"}},
             {"models", {{"node", "some-model"}}},
             {"prompts",
              {{"node", "9a1f0d1458dde13f171034a2b8a8464d65e34096da690b2c28c3f100b882e260"}}}});
}

namespace {

ChatReply asking(const std::string& question) {
  return json_reply({{"question", question},
                     {"scenario", "A crew mends a railway line in winter, and trouble comes."}});
}

const Json kRequirementsAlone = {{"prompt", "{{#requirements}}{{.}} | {{/requirements}}{{text}}"},
                                 {"max_attempts", 2}};

Json with(const Json& more) {
  Json values = kRequirementsAlone;
  values.update(more);
  return values;
}

}  // namespace

TEST_CASE("a document's questions are asked for with an instruction each, and become records") {
  Doc2QueryBench bench({asking("Why did the bridge creak in spring?"),
                        asking("What should the crew have measured before the night?"),
                        asking("How can they tell heat from age as a cause?")},
                       with({{"questions_per_document", 3}, {"difficulty", "hard"}}));
  REQUIRE(bench.opened.ok());
  auto outcome = bench.run(kDocument);
  REQUIRE(outcome.status.ok());
  REQUIRE(outcome.records.size() == 3);
  CHECK(outcome.records[1].fields()["question"] ==
        "What should the crew have measured before the night?");
  for (const rare::Record& record : outcome.records) CHECK(record.fields()["id"] == "a");
  std::set<std::string> prompts;
  for (std::size_t i = 0; i < 3; ++i) {
    prompts.insert(bench.user_text(i));
    CHECK(bench.user_text(i).starts_with("This time the question asks "));
    CHECK(contains(bench.user_text(i), " | Difficulty: hard."));
    CHECK(bench.model.requests()[i].sample == static_cast<int>(i));
  }
  CHECK(prompts.size() == 3);
}

TEST_CASE("a question that is nearly another of its document is left out, and the log says so") {
  Doc2QueryBench bench({asking("Why did the bridge creak in spring?"),
                        asking("Why did the old bridge creak in spring?"),
                        asking("Who has to pay for a rail that was laid cold?")},
                       with({{"questions_per_document", 3}}));
  auto outcome = bench.run(kDocument, 8);
  REQUIRE(outcome.status.ok());
  REQUIRE(outcome.records.size() == 2);
  CHECK(outcome.records[1].fields()["question"] == "Who has to pay for a rail that was laid cold?");
  REQUIRE(bench.context.lines().size() == 1);
  CHECK(contains(bench.context.lines()[0],
                 "record 8: 2 of 3 questions: 0 could not be had, 1 were nearly others"));

  Doc2QueryBench chinese(
      {asking("铁轨为什么在春天发出响声？"), asking("铁轨为什么在春天会发出响声？"),
       asking("工人在夜里应当先量什么，才不会出错？")},
      with({{"questions_per_document", 3}, {"min_words", 1}}));
  CHECK(chinese.run(kDocument).records.size() == 2);
}

TEST_CASE(
    "a question that cannot be had costs the others nothing; without any the record is dead") {
  Doc2QueryBench bench({faulty_reply("{", "cut off"), asking("Why did the bridge creak in spring?"),
                        faulty_reply("{", "cut off")},
                       with({{"questions_per_document", 2}}));
  auto outcome = bench.run(kDocument);
  REQUIRE(outcome.status.ok());
  CHECK(outcome.records.size() == 1);
  CHECK(bench.model.requests().size() == 3);
  CHECK(contains(bench.context.lines().at(0), "1 of 2 questions: 1 could not be had, 0 were"));

  Doc2QueryBench hopeless({faulty_reply("raw", "cut off")}, with({{"questions_per_document", 2}}));
  auto failed = hopeless.run(kDocument);
  CHECK(failed.records.empty());
  CHECK(contains(failed.status.message(), "no usable reply in 2 attempts for answer"));
  CHECK(failed.status.raw() == "raw");
}

TEST_CASE("instructions of the pipeline take the place of the built-in ones, in turn") {
  Doc2QueryBench bench(
      {asking("Why did the bridge creak in spring?"),
       asking("Who has to pay for a rail that was laid cold?"),
       asking("How can they tell heat from age as a cause?")},
      with({{"questions_per_document", 3}, {"instructions", "Ask A.\n\n Ask B. \n"}}));
  REQUIRE(bench.run(kDocument).records.size() == 3);
  const std::string text = kDocument["text"];
  CHECK(bench.user_text(0) == "Ask A. | " + text);
  CHECK(bench.user_text(1) == "Ask B. | " + text);
  CHECK(bench.user_text(2) == "Ask A. | " + text);
}

TEST_CASE("difficulty, domain and language are asked for, and nothing where nothing is demanded") {
  Doc2QueryBench plain({json_reply(kGood)}, kRequirementsAlone);
  REQUIRE(plain.run(kDocument).status.ok());
  CHECK(plain.user_text(0) == kDocument["text"]);

  Doc2QueryBench bench(
      {json_reply(kGood)},
      with({{"difficulty", "easy"}, {"domain", "railways"}, {"language", "German"}}));
  REQUIRE(bench.run(kDocument).status.ok());
  for (const char* part :
       {"Difficulty: easy. One fact", "Domain: railways. ", "Language: German. "}) {
    CHECK(contains(bench.user_text(0), part));
  }
  Doc2QueryBench built_in({json_reply(kGood)}, {{"domain", "railways"}});
  REQUIRE(built_in.run(kDocument).status.ok());
  CHECK(contains(built_in.user_text(0),
                 "\nDomain: railways. The situation comes from there.\n"
                 "Document: Steel grows"));
}

TEST_CASE("demands that the prompt has no place for are refused before the first record") {
  const auto demand =
      GENERATE(Json({{"questions_per_document", 2}}), Json({{"difficulty", "easy"}}),
               Json({{"language", "German"}}), Json({{"instructions", "Ask A."}}));
  Json values = demand;
  values["prompt"] = "{{text}}";
  Doc2QueryBench bench({json_reply(kGood)}, values);
  CHECK(bench.opened.message() ==
        "node: prompt must use {{#requirements}}{{.}}{{/requirements}}, or questions_per_document, "
        "instructions, difficulty, domain and language change nothing");
}

TEST_CASE("the prompt may use any field of the record, also a number or a list") {
  Doc2QueryBench bench({json_reply(kGood)},
                       {{"prompt", "{{title}} ({{year}}){{#tags}} #{{.}}{{/tags}}: {{text}}"}});
  REQUIRE(bench.run({{"title", "Rails"}, {"year", 1901}, {"tags", {"a", "b"}}, {"text", "Steel."}})
              .status.ok());
  CHECK(bench.user_text(0) == "Rails (1901) #a #b: Steel.");
  auto without = bench.run({{"year", 1901}, {"text", "Steel."}});
  CHECK(without.status.fault() == Fault::record);
  CHECK(contains(without.status.message(), "{{title}}"));
}

TEST_CASE("a document of more than max_input_tokens is cut at a sentence, and the log says so") {
  const auto [text, shown, count, tokens] = GENERATE(table<std::string, std::string, int, int>({
      {"One sentence of text. Another sentence of text. A third sentence of text.",
       "One sentence of text. Another sentence of text.", 19, 12},
      {"水在低温下会结冰。冰比水轻。所以湖从上面开始冻结。", "水在低温下会结冰。冰比水轻。", 25,
       14},
  }));
  Doc2QueryBench bench(
      {json_reply(kGood)},
      {{"prompt", "{{text}}"}, {"max_input_tokens", 15}, {"output_cut_key", "kept"}});
  auto outcome = bench.run({{"text", text}}, 12);
  REQUIRE(outcome.status.ok());
  CHECK(bench.user_text(0) == shown);
  CHECK(outcome.records.at(0).fields()["text"] == text);
  CHECK(outcome.records.at(0).fields().contains("kept"));
  REQUIRE(bench.context.lines().size() == 1);
  CHECK(
      contains(bench.context.lines()[0],
               "record 12: field \"text\" has " + std::to_string(count) +
                   " tokens (estimated: four bytes, or one Chinese, Japanese or Korean character, "
                   "a token); the prompt holds the first " +
                   std::to_string(tokens) + " (max_input_tokens 15)"));
}
