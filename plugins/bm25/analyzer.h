// Analyzers: from a text to the terms that are indexed and searched.
//
// As Lucene's analyzers make them, token for token:
//   english     EnglishAnalyzer: words of UAX #29, possessive 's stripped, lower case, 33 stop
//   words
//               taken out, Porter stems
//   standard    StandardAnalyzer: words of UAX #29, lower case
//   whitespace  WhitespaceAnalyzer: split at white space
//   cjk         CJKAnalyzer: words of UAX #29, lower case, 35 stop words taken out; Chinese,
//               Japanese and Korean writing as overlapping pairs of characters (cjk_analyzer.h)
// And for the languages that the Snowball project has stemmers for:
//   icu_german, ...  words as ICU breaks them, folded, stemmed (icu_analyzer.h)
//
// Thread-safety: immutable; any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/bm25/tokenizer.h"

namespace rare::bm25 {

// Takes what an analyzer finds, in the order of the text.
class TokenSink {
 public:
  explicit TokenSink(std::vector<std::string>& terms, std::vector<TokenBounds>* places = nullptr)
      : terms_(terms), places_(places) {}

  void add(std::string&& term, const TokenBounds& place) {
    terms_.push_back(std::move(term));
    if (places_ != nullptr) places_->push_back(place);
  }

 private:
  std::vector<std::string>& terms_;
  std::vector<TokenBounds>* places_;
};

class Analyzer {
 public:
  virtual ~Analyzer() = default;

  // Appends the text's terms in their order, as UTF-8. Bytes that are not UTF-8 read as U+FFFD.
  void analyze(std::string_view text, std::vector<std::string>& terms) const {
    TokenSink sink(terms);
    analyze_into(text, sink);
  }
  std::vector<std::string> terms_of(std::string_view text) const {
    constexpr std::size_t kBytesPerTerm = 8;  // of English text, stop words included
    constexpr std::size_t kMostReserved = 1024;
    std::vector<std::string> terms;
    terms.reserve(std::min(text.size() / kBytesPerTerm + 1, kMostReserved));
    analyze(text, terms);
    return terms;
  }
  // Gives each term with the bytes of the text that it was made of, too.
  virtual void analyze_into(std::string_view text, TokenSink& sink) const = 0;
};

// The names make_analyzer knows.
std::vector<std::string> analyzer_names();

// What decides the terms of this analyzer: its name, and for one that rests on libraries the
// version of ICU and a digest of what libstemmer gives (stem_digest.h), such as
// "icu_german.72.1.1a2b3c4d". At most 31 bytes, fit for the name of a file. REQUIRES: one of
// analyzer_names().
std::string analyzer_key(std::string_view name);

// By name, or by key. Null for a name that is not in analyzer_names(), and for a key that is not
// what analyzer_key() gives here; a key without the digest, as earlier indexes have it, counts.
// Throws std::runtime_error where a library cannot be set up (ICU without its data).
std::unique_ptr<const Analyzer> make_analyzer(std::string_view name_or_key);

}  // namespace rare::bm25
