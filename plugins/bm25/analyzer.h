// Analyzers: from a text to the terms that are indexed and searched, as Lucene's analyzers make
// them.
//
// english     EnglishAnalyzer: words of UAX #29, possessive 's stripped, lower case, 33 stop words
//             taken out, Porter stems
// standard    StandardAnalyzer: words of UAX #29, lower case
// whitespace  WhitespaceAnalyzer: split at white space
//
// Thread-safety: immutable; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rare::bm25 {

class Analyzer {
 public:
  virtual ~Analyzer() = default;
  // Appends the text's terms in their order, as UTF-8. Bytes that are not UTF-8 read as U+FFFD.
  virtual void analyze(std::string_view text, std::vector<std::string>& terms) const = 0;

  std::vector<std::string> terms_of(std::string_view text) const {
    std::vector<std::string> terms;
    analyze(text, terms);
    return terms;
  }
};

// The names make_analyzer knows.
std::vector<std::string> analyzer_names();

// Null for a name that is not in analyzer_names().
std::unique_ptr<const Analyzer> make_analyzer(std::string_view name);

}  // namespace rare::bm25
