#include <rare/testing/checks.h>
#include <rare/testing/fake_language_model.h>
#include <rare/testing/manual_clock.h>
#include <rare/testing/operator_stress.h>
#include <rare/testing/services.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "judge.cc"

namespace {

using rare::Json;

rare::Record answered(const std::string& answer) {
  return rare::Record({{"question", "What is 2 + 2?"}, {"answer", answer}});
}

// What the service gives for a reply that satisfies the schema, or for one that does not.
rare::ChatReply judging(int score) {
  rare::ChatReply reply;
  reply.structured = Json{{"reason", "It says so."}, {"score", score}};
  reply.raw = reply.structured->dump();
  return reply;
}
rare::ChatReply chatting() {
  rare::ChatReply reply;
  reply.raw = "It is fine.";
  reply.problem = "this is no JSON";
  return reply;
}

// The operator over a model that answers by `script`, with the criteria "correct?" and "complete?".
struct Judged {
  explicit Judged(rare::testing::FakeLanguageModel::Script script, int minimum = 1)
      : model(context.resumer(), std::move(script)),
        values{{"llm", "model"}, {"criteria", {"correct?", "complete?"}}, {"minimum", minimum}} {
    services.add<rare::LanguageModel>("model", model);
  }
  rare::testing::Outcome run(const std::string& answer) {
    const auto score = rare::testing::make<Score>(values, services.resolver());
    const rare::Status opened = score->open(context);
    if (!opened.ok()) return {opened, {}, {}, {}, {}};
    return rare::testing::run(*score, answered(answer));
  }
  rare::testing::TestContext context;
  rare::testing::FakeLanguageModel model;
  rare::testing::Services services;
  Json values;
};

bool asks(const rare::ChatRequest& request, const std::string& criterion) {
  return request.messages.at(0).content.find(criterion) != std::string::npos;
}

void each_criterion_is_scored_and_the_lowest_counts() {
  Judged judged(
      [](const rare::ChatRequest& request) { return judging(asks(request, "correct?") ? 5 : 2); });
  const auto outcome = judged.run("4");
  RARE_CHECK_OK(outcome.status);
  const Json& fields = outcome.records.at(0).fields();
  RARE_CHECK_EQUAL(fields["score"], 2);
  RARE_CHECK_EQUAL(fields["judgements"][0],
                   (Json{{"criterion", "correct?"}, {"reason", "It says so."}, {"score", 5}}));
  RARE_CHECK_EQUAL(fields["judgements"][1]["score"], 2);
}

void a_score_below_the_minimum_ends_the_record() {
  Judged judged([](const rare::ChatRequest&) { return judging(2); }, 3);
  const auto outcome = judged.run("5");
  RARE_CHECK_OK(outcome.status);
  RARE_CHECK_EQUAL(outcome.records.size(), 0u);
  RARE_CHECK_EQUAL(outcome.filters, std::vector<std::string>{"score below the minimum"});
}

void only_the_criterion_without_a_judgement_is_asked_again_and_told_why() {
  Judged judged([](const rare::ChatRequest& request) {
    return asks(request, "complete?") && request.attempt == 0 ? chatting() : judging(4);
  });
  const auto outcome = judged.run("4");
  RARE_CHECK_OK(outcome.status);
  RARE_CHECK_EQUAL(outcome.counts.at("asked_again"), 1u);
  const std::vector<rare::ChatRequest> requests = judged.model.requests();
  RARE_CHECK_EQUAL(requests.size(), 3u);
  RARE_CHECK_EQUAL(requests.at(2).messages.at(2).content, "It is fine.");
  RARE_CHECK_EQUAL(requests.at(2).messages.at(3).content, "That cannot be used: this is no JSON");
}

void after_the_last_attempt_the_record_is_an_error_with_what_the_model_said() {
  Judged judged([](const rare::ChatRequest&) { return chatting(); });
  const auto outcome = judged.run("4");
  RARE_CHECK_EQUAL(outcome.status.message(), "no judgement of 'correct?': this is no JSON");
  RARE_CHECK_EQUAL(outcome.status.raw().value_or(""), "It is fine.");
  RARE_CHECK_EQUAL(outcome.status.attempts(), 3);
}

// The second request is sent while the first has no reply: the clock stands still until both are.
void criteria_are_asked_at_once() {
  Judged judged([](const rare::ChatRequest&) { return judging(4); });
  rare::testing::ManualClock clock;
  judged.model.take(clock, std::chrono::seconds(5));
  std::thread model([&] {
    while (clock.waiting() < 2) std::this_thread::yield();
    clock.advance(std::chrono::seconds(5));
  });
  RARE_CHECK_OK(judged.run("4").status);
  model.join();
}

void no_criteria_are_an_error_at_the_start() {
  Judged judged([](const rare::ChatRequest&) { return judging(4); });
  judged.values["criteria"] = Json::array();
  RARE_CHECK(judged.run("4").status.fault() == rare::Fault::run);
}

void eight_threads_change_nothing() {
  Judged judged([](const rare::ChatRequest&) { return judging(4); });
  const std::vector<rare::Record> records{answered("4"), answered("5"), rare::Record()};
  RARE_CHECK_OK(rare::testing::stress<Score>(records, judged.values, judged.services.resolver()));
}

}  // namespace

int main() {
  each_criterion_is_scored_and_the_lowest_counts();
  a_score_below_the_minimum_ends_the_record();
  only_the_criterion_without_a_judgement_is_asked_again_and_told_why();
  after_the_last_attempt_the_record_is_an_error_with_what_the_model_said();
  criteria_are_asked_at_once();
  no_criteria_are_an_error_at_the_start();
  eight_threads_change_nothing();
  return rare::testing::failed_checks();
}
