#include "text_units.h"

#include <unicode/filteredbrk.h>
#include <unicode/locid.h>
#include <unicode/unistr.h>
#include <unicode/utext.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "plugins/tokens/token_estimate.h"

namespace rare::text {

namespace {

constexpr std::string_view kSpace = " \t\r\n\f\v";

std::vector<std::size_t> line_ends(std::string_view text, const TextBlock& block) {
  std::vector<std::size_t> ends;
  for (std::size_t at = block.begin; at < block.end;) {
    at = std::min(text.find('\n', at), block.end);
    ends.push_back(at++);
  }
  return ends;
}

// The unit without white space around it.
TextUnit trimmed_unit(std::string_view text, TextUnit unit) {
  while (unit.begin < unit.end && kSpace.find(text[unit.begin]) != kSpace.npos) ++unit.begin;
  while (unit.begin < unit.end && kSpace.find(text[unit.end - 1]) != kSpace.npos) --unit.end;
  return unit;
}

// The bytes of the longest beginning of at most `max_tokens` that ends with a word, where its
// second half has a word's end; at least one character.
std::size_t bytes_of_part(std::string_view text, std::size_t max_tokens) {
  std::size_t fitting = tokens::bytes_of_tokens(text, max_tokens);
  if (fitting == text.size()) return fitting;
  const std::size_t space = text.find_last_of(kSpace, fitting);
  if (space != std::string_view::npos && space >= fitting / 2) return space;
  if (fitting > 0) return fitting;
  do {
    ++fitting;
  } while (fitting < text.size() && (static_cast<unsigned char>(text[fitting]) & 0xC0) == 0x80);
  return fitting;
}

// Adds the unit, in parts where it is too long.
void add_unit(std::string_view text, const TextUnit& whole, std::size_t max_tokens,
              std::vector<TextUnit>& units) {
  TextUnit rest = trimmed_unit(text, whole);
  while (rest.begin < rest.end) {
    const std::string_view left = text.substr(rest.begin, rest.end - rest.begin);
    TextUnit part = rest;
    part.end = rest.begin + bytes_of_part(left, max_tokens);
    rest.begin = part.end;
    units.push_back(trimmed_unit(text, part));
    rest.opens_section = false;
    rest = trimmed_unit(text, rest);
  }
}

// Those of the Common Locale Data Repository; a language that it does not know has none.
std::unique_ptr<icu::BreakIterator> without_breaks_after_abbreviations(
    std::unique_ptr<icu::BreakIterator> sentences, const icu::Locale& locale) {
  UErrorCode error = U_ZERO_ERROR;
  const std::unique_ptr<icu::FilteredBreakIteratorBuilder> abbreviations(
      icu::FilteredBreakIteratorBuilder::createInstance(locale, error));
  if (U_FAILURE(error)) return sentences;
  if (std::string_view(locale.getLanguage()) == "en") {
    // It leaves them out, because they can end an address; a passage loses more by a name that is
    // torn apart.
    for (const char* abbreviation : {"Dr.", "Prof.", "St.", "Fig.", "Eq."}) {
      abbreviations->suppressBreakAfter(icu::UnicodeString(abbreviation), error);
    }
  }
  return std::unique_ptr<icu::BreakIterator>(
      abbreviations->wrapIteratorWithFilter(sentences.release(), error));
}

}  // namespace

Result<UnitFinder> UnitFinder::for_language(const std::string& language) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Locale locale = icu::Locale::forLanguageTag(language, error);
  std::unique_ptr<icu::BreakIterator> sentences(
      icu::BreakIterator::createSentenceInstance(locale, error));
  if (U_FAILURE(error)) {
    return Status(StatusCode::invalid_argument, "language is \"" + language +
                                                    "\"; expected a tag such as en, de or zh (" +
                                                    u_errorName(error) + ")");
  }
  return UnitFinder(without_breaks_after_abbreviations(std::move(sentences), locale));
}

std::vector<std::size_t> UnitFinder::sentence_ends(std::string_view text, const TextBlock& block) {
  std::string copy(text.substr(block.begin, block.end - block.begin));
  // A line's end inside a paragraph ends no sentence.
  std::replace_if(
      copy.begin(), copy.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  UErrorCode error = U_ZERO_ERROR;
  UText opened = UTEXT_INITIALIZER;
  utext_openUTF8(&opened, copy.data(), static_cast<std::int64_t>(copy.size()), &error);
  sentences_->setText(&opened, error);
  std::vector<std::size_t> ends;
  if (U_SUCCESS(error)) {
    for (std::int32_t end = sentences_->next(); end != icu::BreakIterator::DONE;
         end = sentences_->next()) {
      ends.push_back(block.begin + static_cast<std::size_t>(end));
    }
  }
  utext_close(&opened);
  if (ends.empty() || ends.back() != block.end) ends.push_back(block.end);
  return ends;
}

TextUnits UnitFinder::find(std::string_view text, const std::vector<TextBlock>& blocks,
                           std::size_t max_tokens) {
  TextUnits found;
  found.headings.emplace_back();
  std::vector<std::pair<int, std::string>> path;  // levels and titles
  for (const TextBlock& block : blocks) {
    std::vector<std::size_t> ends = {block.end};
    TextUnit unit;
    if (block.kind == TextBlock::Kind::heading) {
      while (!path.empty() && path.back().first >= block.level) path.pop_back();
      path.emplace_back(block.level, block.title);
      std::vector<std::string>& headings = found.headings.emplace_back();
      for (const auto& [level, title] : path) headings.push_back(title);
      unit.opens_section = true;
    } else if (block.kind == TextBlock::Kind::prose) {
      ends = sentence_ends(text, block);
    } else {
      ends = line_ends(text, block);
    }
    unit.section = found.headings.size() - 1;
    std::size_t begin = block.begin;
    for (const std::size_t end : ends) {
      unit.begin = begin;
      unit.end = end;
      add_unit(text, unit, max_tokens, found.units);
      begin = end;
    }
  }
  return found;
}

}  // namespace rare::text
