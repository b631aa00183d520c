#include "record_reader.h"

#include <algorithm>

namespace rare::files {

std::size_t byte_order_mark_bytes(std::string_view file_start) {
  return file_start.starts_with("\xef\xbb\xbf") ? 3 : 0;
}

void advance(ReaderPosition& position, std::string_view bytes) {
  for (std::size_t at = bytes.find('\n'); at != std::string_view::npos;
       at = bytes.find('\n', at + 1)) {
    position.line += 1;
    position.line_start = position.offset + at + 1;
  }
  position.offset += bytes.size();
}

Status unreadable_record(const std::string& path, const ReaderPosition& start,
                         std::string_view text, const ParseProblem& problem) {
  ReaderPosition at = start;
  advance(at, text.substr(0, std::min(problem.byte, text.size())));
  std::string message = path + ":" + std::to_string(at.line) + ":" +
                        std::to_string(at.offset - at.line_start + 1) + ": expected " +
                        problem.expected + ", came " + problem.came;
  return Status(StatusCode::invalid_data, std::move(message))
      .with_raw(std::string(text.substr(0, kMaxRawBytes)));
}

}  // namespace rare::files
