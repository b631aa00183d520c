// my_plugin.lexicon: words and their weights, held once for all nodes that look them up;
// my_plugin.weigh: an operator that does.
#include <rare/sdk.h>

#include <atomic>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace {

// What operators know of the service. Another plugin that declares the same interface, under the
// same name, can offer one of its own; raise the number when it changes.
class Lexicon {
 public:
  static constexpr std::string_view kInterface = "my_plugin.Lexicon/1";
  virtual ~Lexicon() = default;
  // The sum of the weights of a text's words. Any thread.
  virtual rare::Awaitable<rare::Result<double>> weigh(std::string text) = 0;
};

// This one answers at once. One that asks a server keeps the completion, and sets it from a thread
// of its own when the answer is there.
class LexiconService final : public rare::Service, public Lexicon {
 public:
  static rare::Spec spec() {
    return rare::Spec("my_plugin.lexicon")
        .summary("Words and their weights, from a file.")
        .required_param(&LexiconService::path_, "path",
                        "The file: a word and a number on each line.")
        .input_path();
  }

  rare::Status open(rare::ServiceContext& context) override {
    context_ = &context;
    std::ifstream in(path_);
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
      std::istringstream parts(line);
      std::string word;
      double weight = 0;
      if (!(parts >> word >> weight)) {
        return rare::Status::run_fault(rare::StatusCode::invalid_argument,
                                       path_ + ":" + std::to_string(number) +
                                           ": expected a word and a number, got '" + line + "'");
      }
      weights_.insert_or_assign(word, weight);
    }
    if (weights_.empty()) {
      return rare::Status::run_fault(rare::StatusCode::invalid_argument,
                                     "path: " + path_ + " cannot be read, or is empty");
    }
    return rare::Status();
  }

  void* connect(std::string_view interface, const rare::ServiceClient&) override {
    return interface == Lexicon::kInterface ? static_cast<Lexicon*>(this) : nullptr;
  }

  rare::Awaitable<rare::Result<double>> weigh(std::string text) override {
    auto pair = context_->completion<rare::Result<double>>();
    ++calls_;
    std::istringstream words(text);
    double sum = 0;
    for (std::string word; words >> word;) {
      const auto at = weights_.find(word);
      if (at != weights_.end()) sum += at->second;
    }
    pair.completion.set(sum);
    return std::move(pair.awaitable);
  }

  rare::Json usage() const override { return {{"calls", calls_.load()}}; }
  // A run does not go on with another lexicon than it began with.
  rare::Result<rare::Json> identity() const override { return rare::Json(weights_); }

 private:
  std::string path_;
  std::unordered_map<std::string, double> weights_;  // const after open()
  std::atomic<std::uint64_t> calls_{0};
  rare::ServiceContext* context_ = nullptr;
};

class Weigh final : public rare::AsyncOperator {
 public:
  static rare::Spec spec() {
    return rare::Spec("my_plugin.weigh")
        .summary("Weighs a text by a lexicon.")
        .service(&Weigh::lexicon_, "lexicon", "The lexicon.")
        .param(&Weigh::field_, "field", "text", "Field with the text.")
        .reads_param("field")
        .param(&Weigh::output_, "output", "weight", "Field for the weight.")
        .writes_param("output");
  }

  rare::Task<rare::Status> process(rare::Record record, rare::Output& out) override {
    const rare::Json* text = record.find(field_);
    if (text == nullptr || !text->is_string()) {
      co_return rare::Status(rare::StatusCode::invalid_data, "field '" + field_ + "' is no text");
    }
    std::string words = text->get<std::string>();
    rare::Result<double> weight = co_await lexicon_->weigh(std::move(words));
    if (!weight) co_return weight.status();
    record[output_] = *weight;
    co_return out.emit(std::move(record));
  }

 private:
  Lexicon* lexicon_ = nullptr;
  std::string field_, output_;
};

}  // namespace

RARE_PLUGIN("my_plugin", "0.1.0") {
  registrar.add<LexiconService>();
  registrar.add<Weigh>();
}
