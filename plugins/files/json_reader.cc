#include "json_reader.h"

#include <algorithm>
#include <utility>

namespace rare::files {
namespace {

// More open brackets than any document has; bounds the scan's memory.
constexpr std::size_t kMaxOpenBrackets = std::size_t{1} << 20;
constexpr std::size_t kByteOrderMarkBytes = 3;

std::string describe(int byte) {
  if (byte < 0) return "the end of the file";
  if (byte > 0x20 && byte < 0x7f) return std::string("'") + static_cast<char>(byte) + "'";
  return "the byte " + std::to_string(byte);
}

}  // namespace

bool ElementScan::close(char bracket) {
  if (closers_.empty() || closers_.back() != bracket) {
    end_ = End::mismatch;
    return true;
  }
  closers_.pop_back();
  if (top_level_ && closers_.empty()) end_ = End::closed;
  return true;
}

// One byte outside of strings; whether it belongs to the element.
bool ElementScan::outside(char c) {
  switch (c) {
    case '"':
      in_string_ = true;
      return true;
    case '{':
    case '[':
      closers_.push_back(c == '{' ? '}' : ']');
      if (closers_.size() > kMaxOpenBrackets) end_ = End::mismatch;
      return true;
    case '}':
      return close(c);
    case ']':
    case ',':
      if (closers_.empty()) {
        end_ = End::delimiter;
        return false;
      }
      return c == ',' || close(c);
    default:
      return true;
  }
}

std::size_t ElementScan::take(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && end_ == End::none) {
    const char c = bytes[taken];
    if (!in_string_) {
      if (!outside(c)) break;
    } else if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      in_string_ = false;
    }
    ++taken;
  }
  return taken;
}

Status JsonReader::open(const std::string& path, const ReaderPosition& from, std::uint64_t end) {
  path_ = path;
  position_ = from;
  return bytes_.open(path, from.offset, end, encoding_);
}

void JsonReader::consume(std::size_t bytes) {
  advance(position_, bytes_.window().substr(0, bytes));
  bytes_.consume(bytes);
}

Result<int> JsonReader::peek() {
  for (;;) {
    const std::string_view view = bytes_.window();
    const std::size_t at = view.find_first_not_of(" \t\r\n");
    consume(std::min(at, view.size()));
    if (at != std::string_view::npos) return static_cast<int>(static_cast<unsigned char>(view[at]));
    Result<bool> more = bytes_.fill();
    if (!more) return more.status();
    if (!*more) return kEndOfFile;
  }
}

Status JsonReader::fault(const std::string& expected, int came, const std::string& advice) const {
  return Status::run_fault(StatusCode::invalid_data,
                           path_ + ":" + std::to_string(position_.line) + ":" +
                               std::to_string(position_.offset - position_.line_start + 1) +
                               ": byte " + std::to_string(position_.offset) + ": expected " +
                               expected + ", came " + describe(came) + "; " + advice);
}

Status JsonReader::broken() const {
  return Status::run_fault(
      StatusCode::invalid_data,
      path_ + ":" + std::to_string(position_.line) + ":" +
          std::to_string(position_.offset - position_.line_start + 1) + ": byte " +
          std::to_string(position_.offset) +
          ": expected the rest of an array of objects, came brackets or quotes that do not match, "
          "so that records cannot be told apart any more; mend the file, or write one object a "
          "line and read it with format: jsonl");
}

Result<std::optional<Json>> JsonReader::next() {
  switch (position_.stage) {
    case ReaderPosition::Stage::start:
      return first();
    case ReaderPosition::Stage::inside:
      return following();
    case ReaderPosition::Stage::end:
      return at_end();
    case ReaderPosition::Stage::broken:
      break;
  }
  return broken();
}

Result<std::optional<Json>> JsonReader::first() {
  Result<bool> more = true;
  while (*more && bytes_.window().size() < kByteOrderMarkBytes) {
    more = bytes_.fill();
    if (!more) return more.status();
  }
  if (position_.offset == 0) {
    const std::size_t mark = byte_order_mark_bytes(bytes_.window());
    consume(mark);
    position_.line_start += mark;
  }
  Result<int> byte = peek();
  if (!byte) return byte.status();
  for (const std::string& name : way_) {
    if (Status entered = enter(name); !entered) return entered;
  }
  if (!way_.empty()) byte = peek();
  if (!byte) return byte.status();
  if (*byte == '{' && way_.empty()) return element(true);
  if (*byte != '[' && !way_.empty()) return fault("an array '['", *byte, "check `records:`");
  if (*byte != '[') {
    return fault("an array '[' or an object '{'", *byte,
                 "if the file holds one object a line, set format: jsonl");
  }
  consume(1);
  byte = peek();
  if (!byte) return byte.status();
  if (*byte == ']') {
    consume(1);
    position_.stage = ReaderPosition::Stage::end;
    return at_end();
  }
  position_.stage = ReaderPosition::Stage::inside;
  if (*byte == kEndOfFile) return following();
  return element(false);
}

Result<std::optional<Json>> JsonReader::following() {
  Result<int> byte = peek();
  if (!byte) return byte.status();
  if (*byte == ',') {
    consume(1);
    byte = peek();
    if (!byte) return byte.status();
    return element(false);
  }
  if (*byte == ']') {
    consume(1);
    position_.stage = ReaderPosition::Stage::end;
    return at_end();
  }
  return fault("',' or ']'", *byte, "the file was cut off or damaged: mend it and start again");
}

