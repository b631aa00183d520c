#include "plugins/bm25/icu_analyzer.h"

#include <libstemmer.h>
#include <unicode/brkiter.h>
#include <unicode/bytestream.h>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/ubrk.h>
#include <unicode/unistr.h>
#include <unicode/utext.h>
#include <unicode/uversion.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "plugins/bm25/code_points.h"

namespace rare::bm25 {
namespace {

// libstemmer's names of languages as ICU's locales; it knows one stemmer that is no language.
struct Language {
  std::string_view name;
  const char* locale;
};
constexpr std::array kLanguages = {
    Language{"arabic", "ar"},     Language{"armenian", "hy"},  Language{"basque", "eu"},
    Language{"catalan", "ca"},    Language{"danish", "da"},    Language{"dutch", "nl"},
    Language{"english", "en"},    Language{"esperanto", "eo"}, Language{"estonian", "et"},
    Language{"finnish", "fi"},    Language{"french", "fr"},    Language{"german", "de"},
    Language{"greek", "el"},      Language{"hindi", "hi"},     Language{"hungarian", "hu"},
    Language{"indonesian", "id"}, Language{"irish", "ga"},     Language{"italian", "it"},
    Language{"lithuanian", "lt"}, Language{"nepali", "ne"},    Language{"norwegian", "no"},
    Language{"portuguese", "pt"}, Language{"romanian", "ro"},  Language{"russian", "ru"},
    Language{"serbian", "sr"},    Language{"spanish", "es"},   Language{"swedish", "sv"},
    Language{"tamil", "ta"},      Language{"turkish", "tr"},   Language{"yiddish", "yi"}};

const Language* find_language(std::string_view name) {
  const auto at = std::find_if(kLanguages.begin(), kLanguages.end(),
                               [&](const Language& language) { return language.name == name; });
  return at == kLanguages.end() ? nullptr : &*at;
}

struct StemmerEnd {
  void operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }
};
using Stemmer = std::unique_ptr<sb_stemmer, StemmerEnd>;

void check(UErrorCode code, const std::string& what) {
  if (U_FAILURE(code)) {
    throw std::runtime_error("ICU " + icu_version() + " cannot give " + what + " (" +
                             u_errorName(code) + "): is its data installed?");
  }
}

// A text as ICU reads it, without a copy.
class OpenText {
 public:
  explicit OpenText(std::string_view text) {
    UErrorCode code = U_ZERO_ERROR;
    utext_openUTF8(&text_, text.data(), static_cast<std::int64_t>(text.size()), &code);
    check(code, "a view of a text");
  }
  OpenText(const OpenText&) = delete;
  OpenText& operator=(const OpenText&) = delete;
  ~OpenText() { utext_close(&text_); }
  UText* get() { return &text_; }

 private:
  UText text_ = UTEXT_INITIALIZER;
};

// What is needed to cut one text; for one thread at a time.
class WordCutter {
 public:
  explicit WordCutter(const Language& language) : locale_(language.locale) {
    UErrorCode code = U_ZERO_ERROR;
    breaks_.reset(icu::BreakIterator::createWordInstance(locale_, code));
    check(code, "word boundaries");
    folding_ = icu::Normalizer2::getNFKCCasefoldInstance(code);
    check(code, "case folding");
    stemmer_.reset(sb_stemmer_new(std::string(language.name).c_str(), "UTF_8"));
    if (!stemmer_) {
      throw std::runtime_error("libstemmer cannot make its stemmer for " +
                               std::string(language.name));
    }
  }

  // Gives the words of text[begin..end). REQUIRES: less than 2^31 bytes of it.
  void cut(std::string_view text, TokenBounds part, TokenSink& sink) {
    OpenText open(text.substr(part.begin, part.end - part.begin));
    UErrorCode code = U_ZERO_ERROR;
    breaks_->setText(open.get(), code);
    check(code, "the words of a text");
    std::int32_t begin = breaks_->first();
    for (std::int32_t end = breaks_->next(); end != icu::BreakIterator::DONE;
         begin = end, end = breaks_->next()) {
      if (breaks_->getRuleStatus() < UBRK_WORD_NONE_LIMIT) continue;
      add_word(text,
               {part.begin + static_cast<std::size_t>(begin),
                part.begin + static_cast<std::size_t>(end)},
               sink);
    }
  }

