// Whatever a model sends: the answer it means, or words that it can act upon; never another answer.
#include "plugins/llm/structured_answer.h"

#include <algorithm>

#include "catch.h"
#include "plugins/llm/answer_schema.h"
#include "plugins/llm/answer_validator.h"
#include "plugins/llm/completion_body.h"
#include "rare/random.h"
#include "sanitized.h"
#include "ugly_replies.h"

using namespace rare;
using namespace rare::llm;
using Catch::Matchers::Contains;
using testing::ugly_replies;
using testing::UglyReply;

namespace {

// As the client reads a reply.
StructuredAnswer answer_to(AnswerChecker& checker, const std::string& content, const Json& schema) {
  const SplitText split = split_reasoning(content);
  if (split.unclosed) return {std::nullopt, "the reasoning was never closed with </think>"};
  const Result<StructuredAnswer> checked = checker.check(split.text, schema);
  REQUIRE(checked.ok());
  return *checked;
}

// A reply with some of its bytes changed, doubled, left out or taken from another one.
std::string mutated(const std::string& text, const std::string& other, Random& random) {
  static constexpr std::string_view kBytes = "{}[]\"'\\:,/*` \n\tntfbu01-.eTN<>\x80\xe2";
  std::string result = text;
  const auto place = [&] { return static_cast<std::size_t>(random.below(result.size() + 1)); };
  for (std::uint64_t i = 0, count = 1 + random.below(4); i < count; ++i) {
    const std::size_t at = place();
    switch (random.below(5)) {
      case 0:
        result.insert(at, 1, kBytes[random.below(kBytes.size())]);
        break;
      case 1:
        if (at < result.size()) result[at] = kBytes[random.below(kBytes.size())];
        break;
      case 2:
        result.erase(at, random.below(9));
        break;
      case 3:
        result.insert(at, other.substr(random.below(other.size() + 1), random.below(60)));
        break;
      default:
        result.resize(at);
    }
  }
  return result;
}

}  // namespace

TEST_CASE("every ugly reply gives the answer it means, or the problem it has") {
  CHECK(ugly_replies().size() >= 150);
  AnswerChecker checker;
  for (const UglyReply& reply : ugly_replies()) {
    INFO(reply.name);
    const StructuredAnswer answer = answer_to(checker, reply.text, Json::parse(reply.schema));
    if (reply.value.empty()) {
      CHECK_FALSE(answer.value.has_value());
      CHECK_THAT(answer.problem, Contains(reply.problem));
      CHECK(answer.problem.size() < 1000);
    } else {
      CHECK(answer.problem == "");
      CHECK(answer.value.value_or(Json()) == Json::parse(reply.value));
    }
  }
}

TEST_CASE("whatever becomes of a reply on its way, a value satisfies the schema or there is none") {
  AnswerChecker checker;
  Random random(1);
  std::vector<const UglyReply*> replies;
  for (const UglyReply& reply : ugly_replies()) {
    if (reply.text.size() < 2000) replies.push_back(&reply);
  }
  for (int i = 0, count = testing::kSanitized ? 4'000 : 40'000; i < count; ++i) {
    const UglyReply& reply = *replies[random.below(replies.size())];
    const std::string text =
        mutated(reply.text, replies[random.below(replies.size())]->text, random);
    const Json schema = Json::parse(reply.schema);
    const StructuredAnswer answer = answer_to(checker, text, schema);
    INFO(text);
    REQUIRE(answer.value.has_value() == answer.problem.empty());
    if (!answer.value) continue;
    REQUIRE((*AnswerValidator::of(schema))->problem_of(*answer.value) == "");
    // Written properly, it is read as the same; not where it may be LaTeX written carelessly.
    if (answer.value->dump().find('\\') != std::string::npos) continue;
    REQUIRE(checker.check(answer.value->dump(), schema)->value == answer.value);
  }
}

TEST_CASE("a pattern is matched against a text of any length") {
  const Json schema = {{"properties", {{"text", {{"pattern", "^(a|b|[c-z ])*$"}}}}}};
  AnswerChecker checker;
  const std::string longest(testing::kSanitized ? 200'000 : 1'000'000, 'a');
  CHECK(answer_to(checker, Json{{"text", longest}}.dump(), schema).value.has_value());
  CHECK_THAT(answer_to(checker, Json{{"text", longest + "!"}}.dump(), schema).problem,
             Contains("pattern"));
}

TEST_CASE("a date of a million digits is no date, and no end of the process") {
  const Json schema = {{"properties", {{"day", {{"type", "string"}, {"format", "date"}}}}}};
  AnswerChecker checker;
  CHECK(answer_to(checker, R"({"day": "2026-11-26"})", schema).value.has_value());
  CHECK_THAT(answer_to(checker, R"({"day": "2026-13-26"})", schema).problem, Contains("day"));
  const Json endless = {{"day", std::string(1'000'000, '1')}};
  CHECK_THAT(answer_to(checker, endless.dump(), schema).problem, Contains("digits"));
}

TEST_CASE("a schema that is none is a fault of the run") {
  AnswerChecker checker;
  const auto answer = checker.check("{}", Json{{"type", 7}});
  REQUIRE_FALSE(answer.ok());
  CHECK(answer.status().fault() == Fault::run);
  CHECK_THAT(answer.status().message(), Contains("JSON Schema"));
  const Json no_pattern = {{"properties", {{"text", {{"type", "string"}, {"pattern", "(["}}}}}};
  CHECK_THAT(check_answer_schema(no_pattern).message(), Contains("regular expression"));
}