Status JsonReader::enter(const std::string& name) {
  const std::string advice = "check `records:`, which names " + Json(name).dump() + " there";
  Result<int> byte = peek();
  if (!byte) return byte.status();
  if (*byte != '{') return fault("an object '{'", *byte, advice);
  do {
    consume(1);
    byte = peek();
    if (!byte) return byte.status();
    if (*byte != '"') return fault("a member " + Json(name).dump(), *byte, advice);
    const Result<std::string> found = member_name();
    if (!found) return found.status();
    byte = peek();
    if (!byte) return byte.status();
    if (*byte != ':') return fault("':' behind a member's name", *byte, "mend the file");
    consume(1);
    if (*found == name) return Status();
    if (Status passed = pass_value(); !passed) return passed;
    byte = peek();
    if (!byte) return byte.status();
  } while (*byte == ',');
  return fault("a member " + Json(name).dump(), *byte, advice);
}

// At a quote.
Result<std::string> JsonReader::member_name() {
  for (std::size_t size = 1;; ++size) {
    while (size >= bytes_.window().size()) {
      Result<bool> more = bytes_.fill();
      if (!more) return more.status();
      if (!*more || size > max_record_bytes_) {
        return fault("the end of a member's name", kEndOfFile, "mend the file");
      }
    }
    const char c = bytes_.window()[size];
    if (c == '\\') {
      ++size;
    } else if (c == '"') {
      const Json name = Json::parse(bytes_.window().substr(0, size + 1), nullptr, false);
      if (!name.is_string()) return fault("a member's name", '"', "mend the file");
      consume(size + 1);
      return name.get<std::string>();
    }
  }
}

// Up to the ',' or '}' behind it, however long it is.
Status JsonReader::pass_value() {
  std::size_t depth = 0;
  bool in_string = false;
  bool escaped = false;
  for (;;) {
    const std::string_view view = bytes_.window();
    for (std::size_t at = 0; at < view.size(); ++at) {
      const char c = view[at];
      if (in_string) {
        in_string = escaped || c != '"';
        escaped = !escaped && c == '\\';
      } else if (depth == 0 && (c == ',' || c == '}' || c == ']')) {
        consume(at);
        return Status();
      } else if (c == '"') {
        in_string = true;
      } else if (c == '{' || c == '[') {
        ++depth;
      } else if (c == '}' || c == ']') {
        --depth;
      }
    }
    consume(view.size());
    Result<bool> more = bytes_.fill();
    if (!more) return more.status();
    if (!*more) return fault("the rest of a member", kEndOfFile, "the file was cut off");
  }
}

// Behind the array; of an array within others the rest of the document is no concern.
Result<std::optional<Json>> JsonReader::at_end() {
  if (!way_.empty()) return std::optional<Json>();
  Result<int> byte = peek();
  if (!byte) return byte.status();
  if (*byte == kEndOfFile) return std::optional<Json>();
  return fault("the end of the file after its one array or object", *byte,
               "if the file holds one object a line, set format: jsonl");
}

Result<std::optional<Json>> JsonReader::element(bool top_level) {
  ElementScan scan(top_level);
  std::size_t size = 0;
  for (;;) {
    size += scan.take(bytes_.window().substr(size));
    if (size > max_record_bytes_) return overlong_element(scan, size);
    if (scan.end() != ElementScan::End::none) break;
    Result<bool> more = bytes_.fill();
    if (!more) return more.status();
    if (!*more) break;
  }
  return take_element(scan, size);
}

Result<std::optional<Json>> JsonReader::take_element(const ElementScan& scan, std::size_t size) {
  const ReaderPosition start = position_;
  const std::string_view text = bytes_.window().substr(0, size);
  const int delimiter = bytes_.window().size() > size ? bytes_.window()[size] : kEndOfFile;
  consume(size);
  position_.ordinal += 1;
  if (scan.end() == ElementScan::End::mismatch || !scan.complete()) {
    position_.stage = ReaderPosition::Stage::broken;
  } else if (scan.end() == ElementScan::End::closed) {
    position_.stage = ReaderPosition::Stage::end;
  }
  if (text.empty()) {
    return unreadable_record(path_, start, text, {0, "a JSON object", describe(delimiter)});
  }
  std::variant<Json, ParseProblem> parsed = parser_.parse_object(text);
  if (const ParseProblem* problem = std::get_if<ParseProblem>(&parsed)) {
    return unreadable_record(path_, start, text, *problem);
  }
  return std::optional<Json>(std::get<Json>(std::move(parsed)));
}

Status JsonReader::overlong_element(ElementScan& scan, std::size_t seen) {
  const ReaderPosition start = position_;
  const std::string head(bytes_.window().substr(0, std::min(seen, kMaxRawBytes)));
  consume(seen);
  while (scan.end() == ElementScan::End::none) {
    Result<bool> more = bytes_.fill();
    if (!more) return more.status();
    if (!*more) break;
    consume(scan.take(bytes_.window()));
  }
  position_.ordinal += 1;
  if (scan.end() == ElementScan::End::mismatch || !scan.complete()) {
    position_.stage = ReaderPosition::Stage::broken;
  } else if (scan.end() == ElementScan::End::closed) {
    position_.stage = ReaderPosition::Stage::end;
  }
  return unreadable_record(
      path_, start, head,
      {0, "an element of at most " + std::to_string(max_record_bytes_) + " bytes",
       "one of " + std::to_string(position_.offset - start.offset) +
           " (its beginning is kept); split it, or leave it out"});
}

}  // namespace rare::files