 private:
  // The word in pieces that are not too long.
  void add_word(std::string_view text, TokenBounds word, TokenSink& sink) {
    while (word.begin < word.end) {
      TokenBounds piece = {word.begin, word.begin};
      for (int units = 0; piece.end < word.end;) {
        const DecodedCodePoint next = decode_utf8(text, piece.end);
        units += utf16_units(next.code_point);
        if (units > kMaxTokenUtf16Units) break;
        piece.end += next.bytes;
      }
      piece.end = std::min(piece.end, word.end);
      std::string term = term_of(text.substr(piece.begin, piece.end - piece.begin));
      if (!term.empty()) sink.add(std::move(term), piece);
      word.begin = piece.end;
    }
  }

  std::string term_of(std::string_view word) {
    icu::UnicodeString lowered = icu::UnicodeString::fromUTF8(
        icu::StringPiece(word.data(), static_cast<std::int32_t>(word.size())));
    lowered.toLower(locale_);
    UErrorCode code = U_ZERO_ERROR;
    const icu::UnicodeString folded = folding_->normalize(lowered, code);
    check(code, "the folded form of a word");
    std::string utf8;
    folded.toUTF8String(utf8);
    const auto* symbols = reinterpret_cast<const sb_symbol*>(utf8.data());
    const sb_symbol* stem = sb_stemmer_stem(stemmer_.get(), symbols, static_cast<int>(utf8.size()));
    if (stem == nullptr) throw std::bad_alloc();
    return std::string(reinterpret_cast<const char*>(stem),
                       static_cast<std::size_t>(sb_stemmer_length(stemmer_.get())));
  }

  icu::Locale locale_;
  std::unique_ptr<icu::BreakIterator> breaks_;
  const icu::Normalizer2* folding_ = nullptr;  // ICU's own
  Stemmer stemmer_;
};

// Cutters are costly to make and serve one thread at a time: they are kept for the next text.
class IcuAnalyzer final : public Analyzer {
 public:
  explicit IcuAnalyzer(const Language& language) : language_(language) { give_back(take()); }

  void analyze_into(std::string_view text, TokenSink& sink) const override {
    std::unique_ptr<WordCutter> cutter = take();
    // ICU counts in 32 bits: a longer text is cut at a space, or where none is near anywhere.
    for (std::size_t begin = 0; begin < text.size();) {
      TokenBounds part = {begin, text.size()};
      if (part.end - begin > kMostBytes) {
        const std::size_t space = text.rfind(' ', begin + kMostBytes);
        part.end = space == std::string_view::npos || space <= begin ? begin + kMostBytes : space;
      }
      cutter->cut(text, part, sink);
      begin = part.end;
    }
    give_back(std::move(cutter));
  }

 private:
  static constexpr std::size_t kMostBytes = std::size_t{1} << 30;

  std::unique_ptr<WordCutter> take() const {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<WordCutter> cutter = std::move(idle_.back());
        idle_.pop_back();
        return cutter;
      }
    }
    return std::make_unique<WordCutter>(language_);
  }

  void give_back(std::unique_ptr<WordCutter> cutter) const {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(cutter));
  }

  const Language language_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<WordCutter>> idle_;
};

}  // namespace

std::vector<std::string> icu_languages() {
  std::vector<std::string> names;
  for (const char** name = sb_stemmer_list(); *name != nullptr; ++name) {
    if (find_language(*name) != nullptr) names.emplace_back(*name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::unique_ptr<const Analyzer> make_icu_analyzer(std::string_view name) {
  const std::vector<std::string> known = icu_languages();
  if (std::find(known.begin(), known.end(), name) == known.end()) return nullptr;
  return std::make_unique<IcuAnalyzer>(*find_language(name));
}

std::string icu_version() {
  UVersionInfo version;
  u_getVersion(version);
  std::array<char, U_MAX_VERSION_STRING_LENGTH> text{};
  u_versionToString(version, text.data());
  return text.data();
}

}  // namespace rare::bm25
