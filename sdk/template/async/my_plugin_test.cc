#include <rare/testing/checks.h>
#include <rare/testing/fake_language_model.h>
#include <rare/testing/operator_stress.h>
#include <rare/testing/services.h>

#include <string>
#include <vector>

#include "my_plugin.cc"

namespace {

rare::Record text(const std::string& words) { return rare::Record(rare::Json{{"text", words}}); }

rare::ChatReply saying(const std::string& words) {
  rare::ChatReply reply;
  reply.text = words;
  return reply;
}

// The operator over a model that answers `answer`, or, at the first attempt, `first`.
struct Judged {
  explicit Judged(std::string first, std::string answer = "4")
      : model(context.resumer(), [=](const rare::ChatRequest& request) {
          return rare::Result<rare::ChatReply>(saying(request.attempt == 0 ? first : answer));
        }) {
    services.add<rare::LanguageModel>("model", model);
  }
  rare::testing::TestContext context;
  rare::testing::FakeLanguageModel model;
  rare::testing::Services services;
};

void a_grade_is_taken_out_of_the_reply() {
  Judged judged("I would say 4.");
  const auto judge = rare::testing::make<Judge>({{"llm", "model"}}, judged.services.resolver());
  const auto outcome = rare::testing::run(*judge, text("Water is wet."));
  RARE_CHECK_OK(outcome.status);
  RARE_CHECK_EQUAL(outcome.records.at(0).fields()["grade"], 4);
}

void a_reply_without_a_grade_is_asked_for_again() {
  Judged judged("Hard to say.");
  const auto judge = rare::testing::make<Judge>({{"llm", "model"}}, judged.services.resolver());
  RARE_CHECK_OK(rare::testing::run(*judge, text("Water is wet.")).status);
  RARE_CHECK_EQUAL(judged.model.requests().size(), 2u);
}

void after_the_last_attempt_the_record_is_an_error_with_what_the_model_said() {
  Judged judged("No.", "No.");
  const auto judge = rare::testing::make<Judge>({{"llm", "model"}, {"max_attempts", 2}},
                                                judged.services.resolver());
  const rare::Status status = rare::testing::run(*judge, text("Water is wet.")).status;
  RARE_CHECK_EQUAL(status.raw().value_or(""), "No.");
  RARE_CHECK_EQUAL(status.attempts(), 2);
}

void eight_threads_change_nothing() {
  Judged judged("5");
  const std::vector<rare::Record> records{text("a"), text("b"), rare::Record(), text("c")};
  RARE_CHECK_OK(
      rare::testing::stress<Judge>(records, {{"llm", "model"}}, judged.services.resolver()));
}

}  // namespace

int main() {
  a_grade_is_taken_out_of_the_reply();
  a_reply_without_a_grade_is_asked_for_again();
  after_the_last_attempt_the_record_is_an_error_with_what_the_model_said();
  eight_threads_change_nothing();
  return rare::testing::failed_checks();
}
