#include "text_marks.h"

#include <unicode/utf8.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>

#include "word_characters.h"

namespace rare::look {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Gives each word in lower case, with where it stands.
void each_word(std::string_view text,
               const std::function<void(const std::string&, TextRange)>& take) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  std::string word, neighbour;
  std::size_t begin = 0, letters = 0, neighbour_begin = 0;
  const auto end_word = [&](std::size_t end) {
    if (letters >= kLeastWordLetters) take(word, {begin, end});
    word.clear();
    letters = 0;
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t here = at;
    UChar32 c = 0;
    U8_NEXT(bytes, at, text.size(), c);
    if (!is_of_a_word(c)) {
      end_word(here);
      neighbour.clear();
      continue;
    }
    if (has_no_spaces_around(c)) {
      end_word(here);
      const std::string character(text.substr(here, at - here));
      if (!neighbour.empty()) take(neighbour + character, {neighbour_begin, at});
      neighbour = character;
      neighbour_begin = here;
      continue;
    }
    neighbour.clear();
    if (letters++ == 0) begin = here;
    append_folded(word, c);
  }
  end_word(text.size());
}

}  // namespace

QuestionWords::QuestionWords(std::string_view question) {
  each_word(question, [&](const std::string& word, TextRange) { words_.insert(word); });
}

std::vector<TextRange> QuestionWords::in(std::string_view text) const {
  std::vector<TextRange> marks;
  if (words_.empty()) return marks;
  each_word(text, [&](const std::string& word, TextRange range) {
    if (!words_.contains(word)) return;
    if (!marks.empty() && marks.back().end > range.begin)
      marks.back().end = range.end;
    else
      marks.push_back(range);
  });
  return marks;
}

Needle::Needle(std::string text) : text_(std::move(text)) {
  any_case_ = std::none_of(text_.begin(), text_.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::size_t Needle::find(std::string_view in, std::size_t from) const {
  if (!any_case_) return in.find(text_, from);
  if (from > in.size()) return std::string_view::npos;
  const auto found =
      std::search(in.begin() + static_cast<std::ptrdiff_t>(from), in.end(), text_.begin(),
                  text_.end(), [](char one, char other) { return lower(one) == other; });
  return found == in.end() && !text_.empty() ? std::string_view::npos
                                             : static_cast<std::size_t>(found - in.begin());
}

std::vector<TextRange> Needle::all_in(std::string_view text, TextRange range) const {
  std::vector<TextRange> found;
  if (text_.empty()) return found;
  const std::size_t reach = text_.size() - 1;
  text = text.substr(0, std::min(text.size(), range.end + reach));
  std::size_t at = find(text, range.begin - std::min(range.begin, reach));
  for (; at != std::string_view::npos; at = find(text, at + text_.size())) {
    found.push_back({at, at + text_.size()});
  }
  return found;
}

}  // namespace rare::look
