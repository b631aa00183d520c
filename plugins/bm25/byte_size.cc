#include "plugins/bm25/byte_size.h"

#include <charconv>
#include <cmath>
#include <string>

namespace rare::bm25 {
namespace {

// 0 for what is no unit.
double bytes_of_unit(std::string unit) {
  for (char& c : unit) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (unit.empty() || unit == "b") return 1;
  constexpr std::string_view kPrefixes = "kmgt";
  const std::size_t power = kPrefixes.find(unit[0]);
  if (power == std::string_view::npos) return 0;
  const std::string rest = unit.substr(1);
  if (rest != "b" && rest != "ib") return 0;
  return std::pow(rest == "b" ? 1000.0 : 1024.0, static_cast<double>(power + 1));
}

}  // namespace

Result<std::uint64_t> parse_byte_size(std::string_view text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  const char* unit = parsed.ptr;
  while (unit != end && *unit == ' ') ++unit;
  const double bytes = number * bytes_of_unit(std::string(unit, end));
  if (parsed.ec != std::errc() || !(bytes >= 1) || bytes > 0x1p62) {
    return Status(StatusCode::invalid_argument,
                  "expected a size such as 512MB, found `" + std::string(text) + "`");
  }
  return static_cast<std::uint64_t>(bytes);
}

}  // namespace rare::bm25
