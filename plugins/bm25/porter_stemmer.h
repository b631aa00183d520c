// The Porter stemmer, release 3: M.F. Porter, "An algorithm for suffix stripping", Program 14(3),
// 1980, with the three departures of his own later releases (words of one or two letters stay,
// -bli becomes -ble, -logi becomes -log). Equal to Lucene's PorterStemmer.
// Thread-safety: pure functions.
#pragma once

#include <cstddef>

namespace rare::bm25 {

// Stems word[0, length) in place and returns the new length, never more than `length`. The word is
// in lower case; characters other than a-z count as consonants. Lucene counts UTF-16 units, so
// words beyond ASCII come as char16_t.
std::size_t porter_stem(char* word, std::size_t length);
std::size_t porter_stem(char16_t* word, std::size_t length);

}  // namespace rare::bm25
