#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "export_fixture.h"
#include "sft_sink.h"

using rare::Json;
using rare::exports::SftSink;
using namespace rare::exports::test;

namespace {

constexpr const char* kPromptText =
    "Passage 1: Second 7\nPassage 2: Document 7\nPassage 3: First 7\n"
    "Scenario: Scenario 7\nQuestion: Question 7";
constexpr const char* kReasoning = "Step 1: passage 2 matters.\nAnswer: 7";

std::vector<Json> exported(Json parameters, Json fields = finished(7)) {
  parameters["path"] = "out/train";
  const auto sink = rare::testing::make<SftSink>(parameters);
  return rows_of(sink->encode(record_of(std::move(fields), 7)));
}

std::string refusal(const Json& parameters, Json fields) {
  const std::vector<Json> rows = exported(parameters, std::move(fields));
  return rows.size() == 1 && rows[0].is_string() ? rows[0].get<std::string>() : "written";
}

Json with(const std::string& field, Json value) {
  Json fields = finished(7);
  fields[field] = std::move(value);
  return fields;
}

Json without(const std::string& field) {
  Json fields = finished(7);
  fields.erase(field);
  return fields;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("messages show the passages as the teacher saw them, and end with its reasoning") {
  CHECK(exported({{"system", "Think."}}) ==
        std::vector<Json>{{{"messages",
                            {{{"role", "system"}, {"content", "Think."}},
                             {{"role", "user"}, {"content", kPromptText}},
                             {{"role", "assistant"}, {"content", kReasoning}}}},
                           {"document", "7"}}});
  CHECK(exported(Json::object())[0]["messages"].size() == 2);
}

TEST_CASE("sharegpt and alpaca have the columns that LLaMA-Factory reads") {
  CHECK(exported({{"format", "sharegpt"}, {"system", "Think."}}) ==
        std::vector<Json>{{{"conversations",
                            {{{"from", "human"}, {"value", kPromptText}},
                             {{"from", "gpt"}, {"value", kReasoning}}}},
                           {"system", "Think."},
                           {"document", "7"}}});
  CHECK(exported({{"format", "alpaca"}, {"prompt", "{{question}}?"}}) ==
        std::vector<Json>{{{"instruction", "Question 7?"},
                           {"input", ""},
                           {"output", kReasoning},
                           {"document", "7"}}});
}

TEST_CASE("dpo pairs the wanted completion with each other sample, kto marks each of them") {
  const Json samples = with("samples", {kReasoning, "It is 8.", "It is 9."});
  const Json short_prompt = {{"input_rejected_key", "samples"}, {"prompt", "{{question}}"}};
  const auto of = [&](const char* format, const char* objective) {
    Json parameters = short_prompt;
    parameters["format"] = format;
    parameters["objective"] = objective;
    return exported(parameters, samples);
  };
  const Json prompt = Json::array({{{"role", "user"}, {"content", "Question 7"}}});
  const auto message = [](const char* text) {
    return Json::array({{{"role", "assistant"}, {"content", text}}});
  };
  CHECK(of("messages", "dpo") == std::vector<Json>{{{"prompt", prompt},
                                                    {"chosen", message(kReasoning)},
                                                    {"rejected", message("It is 8.")},
                                                    {"document", "7"}},
                                                   {{"prompt", prompt},
                                                    {"chosen", message(kReasoning)},
                                                    {"rejected", message("It is 9.")},
                                                    {"document", "7"}}});
  const std::vector<Json> marked = of("messages", "kto");
  REQUIRE(marked.size() == 3);
  CHECK(marked[0]["completion"] == message(kReasoning));
  CHECK(marked[0]["label"] == true);
  CHECK(marked[2]["completion"] == message("It is 9."));
  CHECK(marked[2]["label"] == false);

  const std::vector<Json> ranked = of("sharegpt", "dpo");
  REQUIRE(ranked.size() == 2);
  CHECK(ranked[1]["conversations"] == Json::array({{{"from", "human"}, {"value", "Question 7"}}}));
  CHECK(ranked[1]["chosen"] == Json{{"from", "gpt"}, {"value", kReasoning}});
  CHECK(ranked[1]["rejected"] == Json{{"from", "gpt"}, {"value", "It is 9."}});
  CHECK(of("sharegpt", "kto")[1]["kto_tag"] == false);
  CHECK(of("alpaca", "dpo")[0]["rejected"] == "It is 8.");
  CHECK(of("alpaca", "kto")[1]["output"] == "It is 8.");
  CHECK(of("alpaca", "kto")[1]["kto_tag"] == false);

  Json dpo = short_prompt;
  dpo["objective"] = "dpo";
  CHECK(
      contains(refusal(dpo, with("samples", Json::array({kReasoning}))),
               "field \"samples\": expected a text other than the wanted one, with another answer, "
               "came none"));
  dpo["objective"] = "kto";
  CHECK(exported(dpo, with("samples", Json::array())).size() == 1);
  CHECK(contains(refusal(dpo, finished(7)), "field \"samples\": expected a list of texts"));
}

TEST_CASE("what comes to the wanted answer is not rejected, nor is a text twice") {
  const Json samples =
      with("samples", {std::string(kReasoning) + " \n", "Another way.\n**Answer:** 7.",
                       "<think>So.</think><answer>7</answer>", "No.\nAnswer: 8",
                       " No.\nAnswer: 8\n", "It is unclear."});
  Json parameters = {
      {"input_rejected_key", "samples"}, {"prompt", "{{question}}"}, {"format", "alpaca"}};
  const auto rejected = [&](const Json& fields) {
    std::vector<std::string> texts;
    parameters["objective"] = "dpo";
    for (const Json& row : exported(parameters, fields)) {
      texts.push_back(row.is_object() ? row["rejected"] : row);
    }
    parameters["objective"] = "kto";
    CHECK(exported(parameters, fields).size() == texts.size() + 1);
    return texts;
  };
  using Texts = std::vector<std::string>;
  CHECK(rejected(samples) == Texts{"No.\nAnswer: 8", "It is unclear."});
  // One that cannot be told apart is no reason to lose the others.
  parameters["thinking"] = "tags";
  CHECK(rejected(samples) == Texts{"<think>\nNo.\n</think>\n\n8"});
  parameters["thinking"] = "as_is";
  parameters["reject_same_answer"] = true;
  CHECK(rejected(samples) == Texts{"Another way.\n**Answer:** 7.",
                                   "<think>So.</think><answer>7</answer>", "No.\nAnswer: 8",
                                   "It is unclear."});
  parameters["reject_same_answer"] = false;
  parameters["objective"] = "dpo";
  CHECK(contains(refusal(parameters, with("samples", Json::array({"Again.\nAnswer: 7"}))),
                 "expected a text other than the wanted one, with another answer, came none; 1 "
                 "rejected completions with the answer of the good one"));
}

TEST_CASE("reasoning and answer stand in the form that is asked for") {
  const auto assistant = [](const Json& parameters, Json fields = finished(7)) {
    const std::vector<Json> rows = exported(parameters, std::move(fields));
    return rows[0].is_object() ? rows[0]["messages"].back() : rows[0];
  };
  CHECK(assistant({{"thinking", "tags"}})["content"] ==
        "<think>\nStep 1: passage 2 matters.\n</think>\n\n7");
  CHECK(assistant({{"thinking", "left_out"}})["content"] == "7");
  CHECK(assistant({{"thinking", "field"}, {"thinking_key", "thinking"}}) ==
        Json{{"role", "assistant"}, {"content", "7"}, {"thinking", "Step 1: passage 2 matters."}});
  CHECK(assistant({{"thinking", "tags"}, {"input_answer_key", "question"}})["content"] ==
        "<think>\n" + std::string(kReasoning) + "\n</think>\n\nQuestion 7");
  CHECK(assistant({{"thinking", "tags"}}, with("reasoning", "Hm.</think>\n7"))["content"] ==
        "<think>\nHm.\n</think>\n\n7");
  // As ReasonDistill writes both into one field.
  CHECK(contains(assistant({{"thinking", "field"}, {"input_answer_key", "question"}},
                           with("reasoning", "<think>Hm.</think>\n<answer>7</answer>"))
                     .get<std::string>(),
                 "field \"reasoning\": expected reasoning without the answer"));
  CHECK(contains(assistant({{"thinking", "tags"}}, with("reasoning", "Seven.")).get<std::string>(),
                 "field \"reasoning\": expected reasoning and an answer that can be told apart"));
}

TEST_CASE("a record that lacks what the form needs is refused with the field's name") {
  const Json none = Json::object();
  CHECK(refusal(none, without("reasoning")) ==
        "field \"reasoning\": expected a text, came a record without it");
  CHECK(refusal(none, with("reasoning", 5)) == "field \"reasoning\": expected a text, came number");
  CHECK(refusal(none, with("reasoning", " \n")) ==
        "field \"reasoning\": expected a text, came an empty one");
  CHECK(contains(refusal(none, with("reasoning", "\xff")), "field \"reasoning\": expected UTF-8"));
  CHECK(contains(refusal(none, without("question")), "no field \"question\""));
  CHECK(contains(refusal(none, with("question", "")), "field \"question\": expected a text"));
  for (const Json& other : {Json(true), Json{"a"}, Json::array(), Json::object()}) {
    CHECK(refusal(none, with("question", other)) ==
          std::string("field \"question\": expected a text or a number, came ") +
              other.type_name());
  }
  CHECK(
      contains(refusal(none, with("text", Json())), "field \"text\": expected a text, came null"));
  CHECK(contains(refusal(none, without("hard_negatives")),
                 "field \"hard_negatives\": expected a list"));
  CHECK(contains(refusal(none, with("hard_negatives", {"a", 1})),
                 "field \"hard_negatives\": expected a text as item 2, came number"));
  for (const Json& order : {Json{0, 0}, Json{0, 3}, Json{-1, 0}, Json{"0"}, Json{0.5},
                            Json::array(), Json::array({1}), Json{2, 1}}) {
    INFO(order);
    CHECK(contains(refusal(none, with("passages_order", order)),
                   "field \"passages_order\": expected a list of different numbers from 0 to 2 "
                   "that has 0, the document, "));
  }
  CHECK(contains(refusal(none, without("passages_order")), "came a record without it"));
  CHECK(contains(refusal(none, with("hard_negatives", {"First 7", "Document 7 "})),
                 "field \"hard_negatives\": expected texts other than the document's, came the "
                 "document as item 2"));
  CHECK(contains(refusal({{"split_key", "id"}}, with("id", Json::array())),
                 "field \"id\": expected a text or a number, came array"));
}

TEST_CASE("without an order of its own a record's passages are shuffled, each time the same") {
  const Json parameters = {{"input_order_key", ""}};
  const std::vector<Json> first = exported(parameters, without("passages_order"));
  REQUIRE(first[0].is_object());
  CHECK(first == exported(parameters, without("passages_order")));
  const std::string prompt = first[0]["messages"][0]["content"];
  for (const char* passage : {"Document 7", "First 7", "Second 7"})
    CHECK(contains(prompt, passage));
}

TEST_CASE("a prompt without passages needs neither negatives nor their order") {
  Json fields = without("hard_negatives");
  fields.erase("passages_order");
  fields.erase("text");
  CHECK(exported({{"prompt", "{{question}}"}}, fields)[0]["messages"][0]["content"] ==
        "Question 7");
}

TEST_CASE("a prompt takes numbers, and lists that it loops over") {
  const Json parameters = {{"prompt", "{{year}}\n{{#hints}}\n- {{.}}\n{{/hints}}\n{{question}}"}};
  Json fields = with("hints", {"a", "b"});
  fields["year"] = 1999;
  CHECK(exported(parameters, fields)[0]["messages"][0]["content"] == "1999\n- a\n- b\nQuestion 7");
}

TEST_CASE("parameters that cannot be are refused before the first record") {
  rare::testing::TestContext context;
  const auto fault = [&context](Json parameters) {
    parameters["path"] = "out/train";
    const rare::Status status =
        rare::testing::make<SftSink>(parameters)->open(context, std::nullopt);
    CHECK(status.fault() == rare::Fault::run);
    CHECK(status.code() == rare::StatusCode::invalid_argument);
    return status.message();
  };
  CHECK(contains(fault({{"objective", "dpo"}}), "needs `input_rejected_key`"));
  CHECK(contains(fault({{"thinking", "field"}, {"format", "alpaca"}}), "`format: messages` alone"));
  CHECK(contains(fault({{"thinking", "field"}, {"thinking_key", "role"}}), "`thinking_key`"));
  CHECK(contains(fault({{"input_answer_key", "answer"}}), "`input_answer_key` does nothing"));
  CHECK(contains(fault({{"prompt", "{{question"}}), "out/train: `prompt`, line 1, column 1"));
  CHECK(contains(fault({{"card", {{"configs", 1}}}}), "the key `configs`"));
  CHECK(contains(fault({{"card", Json::array()}}), "came array"));
}
