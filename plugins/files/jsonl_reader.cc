#include "jsonl_reader.h"

#include <algorithm>
#include <utility>

namespace rare::files {

Status JsonlReader::open(const std::string& path, const ReaderPosition& from, std::uint64_t end) {
  path_ = path;
  position_ = from;
  return bytes_.open(path, from.offset, end, encoding_);
}

Result<bool> JsonlReader::skip_line() {
  for (;;) {
    const std::string_view view = bytes_.window();
    const std::size_t newline = view.find('\n');
    const std::size_t skipped = newline == std::string_view::npos ? view.size() : newline + 1;
    position_.offset += skipped;
    bytes_.consume(skipped);
    if (newline != std::string_view::npos) return true;
    Result<bool> more = bytes_.fill();
    if (!more) return more.status();
    if (!*more) return false;
  }
}

Result<std::optional<Json>> JsonlReader::overlong_line() {
  const ReaderPosition start = position_;
  const std::string head(bytes_.window().substr(0, kMaxRawBytes));
  const Result<bool> ended = skip_line();
  if (!ended) return ended.status();
  if (leaves_unfinished_ && !*ended) return leave_unfinished(start);
  position_.line += 1;
  position_.line_start = position_.offset;
  position_.ordinal += 1;
  return unreadable_record(path_, start, head,
                           {0, "a line of at most " + std::to_string(max_record_bytes_) + " bytes",
                            "one of " + std::to_string(position_.offset - start.offset) +
                                " (its beginning is kept); split it, or leave it out"});
}

Result<std::optional<Json>> JsonlReader::next() {
  for (;;) {
    Result<std::size_t> found = bytes_.line_end(0, max_record_bytes_);
    if (!found) return found.status();
    if (*found == 0) return std::optional<Json>();
    if (position_.stage == ReaderPosition::Stage::start) {
      position_.stage = ReaderPosition::Stage::inside;
      const std::size_t mark = byte_order_mark_bytes(bytes_.window());
      bytes_.consume(mark);
      position_.offset += mark;
      position_.line_start += mark;
      if (mark > 0) continue;
    }
    std::string_view line = bytes_.window().substr(0, *found);
    const bool ended = line.back() == '\n';
    if (line.size() - ended > max_record_bytes_) return overlong_line();

    bytes_.consume(line.size());
    const ReaderPosition start = position_;
    position_.offset += line.size();
    position_.line += 1;
    position_.line_start = position_.offset;
    if (ended) line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool may_go_on = leaves_unfinished_ && !ended;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
      if (may_go_on) return leave_unfinished(start);
      continue;
    }

    position_.ordinal += 1;
    std::variant<Json, ParseProblem> parsed = parser_.parse_object(line);
    if (const ParseProblem* problem = std::get_if<ParseProblem>(&parsed)) {
      if (may_go_on) return leave_unfinished(start);
      return unreadable_record(path_, start, line, *problem);
    }
    return std::optional<Json>(std::get<Json>(std::move(parsed)));
  }
}

}  // namespace rare::files
