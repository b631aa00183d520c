// Units of a text: what a passage may begin and end with.
#pragma once

#include <unicode/brkiter.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rare/status.h"
#include "text_blocks.h"

namespace rare::text {

struct TextUnit {
  std::size_t begin = 0;  // bytes
  std::size_t end = 0;
  std::size_t section = 0;     // counted by the headings before it
  bool opens_section = false;  // a heading
};

struct TextUnits {
  std::vector<TextUnit> units;
  std::vector<std::vector<std::string>> headings;  // of each section, from the outermost
};

// Sentences as UAX #29 and the language's abbreviations have them (ICU), lines of code, headings.
// Thread-safety: an instance belongs to one thread at a time.
class UnitFinder {
 public:
  // `language` is a BCP 47 tag; of one that ICU does not know only its abbreviations are missing.
  static Result<UnitFinder> for_language(const std::string& language);

  // A unit of more than `max_tokens` is parted between words, or inside one that is too long.
  TextUnits find(std::string_view text, const std::vector<TextBlock>& blocks,
                 std::size_t max_tokens);

 private:
  explicit UnitFinder(std::unique_ptr<icu::BreakIterator> sentences)
      : sentences_(std::move(sentences)) {}

  // Where the sentences of the block end, the block's own end among them.
  std::vector<std::size_t> sentence_ends(std::string_view text, const TextBlock& block);

  std::unique_ptr<icu::BreakIterator> sentences_;
};

}  // namespace rare::text
