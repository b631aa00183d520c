#include "engine/cli/terminal.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace rare::engine::cli {
namespace {

bool color_wanted(std::string_view color, int file_descriptor) {
  if (color == "always") return true;
  if (color == "never") return false;
  // https://no-color.org: any value but the empty one.
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* terminal = std::getenv("TERM");
  if (terminal == nullptr || std::string_view(terminal) == "dumb") return false;
  return ::isatty(file_descriptor) == 1;
}

// Characters, not bytes: continuation bytes of UTF-8 take no room.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

}  // namespace

Style::Style(std::string_view color, int file_descriptor)
    : enabled_(color_wanted(color, file_descriptor)) {}

std::string Style::painted(std::string_view code, std::string_view text) const {
  if (!enabled_) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

std::string Style::diagnostics(const std::string& text) const {
  if (!enabled_) return text;
  constexpr std::string_view kWord = "error:";
  std::string result;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    std::string line = text.substr(begin, end - begin);
    begin = end;
    const std::size_t at = line.find(kWord);
    if (line[0] != ' ' && at != std::string::npos) line.replace(at, kWord.size(), error(kWord));
    result += line;
  }
  return result;
}

std::string columns(const std::vector<std::vector<std::string>>& rows, std::string_view indent) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line(indent);
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string wrapped(std::string_view text, std::string_view indent, std::size_t width) {
  std::string result, line;
  const auto finish_line = [&] {
    if (!line.empty()) result += std::string(indent) + line;
    result += "\n";
    line.clear();
  };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    const std::string_view word = text.substr(0, end);
    if (!word.empty()) {
      const bool fits = width_of(indent) + width_of(line) + 1 + width_of(word) <= width;
      if (!line.empty() && !fits) finish_line();
      if (!line.empty()) line += ' ';
      line += word;
    }
    if (end < text.size() && text[end] == '\n') finish_line();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (!line.empty()) finish_line();
  return result;
}

}  // namespace rare::engine::cli
