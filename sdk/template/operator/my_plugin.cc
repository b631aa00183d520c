// my_plugin.score: how much good and how much bad a text says.
#include <rare/sdk.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>
#include <vector>

namespace {

// The words of a text in lower case; what is no letter of ASCII parts them.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (std::isalpha(byte)) {
      words.back() += static_cast<char>(std::tolower(byte));
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

class Score final : public rare::Operator {
 public:
  static rare::Spec spec() {
    return rare::Spec("my_plugin.score")
        .summary("Scores a text by its good and bad words: from -1, all bad, to 1, all good.")
        .description("A text with neither is filtered: there is nothing to score.")
        .param(&Score::field_, "field", "text", "Field with the text.")
        .reads_param("field")
        .param(&Score::output_, "output", "score", "Field for the score.")
        .writes_param("output")
        .param(&Score::good_, "good", std::vector<std::string>{"good", "great", "clear"},
               "Words that raise the score, in lower case.")
        .param(&Score::bad_, "bad", std::vector<std::string>{"bad", "poor", "broken"},
               "Words that lower it.")
        .counter("mixed", "texts with both good and bad words");
  }

  rare::Status process(rare::Record record, rare::Output& out) override {
    const rare::Json* text = record.find(field_);
    if (text == nullptr || !text->is_string()) {
      return rare::Status(rare::StatusCode::invalid_data, "field '" + field_ + "' is no text");
    }
    int good = 0, bad = 0;
    for (const std::string& word : words_of(text->get<std::string>())) {
      good += std::count(good_.begin(), good_.end(), word) > 0;
      bad += std::count(bad_.begin(), bad_.end(), word) > 0;
    }
    if (good + bad == 0) return out.filter("no good or bad word");
    if (good > 0 && bad > 0) {
      if (rare::Status status = out.count("mixed"); !status.ok()) return status;
    }
    record[output_] = static_cast<double>(good - bad) / (good + bad);
    return out.emit(std::move(record));
  }

 private:
  std::string field_, output_;
  std::vector<std::string> good_, bad_;
};

}  // namespace

RARE_PLUGIN("my_plugin", "0.1.0") { registrar.add<Score>(); }
