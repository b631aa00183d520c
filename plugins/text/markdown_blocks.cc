#include <cmark.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "text_blocks.h"

namespace rare::text {

namespace {

// Where each line begins, and one more entry for the text's end.
std::vector<std::size_t> line_starts(std::string_view text) {
  std::vector<std::size_t> starts = {0};
  for (std::size_t i = 0; i < text.size(); ++i) {
    // CommonMark ends lines with \n, \r or both.
    const bool ends = text[i] == '\n' || (text[i] == '\r' && !text.substr(i + 1).starts_with('\n'));
    if (ends) starts.push_back(i + 1);
  }
  starts.push_back(text.size());
  return starts;
}

// Bytes of front matter: 0, or up to and with the second line of three dashes.
std::size_t front_matter(std::string_view text) {
  const auto is_dashes = [](std::string_view line) {
    const std::size_t end = line.find_last_not_of(" \t\r\n");
    return end == 2 && line.starts_with("---");
  };
  std::size_t at = text.find('\n');
  if (at == std::string_view::npos || !is_dashes(text.substr(0, at))) return 0;
  while (++at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (is_dashes(text.substr(at, end - at))) return std::min(end + 1, text.size());
    at = end;
  }
  return 0;
}

std::string title_of(cmark_node* heading) {
  std::string title;
  const std::unique_ptr<cmark_iter, decltype(&cmark_iter_free)> walk(cmark_iter_new(heading),
                                                                     &cmark_iter_free);
  for (auto event = cmark_iter_next(walk.get()); event != CMARK_EVENT_DONE;
       event = cmark_iter_next(walk.get())) {
    if (event != CMARK_EVENT_ENTER) continue;
    cmark_node* node = cmark_iter_get_node(walk.get());
    const cmark_node_type type = cmark_node_get_type(node);
    if (type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE) title += cmark_node_get_literal(node);
    if (type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK) title += ' ';
  }
  return title;
}

class BlockReader {
 public:
  explicit BlockReader(std::string_view text) : text_(text), lines_(line_starts(text)) {}

  void take(cmark_node* node) {
    TextBlock block;
    switch (cmark_node_get_type(node)) {
      case CMARK_NODE_HEADING:
        block.kind = TextBlock::Kind::heading;
        block.level = cmark_node_get_heading_level(node);
        block.title = title_of(node);
        break;
      case CMARK_NODE_CODE_BLOCK:
      case CMARK_NODE_HTML_BLOCK:
        block.kind = TextBlock::Kind::verbatim;
        break;
      case CMARK_NODE_PARAGRAPH:
        break;
      default:
        return;
    }
    if (place(node, block)) blocks_.push_back(std::move(block));
  }
  std::vector<TextBlock> blocks() && { return std::move(blocks_); }

 private:
  // From the node's first line to its last. Of two blocks on one line (a list in a list) the first
  // has it.
  bool place(cmark_node* node, TextBlock& block) const {
    const auto last_line = static_cast<int>(lines_.size()) - 2;
    const int first = std::clamp(cmark_node_get_start_line(node) - 1, 0, last_line);
    const int last = std::clamp(cmark_node_get_end_line(node) - 1, first, last_line);
    block.begin = lines_[static_cast<std::size_t>(first)];
    if (!blocks_.empty()) block.begin = std::max(block.begin, blocks_.back().end);
    block.end = lines_[static_cast<std::size_t>(last) + 1];
    constexpr std::string_view kSpace = " \t\r\n";
    while (block.end > block.begin && kSpace.find(text_[block.end - 1]) != kSpace.npos) --block.end;
    while (block.begin < block.end && kSpace.find(text_[block.begin]) != kSpace.npos) ++block.begin;
    return block.begin < block.end;
  }

  std::string_view text_;
  std::vector<std::size_t> lines_;
  std::vector<TextBlock> blocks_;
};

}  // namespace

std::vector<TextBlock> markdown_blocks(std::string_view text) {
  const std::size_t skipped = front_matter(text);
  const std::string_view body = text.substr(skipped);
  const std::unique_ptr<cmark_node, decltype(&cmark_node_free)> document(
      cmark_parse_document(body.data(), body.size(), CMARK_OPT_DEFAULT), &cmark_node_free);
  const std::unique_ptr<cmark_iter, decltype(&cmark_iter_free)> walk(cmark_iter_new(document.get()),
                                                                     &cmark_iter_free);
  BlockReader reader(body);
  for (auto event = cmark_iter_next(walk.get()); event != CMARK_EVENT_DONE;
       event = cmark_iter_next(walk.get())) {
    if (event == CMARK_EVENT_ENTER) reader.take(cmark_iter_get_node(walk.get()));
  }
  std::vector<TextBlock> blocks = std::move(reader).blocks();
  for (TextBlock& block : blocks) {
    block.begin += skipped;
    block.end += skipped;
  }
  return blocks;
}

}  // namespace rare::text
