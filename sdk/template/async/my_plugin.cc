// my_plugin.judge: a language model grades a text from 1 to 5.
#include <rare/sdk.h>

#include <string>
#include <utility>

namespace {

class Judge final : public rare::AsyncOperator {
 public:
  static rare::Spec spec() {
    return rare::Spec("my_plugin.judge")
        .summary("Has a language model grade a text.")
        .service(&Judge::llm_, "llm", "The language model that grades.")
        .param(&Judge::field_, "field", "text", "Field with the text.")
        .reads_param("field")
        .param(&Judge::output_, "output", "grade", "Field for the grade, 1 to 5.")
        .writes_param("output")
        .param(&Judge::question_, "question", "How clear is this text?", "What is graded.")
        .param(&Judge::max_attempts_, "max_attempts", 3,
               "Most replies asked for a text, the first included.")
        .at_least(1);
  }

  // One instance serves all records in flight: no member changes here. Nothing with a destructor is
  // made inside an expression that awaits: it has a name first (docs/writing-plugins.md).
  rare::Task<rare::Status> process(rare::Record record, rare::Output& out) override {
    const rare::Json* text = record.find(field_);
    if (text == nullptr || !text->is_string()) {
      co_return rare::Status(rare::StatusCode::invalid_data, "field '" + field_ + "' is no text");
    }
    std::string problem;
    for (int attempt = 0; attempt < max_attempts_; ++attempt) {
      rare::ChatRequest request(record);
      request.attempt = attempt;
      request.messages.emplace_back(
          "user", question_ + " Answer with one digit, 1 (not at all) to 5 (very).\n\n" +
                      text->get<std::string>());
      rare::Result<rare::ChatReply> reply = co_await llm_->chat(std::move(request));
      if (!reply) co_return reply.status();
      const std::size_t digit = reply->text.find_first_of("12345");
      if (digit != std::string::npos) {
        record[output_] = reply->text[digit] - '0';
        co_return out.emit(std::move(record));
      }
      problem = reply->text;
    }
    rare::Status status(rare::StatusCode::invalid_data,
                        "expected a digit from 1 to 5, the model answered: " + problem);
    co_return std::move(status).with_raw(problem).with_attempts(max_attempts_);
  }

 private:
  rare::LanguageModel* llm_ = nullptr;
  std::string field_, output_, question_;
  int max_attempts_ = 0;
};

}  // namespace

RARE_PLUGIN("my_plugin", "0.1.0") { registrar.add<Judge>(); }
