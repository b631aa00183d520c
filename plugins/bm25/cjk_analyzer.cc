#include "plugins/bm25/cjk_analyzer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "plugins/bm25/code_points.h"
#include "plugins/bm25/tokenizer.h"

namespace rare::bm25 {
namespace {

// The stop words of CJKAnalyzer, sorted.
constexpr std::array<std::string_view, 35> kCjkStopWords = {
    "a",     "and",  "are",   "as",    "at",   "be",   "but", "by",  "for",  "if",   "in",   "into",
    "is",    "it",   "no",    "not",   "of",   "on",   "or",  "s",   "such", "t",    "that", "the",
    "their", "then", "there", "these", "they", "this", "to",  "was", "will", "with", "www"};

// Compatibility decompositions (Unicode) of U+FF65..U+FF9F.
constexpr std::u32string_view kFullWidthKatakana =
    U"\u30FB\u30F2\u30A1\u30A3\u30A5\u30A7\u30A9\u30E3\u30E5\u30E7\u30C3\u30FC\u30A2\u30A4\u30A6"
    U"\u30A8\u30AA\u30AB\u30AD\u30AF\u30B1\u30B3\u30B5\u30B7\u30B9\u30BB\u30BD\u30BF\u30C1\u30C4"
    U"\u30C6\u30C8\u30CA\u30CB\u30CC\u30CD\u30CE\u30CF\u30D2\u30D5\u30D8\u30DB\u30DE\u30DF\u30E0"
    U"\u30E1\u30E2\u30E4\u30E6\u30E8\u30E9\u30EA\u30EB\u30EC\u30ED\u30EF\u30F3\u3099\u309A";
static_assert(kFullWidthKatakana.size() == 0xFF9F - 0xFF65 + 1);

constexpr char32_t kHalfWidthVoiced = 0xFF9E;

// What a Katakana character becomes with a voice mark after it (canonical compositions of Unicode);
// itself where there is no such form.
char32_t voiced(char32_t katakana) {
  constexpr char32_t kIterationMark = 0x30FD;
  // KA to TO: each is followed by its voiced form; the small TU shifts the parity.
  const bool before_small_tu = katakana >= 0x30AB && katakana <= 0x30C1 && katakana % 2 == 1;
  const bool after_small_tu = katakana >= 0x30C4 && katakana <= 0x30C8 && katakana % 2 == 0;
  const bool row_of_ha = katakana >= 0x30CF && katakana <= 0x30DB && (katakana - 0x30CF) % 3 == 0;
  if (before_small_tu || after_small_tu || row_of_ha || katakana == kIterationMark) {
    return katakana + 1;
  }
  if (katakana == 0x30A6) return 0x30F4;
  if (katakana >= 0x30EF && katakana <= 0x30F2) return katakana + 8;
  return katakana;
}

char32_t semi_voiced(char32_t katakana) {
  const bool row_of_ha = katakana >= 0x30CF && katakana <= 0x30DB && (katakana - 0x30CF) % 3 == 0;
  return row_of_ha ? katakana + 2 : katakana;
}

char32_t with_mark(char32_t katakana, char32_t mark) {
  return mark == kHalfWidthVoiced ? voiced(katakana) : semi_voiced(katakana);
}

bool is_cjk_stop_word(std::string_view term) {
  return std::binary_search(kCjkStopWords.begin(), kCjkStopWords.end(), term);
}

// The characters of adjacent tokens that are not given out yet.
class Run {
 public:
  explicit Run(TokenSink& sink) : sink_(sink) {}

  // The characters of a token, folded; `place` is where the token stands in the text.
  void add(std::string_view text, TokenBounds place, std::u32string_view folded,
           std::u32string_view unfolded) {
    if (place.begin != end_) finish();
    end_ = place.end;
    // Where folding joined two characters, Lucene knows the place of the token alone.
    const bool each_has_its_place = folded.size() == unfolded.size();
    std::size_t at = place.begin;
    for (const char32_t code_point : folded) {
      TokenBounds own = place;
      if (each_has_its_place) {
        own = {at, at + decode_utf8(text, at).bytes};
        at = own.end;
      }
      next(code_point, own);
    }
  }

  void finish() {
    if (length_ == 1) sink_.add(utf8_of(std::u32string_view(&last_, 1)), last_place_);
    length_ = 0;
  }

 private:
  void next(char32_t code_point, TokenBounds place) {
    if (length_ > 0) {
      const std::array<char32_t, 2> pair = {last_, code_point};
      sink_.add(utf8_of(std::u32string_view(pair.data(), pair.size())),
                {last_place_.begin, place.end});
    }
    last_ = code_point;
    last_place_ = place;
    ++length_;
  }

  TokenSink& sink_;
  std::size_t end_ = 0;  // of the token added last
  std::size_t length_ = 0;
  char32_t last_ = 0;
  TokenBounds last_place_ = {0, 0};
};

class CjkAnalyzer final : public Analyzer {
 public:
  void analyze_into(std::string_view text, TokenSink& sink) const override {
    Run run(sink);
    for (auto word = next_word(text, 0); word; word = next_word(text, word->end)) {
      const std::u32string unfolded =
          code_points_of(text.substr(word->begin, word->end - word->begin));
      std::u32string folded = unfolded;
      fold_width(folded);
      for (char32_t& code_point : folded) code_point = to_lower(code_point);
      if (word->kind == TokenKind::cjk) {
        run.add(text, *word, folded, unfolded);
        continue;
      }
      run.finish();
      std::string term = utf8_of(folded);
      if (!is_cjk_stop_word(term)) sink.add(std::move(term), *word);
    }
    run.finish();
  }
};

}  // namespace

void fold_width(std::u32string& term) {
  std::size_t size = 0;
  for (const char32_t code_point : term) {
    char32_t folded = code_point;
    if (code_point >= 0xFF01 && code_point <= 0xFF5E) {
      folded = code_point - 0xFEE0;
    } else if (code_point >= 0xFF65 && code_point <= 0xFF9F) {
      const bool is_mark = code_point >= kHalfWidthVoiced;
      const char32_t joined = is_mark && size > 0 ? with_mark(term[size - 1], code_point) : 0;
      if (is_mark && size > 0 && joined != term[size - 1]) {
        term[size - 1] = joined;
        continue;
      }
      folded = kFullWidthKatakana[code_point - 0xFF65];
    }
    term[size++] = folded;
  }
  term.resize(size);
}

std::unique_ptr<const Analyzer> make_cjk_analyzer() { return std::make_unique<CjkAnalyzer>(); }

}  // namespace rare::bm25
