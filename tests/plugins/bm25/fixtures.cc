#include "fixtures.h"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "plugins/bm25/code_points.h"

namespace rare::bm25::testing {

std::filesystem::path fixture_path(const std::string& name) {
  if (const char* folder = std::getenv("RARE_BM25_FIXTURES")) {
    return std::filesystem::path(folder) / name;
  }
  const char* source = std::getenv("RARE_TEST_SOURCE");
  return std::filesystem::path(source == nullptr ? "." : source) / "tests/plugins/bm25/fixtures" /
         name;
}

std::vector<std::string> fixture_lines(const std::string& name) {
  std::ifstream file(fixture_path(name), std::ios::binary);
  if (!file) throw std::runtime_error("no fixture " + fixture_path(name).string());
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> pieces;
  while (true) {
    const std::size_t end = text.find(separator);
    pieces.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string> words(std::string_view text) {
  return text.empty() ? std::vector<std::string>() : split(text, ' ');
}

std::string unescaped(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    if (text.substr(0, 3) == "\\u{") {
      const std::size_t end = text.find('}');
      append_utf8(static_cast<char32_t>(from_hex(std::string(text.substr(3, end - 3)))), result);
      text.remove_prefix(end + 1);
    } else {
      result.push_back(text.front());
      text.remove_prefix(1);
    }
  }
  return result;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::uint64_t from_hex(const std::string& digits) { return std::stoull(digits, nullptr, 16); }

}  // namespace rare::bm25::testing
