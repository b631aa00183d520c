#include "plugins/bm25/analyzer.h"

#include <algorithm>
#include <array>

#include "plugins/bm25/cjk_analyzer.h"
#include "plugins/bm25/code_points.h"
#include "plugins/bm25/icu_analyzer.h"
#include "plugins/bm25/porter_stemmer.h"
#include "plugins/bm25/stem_digest.h"
#include "plugins/bm25/tokenizer.h"

namespace rare::bm25 {
namespace {

// EnglishAnalyzer.ENGLISH_STOP_WORDS_SET, sorted.
constexpr std::array<std::string_view, 33> kEnglishStopWords = {
    "a",   "an",    "and",  "are",   "as",    "at",   "be",   "but", "by",  "for",  "if",
    "in",  "into",  "is",   "it",    "no",    "not",  "of",   "on",  "or",  "such", "that",
    "the", "their", "then", "there", "these", "they", "this", "to",  "was", "will", "with"};

constexpr std::string_view kIcuPrefix = "icu_";

bool is_english_stop_word(std::string_view word) {
  return std::binary_search(kEnglishStopWords.begin(), kEnglishStopWords.end(), word);
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

void lower_ascii(std::string& text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
}

std::u16string to_utf16(std::u32string_view decoded) {
  std::u16string units;
  for (const char32_t code_point : decoded) {
    if (code_point < 0x10000) {
      units.push_back(static_cast<char16_t>(code_point));
    } else {
      units.push_back(static_cast<char16_t>(0xD7C0 + (code_point >> 10)));
      units.push_back(static_cast<char16_t>(0xDC00 + (code_point & 0x3FF)));
    }
  }
  return units;
}

std::string to_utf8(std::u16string_view units) {
  std::string text;
  for (std::size_t i = 0; i < units.size(); ++i) {
    char32_t code_point = units[i];
    // Stemming takes away and adds ASCII letters only, so surrogates always stand in pairs.
    if (code_point >= 0xD800 && code_point < 0xDC00) {
      code_point = 0x10000 + ((code_point - 0xD800) << 10) + (units[++i] - 0xDC00U);
    }
    append_utf8(code_point, text);
  }
  return text;
}

bool is_apostrophe(char32_t code_point) {
  return code_point == U'\'' || code_point == 0x2019 || code_point == 0xFF07;
}

// Without a final 's.
template <class View>
View without_possessive(View word) {
  const std::size_t size = word.size();
  const bool possessive = size >= 2 && (word[size - 1] == 's' || word[size - 1] == 'S') &&
                          is_apostrophe(static_cast<char32_t>(word[size - 2]));
  return possessive ? word.substr(0, size - 2) : word;
}

class EnglishAnalyzer final : public Analyzer {
 public:
  void analyze_into(std::string_view text, TokenSink& sink) const override {
    std::size_t at = 0;
    while (const auto token = next_word(text, at)) {
      const std::string_view word = text.substr(token->begin, token->end - token->begin);
      std::string term = is_ascii(word) ? ascii_term(word) : unicode_term(word);
      if (!term.empty()) sink.add(std::move(term), *token);
      at = token->end;
    }
  }

 private:
  // Empty for a stop word.
  static std::string ascii_term(std::string_view word) {
    std::string term(without_possessive(word));
    lower_ascii(term);
    if (is_english_stop_word(term)) return {};
    term.resize(porter_stem(term.data(), term.size()));
    return term;
  }

  static std::string unicode_term(std::string_view word) {
    const std::u32string decoded = code_points_of(word);
    std::u32string lowered(without_possessive(std::u32string_view(decoded)));
    for (char32_t& code_point : lowered) code_point = to_lower(code_point);
    if (is_english_stop_word(utf8_of(lowered))) return {};
    std::u16string units = to_utf16(lowered);
    units.resize(porter_stem(units.data(), units.size()));
    return to_utf8(units);
  }
};

class StandardAnalyzer final : public Analyzer {
 public:
  void analyze_into(std::string_view text, TokenSink& sink) const override {
    std::size_t at = 0;
    while (const auto token = next_word(text, at)) {
      std::u32string decoded = code_points_of(text.substr(token->begin, token->end - token->begin));
      for (char32_t& code_point : decoded) code_point = to_lower(code_point);
      sink.add(utf8_of(decoded), *token);
      at = token->end;
    }
  }
};

class WhitespaceAnalyzer final : public Analyzer {
 public:
  void analyze_into(std::string_view text, TokenSink& sink) const override {
    std::size_t at = 0;
    while (const auto token = next_whitespace_token(text, at)) {
      // Decoded and encoded, so that a term is UTF-8 even where the text is not.
      sink.add(utf8_of(code_points_of(text.substr(token->begin, token->end - token->begin))),
               *token);
      at = token->end;
    }
  }
};

}  // namespace

std::vector<std::string> analyzer_names() {
  std::vector<std::string> names = {"english", "standard", "whitespace", "cjk"};
  for (const std::string& language : icu_languages()) {
    names.push_back(std::string(kIcuPrefix) + language);
  }
  return names;
}

std::string analyzer_key(std::string_view name) {
  std::string key(name);
  if (name.starts_with(kIcuPrefix)) {
    key += "." + icu_version() + "." + stem_digest(name.substr(kIcuPrefix.size()));
  }
  return key;
}

std::unique_ptr<const Analyzer> make_analyzer(std::string_view name_or_key) {
  const std::string_view name = name_or_key.substr(0, name_or_key.find('.'));
  if (name != name_or_key) {
    const std::vector<std::string> known = analyzer_names();
    if (std::find(known.begin(), known.end(), name) == known.end()) return nullptr;
    const std::string key = analyzer_key(name);
    // Indexes made before stems were looked at say nothing of them.
    const bool is_of_before = name_or_key == std::string(name) + "." + icu_version();
    if (key != name_or_key && !is_of_before) return nullptr;
  }
  if (name == "english") return std::make_unique<EnglishAnalyzer>();
  if (name == "standard") return std::make_unique<StandardAnalyzer>();
  if (name == "whitespace") return std::make_unique<WhitespaceAnalyzer>();
  if (name == "cjk") return make_cjk_analyzer();
  if (name.starts_with(kIcuPrefix)) return make_icu_analyzer(name.substr(kIcuPrefix.size()));
  return nullptr;
}

}  // namespace rare::bm25
