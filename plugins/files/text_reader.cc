#include "text_reader.h"

#include <algorithm>
#include <utility>

#include "front_matter.h"

namespace rare::files {
namespace {

constexpr std::size_t kMostFrontMatterBytes = std::size_t{64} << 10;

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
}

std::string_view without_break(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

}  // namespace

TextReader::TextReader(const ReadSettings& settings, bool has_front_matter,
                       std::size_t max_record_bytes)
    : split_(settings.split == "line"        ? Split::line
             : settings.split == "paragraph" ? Split::paragraph
                                             : Split::file),
      has_front_matter_(has_front_matter),
      leaves_unfinished_(settings.leaves_unfinished_line && split_ == Split::line),
      encoding_(settings.encoding),
      max_record_bytes_(max_record_bytes) {}

Status TextReader::open(const std::string& path, const ReaderPosition& from, std::uint64_t end) {
  path_ = path;
  position_ = {};
  front_matter_ = Json::object();
  if (Status opened = bytes_.open(path, 0, end, encoding_); !opened) return opened;
  if (Status read = read_head(); !read) return read;
  if (from.stage == ReaderPosition::Stage::start) return Status();
  position_ = from;
  return bytes_.open(path, from.offset, end, encoding_);
}

void TextReader::pass(std::size_t bytes) {
  advance(position_, bytes_.window().substr(0, bytes));
  bytes_.consume(bytes);
}

Status TextReader::read_head() {
  Result<bool> more = true;
  while (*more && bytes_.window().size() < kMostFrontMatterBytes) {
    more = bytes_.fill();
    if (!more) return more.status();
  }
  const std::size_t mark = byte_order_mark_bytes(bytes_.window());
  pass(mark);
  position_.line_start += mark;
  position_.stage = ReaderPosition::Stage::inside;
  if (!has_front_matter_) return Status();
  const bool is_whole_file = !*more && bytes_.window().size() <= kMostFrontMatterBytes;
  FrontMatter head =
      read_front_matter(bytes_.window().substr(0, kMostFrontMatterBytes), is_whole_file);
  front_matter_ = std::move(head.fields);
  pass(head.bytes);
  return Status();
}

Status TextReader::pass_blank_lines() {
  for (;;) {
    const Result<std::size_t> end = bytes_.line_end(0, max_record_bytes_);
    if (!end) return end.status();
    const std::string_view line = bytes_.window().substr(0, *end);
    if (line.empty() || !is_blank(line)) return Status();
    if (leaves_unfinished_ && !line.ends_with('\n')) return Status();
    pass(*end);
  }
}

// Where the next piece ends that the window's first byte begins; 0 at the end of the file.
Result<std::size_t> TextReader::piece_end() {
  if (split_ == Split::line) return bytes_.line_end(0, max_record_bytes_);
  if (split_ == Split::paragraph) {
    std::size_t size = 0;
    for (;;) {
      const Result<std::size_t> end = bytes_.line_end(size, max_record_bytes_);
      if (!end) return end.status();
      if (*end == size || is_blank(bytes_.window().substr(size, *end - size))) return size;
      size = *end;
      if (size > max_record_bytes_) return size;
    }
  }
  Result<bool> more = true;
  while (*more && bytes_.window().size() <= max_record_bytes_) {
    more = bytes_.fill();
    if (!more) return more.status();
  }
  return bytes_.window().size();
}

// What is left of a piece that is too long: of a line up to its break, of a paragraph up to a blank
// line, of a file up to its end. The window begins where the piece does.
Status TextReader::leave_rest() {
  for (bool begins_line = true;;) {
    const Result<std::size_t> end = bytes_.line_end(0, max_record_bytes_);
    if (!end) return end.status();
    const std::string_view line = bytes_.window().substr(0, *end);
    if (line.empty()) return Status();
    if (split_ == Split::paragraph && begins_line && is_blank(line)) return Status();
    begins_line = line.ends_with('\n');
    pass(*end);
    if (split_ == Split::line && begins_line) return Status();
  }
}

Result<std::optional<Json>> TextReader::next() {
  if (position_.stage == ReaderPosition::Stage::end) return std::optional<Json>();
  if (split_ != Split::file) {
    if (Status passed = pass_blank_lines(); !passed) return passed;
  }
  const ReaderPosition start = position_;
  const Result<std::size_t> end = piece_end();
  if (!end) return end.status();
  if (split_ == Split::file) {
    position_.stage = ReaderPosition::Stage::end;
  } else if (*end == 0) {
    return std::optional<Json>();
  }
  const std::string_view text = bytes_.window().substr(0, *end);
  if (leaves_unfinished_ && *end <= max_record_bytes_ && !text.ends_with('\n')) {
    return leave_unfinished(start);
  }
  position_.ordinal += 1;
  if (*end > max_record_bytes_) {
    const std::string head(text.substr(0, kMaxRawBytes));
    if (Status left = leave_rest(); !left) return left;
    if (leaves_unfinished_ && position_.offset != position_.line_start) {
      return leave_unfinished(start);
    }
    return unreadable_record(
        path_, start, head,
        {0, "a text of at most " + std::to_string(max_record_bytes_) + " bytes",
         "one of " + std::to_string(position_.offset - start.offset) +
             " (its beginning is kept); split it, or leave it out"});
  }
  Result<std::optional<Json>> made = record(start, text);
  pass(*end);
  return made;
}

Result<std::optional<Json>> TextReader::record(const ReaderPosition& start,
                                               std::string_view text) const {
  const std::size_t invalid = first_invalid_utf8(text);
  if (invalid != text.size()) {
    return unreadable_record(
        path_, start, text,
        {invalid, "UTF-8",
         "the byte " + std::to_string(static_cast<unsigned char>(text[invalid])) +
             "; if the file is in another encoding, say it with `encoding:`"});
  }
  Json object = front_matter_;
  object["text"] = std::string(split_ == Split::file ? text : without_break(text));
  object.emplace("path", path_);
  if (split_ != Split::file) object.emplace("line", start.line);
  return std::optional<Json>(std::move(object));
}

}  // namespace rare::files
