// Data of the Unicode Character Database, as of Unicode 12.1 (Lucene's tokenizer): constant tables,
// written by generate_unicode_tables.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace rare::bm25 {

// Code points that are not listed have class 0 and are not ignorable. Sorted, without overlaps.
struct CodePointRange {
  std::uint32_t first;
  std::uint32_t last;
  std::uint8_t word_break_class;
  bool ignorable;  // white space, control, format or punctuation
};
extern const CodePointRange kCodePointRanges[];
extern const std::size_t kCodePointRangeCount;

// Every `step`-th code point of first..last has the lower case (itself + distance). Sorted.
struct LowerCaseRun {
  std::uint32_t first;
  std::uint32_t last;
  std::uint32_t step;
  std::int32_t distance;
};
extern const LowerCaseRun kLowerCaseRuns[];
extern const std::size_t kLowerCaseRunCount;

// The deterministic automaton of all tokens; state 0 is the start.
constexpr std::size_t kWordBreakClassCount = 31;
constexpr std::size_t kWordBreakDeadState = 41;
extern const std::uint8_t kWordBreakNext[kWordBreakDeadState][kWordBreakClassCount];
// The kind of the token that ends in a state (TokenKind in tokenizer.h); 0: none does.
extern const std::uint8_t kWordBreakKind[kWordBreakDeadState];

}  // namespace rare::bm25
