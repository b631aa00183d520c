// The analyzer `cjk`: for texts in Chinese, Japanese or Korean, whose words no space parts.
#pragma once

#include <memory>
#include <string>

#include "plugins/bm25/analyzer.h"

namespace rare::bm25 {

// Lucene's CJKAnalyzer: words of UAX #29, width folding, lower case, then each run of adjacent
// Han, Hiragana, Katakana and Hangul characters as its overlapping pairs (a lone one as it is), and
// last its 35 stop words taken out.
std::unique_ptr<const Analyzer> make_cjk_analyzer();

// Lucene's CJKWidthFilter: full-width ASCII becomes ASCII; half-width Katakana becomes full-width,
// a voice mark joined with the character before it where the two have a form of their own.
void fold_width(std::u32string& term);

}  // namespace rare::bm25
