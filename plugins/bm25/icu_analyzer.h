// The analyzers `icu_LANGUAGE`: for languages other than English.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/bm25/analyzer.h"

namespace rare::bm25 {

// The languages that libstemmer has a stemmer for, by their English names, in lower case; sorted.
std::vector<std::string> icu_languages();

// Words as ICU breaks them for the language (by dictionary where it writes without spaces), what
// has neither letter nor digit left out; lower case by the language's rules, then NFKC_Casefold
// (UAX #31: compatibility forms and case folded, what is invisible taken out); the Snowball stemmer
// of the language. Words longer than 255 UTF-16 units are cut. No stop words.
// Null for a language that is not in icu_languages(). Throws std::runtime_error where ICU has not
// its data.
std::unique_ptr<const Analyzer> make_icu_analyzer(std::string_view language);

// The version of the ICU that is at work, which brings the rules for words and the forms of
// characters: "72.1".
std::string icu_version();

}  // namespace rare::bm25
