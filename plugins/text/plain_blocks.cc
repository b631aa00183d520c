#include "text_blocks.h"

#include <algorithm>

namespace rare::text {

std::vector<TextBlock> plain_blocks(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  std::vector<TextBlock> blocks;
  bool in_block = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    const std::size_t last = line.find_last_not_of(kSpace);
    if (last == std::string_view::npos) {
      in_block = false;
    } else {
      if (!in_block) {
        TextBlock block;
        block.begin = at + line.find_first_not_of(kSpace);
        blocks.push_back(block);
      }
      in_block = true;
      blocks.back().end = at + last + 1;
    }
    at = end + 1;
  }
  return blocks;
}

}  // namespace rare::text
