#include "jsonl_reader.h"

#include <algorithm>
#include <utility>

namespace rare::files {

Status JsonlReader::open(const std::string& path, const ReaderPosition& from, std::uint64_t end) {
  path_ = path;
  position_ = from;
  return bytes_.open(path, from.offset, end, encoding_);
}

namespace {

bool is_blank_line(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

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

std::uint64_t JsonlReader::skip_within_window(std::uint64_t most) {
  if (position_.stage == ReaderPosition::Stage::start) return 0;
  const std::string_view window = bytes_.window();
  std::uint64_t skipped = 0;
  std::size_t at = 0;
  while (skipped < most) {
    const std::size_t newline = window.find('\n', at);
    if (newline == std::string_view::npos || newline - at > max_record_bytes_) break;
    if (!is_blank_line(window.substr(at, newline - at))) ++skipped;
    position_.line += 1;
    at = newline + 1;
  }
  bytes_.consume(at);
  position_.offset += at;
  if (at > 0) position_.line_start = position_.offset;
  position_.ordinal += skipped;
  return skipped;
}

// next() reads on, and takes what is not as usual: the file's beginning and end, and lines that do
// not fit.
Result<std::uint64_t> JsonlReader::skip(std::uint64_t most) {
  std::uint64_t skipped = 0;
  for (;;) {
    skipped += skip_within_window(most - skipped);
    if (skipped == most) return skipped;
    const Result<std::uint64_t> one = RecordReader::skip(1);
    if (!one) return one.status();
    if (*one == 0) return skipped;
    skipped += 1;
  }
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
    if (is_blank_line(line)) {
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
