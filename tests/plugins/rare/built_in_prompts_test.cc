#include "built_in_prompts.h"

#include <string>

#include "answer_check.h"
#include "catch.h"
#include "doc2query.h"
#include "plugins/prompt/prompt_template.h"
#include "rare/random.h"
#include "reason_distill.h"
#include "verify_negatives.h"

using namespace rare::distill;

namespace {

std::uint64_t hash_of(std::string_view prompt, std::string_view system) {
  return rare::derive_seed(0, prompt, system);
}

}  // namespace

// A changed prompt changes results, and a run that began under the old one must not go on under the
// new one: the component's version is part of what identifies a run. Who changes a prompt file
// raises version() in the operator's spec and puts the new number and hash here.
TEST_CASE("the prompts are those of the spec's version") {
  CHECK(AnswerCheck::spec().version() == 1);
  CHECK(hash_of(kAnswerCheckPrompt, kAnswerCheckSystem) == 0xcfab74142c7148a8ULL);
  CHECK(Doc2Query::spec().version() == 3);
  CHECK(hash_of(kDoc2QueryPrompt, kDoc2QuerySystem) == 0xacf95bd5de865228ULL);
  CHECK(hash_of(kDoc2QueryInstructions, "") == 0x1fd61cc907bb783ULL);
  CHECK(ReasonDistill::spec().version() == 2);
  CHECK(hash_of(kReasonDistillPrompt, kReasonDistillSystem) == 0xc0182b52185e3c58ULL);
  CHECK(VerifyNegatives::spec().version() == 1);
  CHECK(hash_of(kVerifyNegativesPrompt, kVerifyNegativesSystem) == 0x9124f9970c82c011ULL);
}

TEST_CASE("the built-in prompts are whole and end where the answer begins") {
  for (const std::string_view prompt :
       {kDoc2QueryPrompt, kReasonDistillPrompt, kVerifyNegativesPrompt, kAnswerCheckPrompt}) {
    auto parsed = rare::prompt::PromptTemplate::parse("prompt", prompt);
    REQUIRE(parsed.ok());
  }
  CHECK(kDoc2QueryPrompt.ends_with("Document: {{text}}\nJSON:\n"));
  CHECK(kReasonDistillPrompt.ends_with("Question: {{question}}\nReasoning:\n"));
  CHECK(kVerifyNegativesPrompt.ends_with("{{/candidates}}\nVerdicts:\n"));
}
