// Colours, where they are wanted, and tables in columns.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rare::engine::cli {

class Style {
 public:
  // `color` is always, never or auto: where the stream is a terminal and NO_COLOR is not set.
  Style(std::string_view color, int file_descriptor);

  std::string heading(std::string_view text) const { return painted("1", text); }
  std::string error(std::string_view text) const { return painted("1;31", text); }
  std::string warning(std::string_view text) const { return painted("1;33", text); }
  // The word "error:" of each diagnostic; lines quoted from a file stay as they are.
  std::string diagnostics(const std::string& text) const;
  bool enabled() const { return enabled_; }

 private:
  std::string painted(std::string_view code, std::string_view text) const;
  bool enabled_;
};

// Rows in columns two spaces apart, the last one ragged; each row has the same number of cells.
std::string columns(const std::vector<std::vector<std::string>>& rows,
                    std::string_view indent = "");

// `text` broken at spaces into lines of at most `width` characters, each after `indent`.
std::string wrapped(std::string_view text, std::string_view indent, std::size_t width = 96);

}  // namespace rare::engine::cli
