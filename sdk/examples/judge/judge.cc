// judge.score: a language model scores an answer by several criteria, all of them asked at once.
#include <rare/sdk.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace {

class Score final : public rare::AsyncOperator {
 public:
  static rare::Spec spec() {
    return rare::Spec("judge.score")
        .summary("Has a language model score an answer, 1 to 5, by each of several criteria.")
        .description(
            "Each criterion is a request of its own, so that one does not colour the other. The "
            "record gets the scores and the reasons by criterion, and the lowest score.")
        .service(&Score::llm_, "llm", "The language model that judges.")
        .param(&Score::question_, "question", "question", "Field with the question.")
        .reads_param("question")
        .param(&Score::answer_, "answer", "answer", "Field with the answer.")
        .reads_param("answer")
        .param(
            &Score::criteria_, "criteria",
            std::vector<std::string>{"Is the answer correct?", "Does it say all that was asked?"},
            "What is judged.")
        .param(&Score::minimum_, "minimum", 1, "Records with a score below end here.")
        .range(1, 5)
        .param(&Score::max_attempts_, "max_attempts", 3,
               "Most replies asked for by one criterion, the first included.")
        .at_least(1)
        .writes("score")
        .writes("judgements")
        .counter("asked_again", "judgements that the model was asked for again");
  }

  rare::Status open(rare::Context& context) override {
    context_ = &context;
    if (!criteria_.empty()) return rare::Status();
    return rare::Status::run_fault(rare::StatusCode::invalid_argument,
                                   "'criteria' is empty: name one thing or more to be judged");
  }

  // One instance serves all records in flight: what belongs to a record is a local of its
  // coroutine.
  rare::Task<rare::Status> process(rare::Record record, rare::Output& out) override {
    for (const std::string& field : {question_, answer_}) {
      const rare::Json* text = record.find(field);
      if (text == nullptr || !text->is_string()) {
        co_return rare::Status(rare::StatusCode::invalid_data, "field '" + field + "' is no text");
      }
    }
    std::vector<Judgement> judgements(criteria_.size());
    for (int attempt = 0; attempt < max_attempts_; ++attempt) {
      std::vector<Asked> asked = ask(record, judgements, attempt);
      if (attempt > 0 && !asked.empty()) {
        const rare::Status counted = out.count("asked_again", asked.size());
        if (!counted.ok()) co_return counted;
      }
      // All of them are on their way: what comes first only waits here for its turn.
      for (Asked& one : asked) {
        rare::Result<rare::ChatReply> reply = co_await one.reply;
        if (!reply) co_return reply.status();
        Judgement& judgement = judgements[one.criterion];
        judgement.verdict = reply->structured.value_or(rare::Json());
        judgement.problem = reply->problem;
        judgement.raw = reply->raw;
        rare::note_reply(*context_, record, *reply);
      }
    }
    for (std::size_t i = 0; i < criteria_.size(); ++i) {
      if (judgements[i].verdict.is_null()) co_return unusable(criteria_[i], judgements[i]);
    }
    const int lowest = write(judgements, record);
    if (lowest < minimum_) co_return out.filter("score below the minimum");
    co_return out.emit(std::move(record));
  }

 private:
  // What is known of one criterion.
  struct Judgement {
    rare::Json verdict;   // null: there is none yet
    std::string problem;  // why the last reply gave none
    std::string raw;      // the last reply
  };
  struct Asked {
    std::size_t criterion;
    rare::Awaitable<rare::Result<rare::ChatReply>> reply;
  };

  // Sends a request for each criterion without a verdict; waits for none of them.
  std::vector<Asked> ask(const rare::Record& record, const std::vector<Judgement>& judgements,
                         int attempt) const {
    std::vector<Asked> asked;
    for (std::size_t i = 0; i < criteria_.size(); ++i) {
      if (!judgements[i].verdict.is_null()) continue;
      rare::ChatRequest request(record);
      request.attempt = attempt;
      request.schema = schema();
      request.schema_name = "judgement";
      request.messages.emplace_back("system", "You judge answers. " + criteria_[i] +
                                                  " Give a reason of one sentence, then a score "
                                                  "from 1 (not at all) to 5 (fully).");
      request.messages.emplace_back(
          "user", "Question: " + record.fields().at(question_).get<std::string>() +
                      "\n\nAnswer: " + record.fields().at(answer_).get<std::string>());
      if (!judgements[i].problem.empty()) {
        request.messages.emplace_back("assistant", judgements[i].raw);
        request.messages.emplace_back("user", "That cannot be used: " + judgements[i].problem);
      }
      asked.push_back({i, llm_->chat(std::move(request))});
    }
    return asked;
  }

  static rare::Json schema() {
    return {{"type", "object"},
            {"properties",
             {{"reason", {{"type", "string"}}},
              {"score", {{"type", "integer"}, {"minimum", 1}, {"maximum", 5}}}}},
            {"required", {"reason", "score"}},
            {"additionalProperties", false}};
  }

  rare::Status unusable(const std::string& criterion, const Judgement& judgement) const {
    rare::Status status(rare::StatusCode::invalid_data,
                        "no judgement of '" + criterion + "': " + judgement.problem);
    return std::move(status).with_raw(judgement.raw).with_attempts(max_attempts_);
  }

  // Gives the lowest score.
  int write(const std::vector<Judgement>& judgements, rare::Record& record) const {
    int lowest = 5;
    rare::Json all = rare::Json::array();
    for (std::size_t i = 0; i < criteria_.size(); ++i) {
      rare::Json one = judgements[i].verdict;
      lowest = std::min(lowest, one.at("score").get<int>());
      one["criterion"] = criteria_[i];
      all.push_back(std::move(one));
    }
    record["score"] = lowest;
    record["judgements"] = std::move(all);
    return lowest;
  }

  rare::LanguageModel* llm_ = nullptr;
  rare::Context* context_ = nullptr;
  std::string question_, answer_;
  std::vector<std::string> criteria_;
  int minimum_ = 1, max_attempts_ = 0;
};

}  // namespace

RARE_PLUGIN("judge", "0.1.0") { registrar.add<Score>(); }
