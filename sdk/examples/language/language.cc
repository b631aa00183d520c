// language.keep: texts of some languages go on, the others are filtered.
#include <rare/sdk.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

// The most frequent words of a language that few others have. They make up a fifth of any text, so
// that a paragraph is enough to tell.
struct Language {
  std::string_view name, words;
};
constexpr std::array<Language, 6> kLanguages{{
    {"en",
     "the of and to that is was for it with his he be by not this are but from had have which"},
    {"de", "der die und das den ist von zu mit sich des auf nicht ein eine dem auch als wird noch"},
    {"fr", "le les et des est pour dans qui une du pas au sur par plus avec ce il sont cette mais"},
    {"es", "el los y las del se por con una para es lo como su al pero sus ha este son sin entre"},
    {"it",
     "il di che per non sono della con una gli anche dei nel ma alla come questo le ha delle"},
    {"nl",
     "het een van en dat niet zijn te met voor op aan er maar om ook als bij naar wordt deze"},
}};

class Keep final : public rare::Operator {
 public:
  static rare::Spec spec() {
    std::vector<std::string> names;
    for (const Language& language : kLanguages) names.emplace_back(language.name);
    return rare::Spec("language.keep")
        .summary("Keeps texts of the languages that are named, and says which it is.")
        .description(
            "Told by how many of a text's words are among a language's most frequent "
            "ones: en, de, fr, es, it and nl. A text that tells too little is filtered.")
        .param(&Keep::field_, "field", "text", "Field with the text.")
        .reads_param("field")
        .param(&Keep::output_, "output", "language", "Field for the language's code.")
        .writes_param("output")
        .param(&Keep::languages_, "languages", std::vector<std::string>{"en"}, "Languages to keep.")
        .or_single()
        .param(&Keep::min_share_, "min_share", 0.1,
               "Least share of a text's words that must be among its language's.")
        .range(0, 1)
        .counter("close", "texts in which a second language was nearly as likely");
  }

  rare::Status open(rare::Context&) override {
    for (std::size_t i = 0; i < kLanguages.size(); ++i) {
      for (const std::string& word : words_of(kLanguages[i].words)) of_word_[word] |= 1u << i;
    }
    for (const std::string& name : languages_) {
      const bool known =
          std::any_of(kLanguages.begin(), kLanguages.end(),
                      [&](const Language& language) { return language.name == name; });
      if (!known) {
        return rare::Status::run_fault(
            rare::StatusCode::invalid_argument,
            "languages: expected en, de, fr, es, it or nl, got '" + name + "'");
      }
    }
    return rare::Status();
  }

  rare::Status process(rare::Record record, rare::Output& out) override {
    const rare::Json* text = record.find(field_);
    if (text == nullptr || !text->is_string()) {
      return rare::Status(rare::StatusCode::invalid_data, "field '" + field_ + "' is no text");
    }
    const std::vector<std::string> words = words_of(text->get_ref<const std::string&>());
    std::array<std::size_t, kLanguages.size()> found{};
    for (const std::string& word : words) {
      const auto at = of_word_.find(word);
      for (std::size_t i = 0; at != of_word_.end() && i < found.size(); ++i) {
        found[i] += (at->second >> i) & 1u;
      }
    }
    const std::size_t best =
        static_cast<std::size_t>(std::max_element(found.begin(), found.end()) - found.begin());
    if (words.empty() ||
        static_cast<double>(found[best]) < min_share_ * static_cast<double>(words.size())) {
      return out.filter("of no language that can be told");
    }
    const std::string name(kLanguages[best].name);
    if (std::find(languages_.begin(), languages_.end(), name) == languages_.end()) {
      return out.filter("language " + name);
    }
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (i == best || found[i] * 5 < found[best] * 4) continue;
      if (rare::Status status = out.count("close"); !status.ok()) return status;
      break;
    }
    record[output_] = name;
    return out.emit(std::move(record));
  }

 private:
  // In lower case; letters beyond ASCII belong to words.
  static std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words(1);
    for (const char letter : text) {
      const auto byte = static_cast<unsigned char>(letter);
      if (byte >= 0x80 || std::isalpha(byte)) {
        words.back() += static_cast<char>(byte < 0x80 ? std::tolower(byte) : byte);
      } else if (!words.back().empty()) {
        words.emplace_back();
      }
    }
    if (words.back().empty()) words.pop_back();
    return words;
  }

  std::string field_, output_;
  std::vector<std::string> languages_;
  double min_share_ = 0;
  std::unordered_map<std::string, unsigned> of_word_;  // a bit for each language
};

}  // namespace

RARE_PLUGIN("language", "1.0.0") { registrar.add<Keep>(); }
