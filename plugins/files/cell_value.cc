#include "cell_value.h"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <system_error>

namespace rare::files {
namespace {

// Takes digits off the beginning; how many.
std::size_t take_digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
  text.remove_prefix(count);
  return count;
}

enum class NumberForm { none, integer, floating };

NumberForm form_of(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool leads_with_zero = text.starts_with('0');
  const std::size_t whole = take_digits(text);
  if (whole == 0 || (leads_with_zero && whole > 1)) return NumberForm::none;
  if (text.empty()) return NumberForm::integer;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (take_digits(text) == 0) return NumberForm::none;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    if (take_digits(text) == 0) return NumberForm::none;
  }
  return text.empty() ? NumberForm::floating : NumberForm::none;
}

template <class Number>
std::optional<Json> number_of(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return Json(number);
}

}  // namespace

std::optional<Json> value_of_cell(std::string_view text) {
  if (text.empty()) return Json();
  if (text == "true") return Json(true);
  if (text == "false") return Json(false);
  switch (form_of(text)) {
    case NumberForm::none:
      return std::nullopt;
    case NumberForm::integer:
      if (text == "-0") return std::nullopt;  // as a number it would lose its sign
      return text.starts_with('-') ? number_of<std::int64_t>(text) : number_of<std::uint64_t>(text);
    case NumberForm::floating:
      return number_of<double>(text);
  }
  return std::nullopt;
}

}  // namespace rare::files
