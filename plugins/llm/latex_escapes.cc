#include "plugins/llm/latex_escapes.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace rare::llm {
namespace {

// Commands that begin with n or t. What remains of the first ones without that letter is no word.
constexpr std::array<std::string_view, 28> kCommands = {
    "nabla",     "newcommand", "newline",          "nexists", "ngeq",
    "nleq",      "nmid",       "nonumber",         "not",     "notin",
    "nparallel", "nsubseteq",  "tbinom",           "text",    "textbf",
    "textit",    "textrm",     "textsf",           "texttt",  "tfrac",
    "therefore", "theta",      "thickapprox",      "tilde",   "times",
    "triangle",  "triangleq",  "twoheadrightarrow"};
constexpr std::array<std::string_view, 9> kCommandsOrWords = {"ne",  "neg", "neq", "ni", "nu",
                                                              "tan", "tau", "to",  "top"};

bool is_ascii_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

std::string_view letters_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_ascii_letter(text[end])) ++end;
  return text.substr(at, end - at);
}

template <class List>
bool is_among(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

LatexEscapes::LatexEscapes(std::string_view raw) : raw_(raw) {
  math_ = raw.find('$') != std::string_view::npos;
  for (std::size_t i = raw.find('\\'); i < raw.size(); i = raw.find('\\', i)) {
    if (raw.substr(i).starts_with("\\\\")) {
      doubled_ = doubled_ || (i + 2 < raw.size() && is_ascii_letter(raw[i + 2]));
      i += 2;
      continue;
    }
    const bool is_quote = raw.substr(i).starts_with("\\'");
    careless_ = careless_ || (!is_known_escape(i) && !is_quote) || is_control_escape(i);
    i += is_known_escape(i) ? 2 : 1;
  }
}

bool LatexEscapes::is_known_escape(std::size_t at) const {
  if (at + 1 >= raw_.size()) return false;
  const char next = raw_[at + 1];
  if (next != 'u') return std::string_view("\"\\/bfnrt").find(next) != std::string_view::npos;
  if (at + 6 > raw_.size()) return false;
  const std::string_view digits = raw_.substr(at + 2, 4);
  return std::all_of(digits.begin(), digits.end(),
                     [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; });
}

bool LatexEscapes::is_control_escape(std::size_t at) const {
  const char next = at + 1 < raw_.size() ? raw_[at + 1] : '\0';
  if (next == 'r') return at + 2 < raw_.size() && is_ascii_letter(raw_[at + 2]);
  return next == 'b' || next == 'f';
}

bool LatexEscapes::is_escape(std::size_t at) const {
  if (!is_known_escape(at) || is_control_escape(at)) return false;
  const char next = raw_[at + 1];
  if ((next != 'n' && next != 't') || (doubled_ && !careless_)) return true;
  const std::string_view name = letters_at(raw_, at + 1);
  if (is_among(kCommands, name)) return false;
  return !((careless_ || math_) && is_among(kCommandsOrWords, name));
}

}  // namespace rare::llm
