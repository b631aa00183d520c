#include "csv_reader.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "cell_value.h"

namespace rare::files {
namespace {

std::string count_of(std::size_t cells) {
  return std::to_string(cells) + (cells == 1 ? " cell" : " cells");
}

constexpr std::size_t kMostHeadBytes = std::size_t{1} << 20;
constexpr std::string_view kCandidates = ",;\t|";

// The candidate that a line has most of outside of quotes; a comma where it has none. Nothing when
// the text ends before the line does. As in CsvScan, a quote counts at a cell's beginning only.
std::optional<char> delimiter_of_line(std::string_view text) {
  std::size_t counts[kCandidates.size()] = {};
  bool begins_cell = true;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"' && begins_cell) {
      at = text.find('"', at + 1);
      if (at == std::string_view::npos) return std::nullopt;
      // One that is doubled goes on with the cell.
      begins_cell = at + 1 < text.size() && text[at + 1] == '"';
      continue;
    }
    if (c == '\r' || c == '\n') {
      return kCandidates[static_cast<std::size_t>(
          std::max_element(std::begin(counts), std::end(counts)) - std::begin(counts))];
    }
    const std::size_t which = kCandidates.find(c);
    begins_cell = which != std::string_view::npos;
    if (begins_cell) counts[which] += 1;
  }
  return std::nullopt;
}

}  // namespace

CsvReader::CsvReader(const ReadSettings& settings, std::optional<char> delimiter,
                     std::size_t max_record_bytes)
    : delimiter_(delimiter),
      columns_(settings.columns),
      has_header_(settings.columns.empty()),
      infers_(settings.infer),
      leaves_unfinished_(settings.leaves_unfinished_line),
      encoding_(settings.encoding),
      max_record_bytes_(max_record_bytes) {
  if (settings.delimiter != "auto") delimiter_ = settings.delimiter.front();
}

Status CsvReader::head_fault(const ReaderPosition& at, const std::string& expected,
                             const std::string& came) const {
  return Status::run_fault(StatusCode::invalid_data,
                           path_ + ":" + std::to_string(at.line) + ":" +
                               std::to_string(at.offset - at.line_start + 1) + ": expected " +
                               expected + ", came " + came);
}

// The head is read by every start: what it says about the rows is in no position.
Status CsvReader::open(const std::string& path, const ReaderPosition& from, std::uint64_t end) {
  path_ = path;
  position_ = {};
  row_ = {};
  if (Status opened = bytes_.open(path, 0, end, encoding_); !opened) return opened;
  if (Status read = read_head(); !read) return read;
  if (from.stage == ReaderPosition::Stage::start) return Status();
  position_ = from;
  return bytes_.open(path, from.offset, end, encoding_);
}

void CsvReader::pass(std::string_view bytes) {
  advance(position_, bytes);
  bytes_.consume(bytes.size());
}

// A byte order mark, and the line `sep=;` with which Excel is told the delimiter.
Status CsvReader::read_delimiter() {
  std::string_view window = bytes_.window();
  while (window.find_first_of("\r\n") == std::string_view::npos && window.size() < kMostHeadBytes) {
    Result<bool> more = bytes_.fill();
    if (!more) return more.status();
    window = bytes_.window();
    if (!*more) break;
  }
  const std::size_t mark = byte_order_mark_bytes(window);
  pass(window.substr(0, mark));
  position_.line_start += mark;
  window = bytes_.window();
  const std::string_view line = window.substr(0, window.find_first_of("\r\n"));
  if (line.size() == 5 && line.starts_with("sep=")) {
    if (!delimiter_) delimiter_ = line[4];
    const bool has_two = window.substr(5, 2) == "\r\n";
    pass(window.substr(0, std::min<std::size_t>(window.size(), has_two ? 7 : 6)));
  }
  const Result<char> delimiter = delimiter_ ? Result<char>(*delimiter_) : find_delimiter();
  if (!delimiter) return delimiter.status();
  scan_ = CsvScan(*delimiter);
  return Status();
}

// Of the first line that is not blank, or of as much of it as is looked at.
Result<char> CsvReader::find_delimiter() {
  for (Result<bool> more = true;;) {
    std::string_view text = bytes_.window();
    text.remove_prefix(std::min(text.find_first_not_of("\r\n"), text.size()));
    if (const std::optional<char> found = delimiter_of_line(text); found) return *found;
    if (!*more) return delimiter_of_line(std::string(text) + "\n").value_or(kCandidates.front());
    more = bytes_.window().size() < kMostHeadBytes ? bytes_.fill() : Result<bool>(false);
    if (!more) return more.status();
  }
}

Status CsvReader::read_head() {
  if (Status read = read_delimiter(); !read) return read;
  ReaderPosition start = position_;
  Result<Row> row = Row::none;
  if (has_header_) {
    columns_.clear();
    do {  // blank lines before it
      start = position_;
      row = read_row();
      if (!row) return row.status();
    } while (*row == Row::whole && row_.empty());
    if (unfinished_line()) return Status();  // still at the file's start
    if (*row == Row::too_long || scan_.is_open()) {
      return head_fault(start, "a header line that ends",
                        "a quote that is never closed, or more than " +
                            std::to_string(max_record_bytes_) +
                            " bytes; mend it, or name the columns with `columns:`");
    }
    if (scan_.problem()) {
      return head_fault(start, scan_.problem()->expected, scan_.problem()->came);
    }
    if (*row == Row::whole) {
      for (const CsvCell& cell : scan_.cells()) columns_.push_back(text_of_cell(row_, cell));
    }
  }
  position_.stage = ReaderPosition::Stage::inside;
  return name_columns(start);
}

Status CsvReader::name_columns(const ReaderPosition& start) {
  by_name_.resize(columns_.size());
  std::iota(by_name_.begin(), by_name_.end(), std::size_t{0});
  std::sort(by_name_.begin(), by_name_.end(),
            [this](std::size_t a, std::size_t b) { return columns_[a] < columns_[b]; });
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (first_invalid_utf8(columns_[i]) != columns_[i].size()) {
      return head_fault(start, "names in UTF-8", "other bytes; say the file's `encoding:`");
    }
    if (i > 0 && columns_[by_name_[i]] == columns_[by_name_[i - 1]]) {
      return head_fault(start, "a name of its own for each column",
                        Json(columns_[by_name_[i]]).dump() +
                            " twice; rename one, or leave the header line out and name the columns "
                            "with `columns:`");
    }
  }
  return Status();
}

// Of a row that has ended: whether only the file's end ended it.
bool CsvReader::is_unfinished() const {
  return leaves_unfinished_ && (scan_.is_open() || scan_.size() == scan_.text_size());
}

Result<CsvReader::Row> CsvReader::read_row() {
  scan_.begin();
  bool is_last = false;
  while (!scan_.take(bytes_.window(), is_last)) {
    if (bytes_.window().size() > max_record_bytes_) return leave_row();
    Result<bool> more = bytes_.fill();
    if (!more) return more.status();
    is_last = !*more;
  }
  const std::string_view row = bytes_.window().substr(0, scan_.size());
  if (row.empty()) return Row::none;
  if (is_unfinished()) {
    leave_unfinished(position_);
    return Row::none;
  }
  const bool ends_with_cr = row.ends_with('\r') && !scan_.is_open();
  row_ = row.substr(0, scan_.is_open() ? row.size() : scan_.text_size());
  pass(row);
  if (ends_with_cr) {
    position_.line += 1;
    position_.line_start = position_.offset;
  }
  return Row::whole;
}

// Its beginning stays for the message; the rest is passed over piece by piece.
Result<CsvReader::Row> CsvReader::leave_row() {
  const ReaderPosition start = position_;
  overlong_head_.assign(bytes_.window().substr(0, kMaxRawBytes));
  row_ = overlong_head_;
  overlong_quote_ = scan_.is_open() ? std::min(scan_.opening_quote(), row_.size()) : 0;
  bool is_last = false;
  for (;;) {
    pass(bytes_.window());
    scan_.forget();
    Result<bool> more = bytes_.fill();
    if (!more) return more.status();
    is_last = !*more;
    if (scan_.take(bytes_.window(), is_last)) break;
  }
  if (is_unfinished()) {
    bytes_.consume(bytes_.window().size());
    leave_unfinished(start);
    return Row::none;
  }
  pass(bytes_.window().substr(0, scan_.size()));
  return Row::too_long;
}

Result<CsvReader::Row> CsvReader::read_record_row(ReaderPosition& start) {
  if (position_.stage == ReaderPosition::Stage::broken) {
    return head_fault(position_, "the rest of the rows",
                      "the end of a quote that was never closed, so that rows cannot be told apart "
                      "any more; the dead letter before this names the line on which it opens: "
                      "close it there, and start again");
  }
  for (;;) {
    start = position_;
    Result<Row> row = read_row();
    if (!row || *row == Row::none) return row;
    if (*row == Row::whole && row_.empty()) continue;
    position_.ordinal += 1;
    if (scan_.is_open()) position_.stage = ReaderPosition::Stage::broken;
    return row;
  }
}

Result<std::optional<Json>> CsvReader::next() {
  ReaderPosition start;
  const Result<Row> row = read_record_row(start);
  if (!row) return row.status();
  if (*row == Row::none) return std::optional<Json>();
  if (*row == Row::whole) return record(start);
  return unreadable_record(
      path_, start, row_,
      {overlong_quote_, "a row of at most " + std::to_string(max_record_bytes_) + " bytes",
       "one of " + std::to_string(position_.offset - start.offset) +
           " (its beginning is kept); a quote here may lack its end"});
}

Result<std::uint64_t> CsvReader::skip(std::uint64_t most) {
  std::uint64_t skipped = 0;
  for (ReaderPosition start; skipped < most; ++skipped) {
    const Result<Row> row = read_record_row(start);
    if (!row) return row.status();
    if (*row == Row::none) break;
  }
  return skipped;
}

Result<std::optional<Json>> CsvReader::record(const ReaderPosition& start) {
  const auto unreadable = [&](const ParseProblem& problem) {
    return unreadable_record(path_, start, row_, problem);
  };
  if (scan_.is_open()) {
    return unreadable({scan_.opening_quote(), "a quote that is closed", "the end of the file"});
  }
  if (scan_.problem()) return unreadable(*scan_.problem());
  const std::vector<CsvCell>& cells = scan_.cells();
  if (scan_.cell_count() != columns_.size()) {
    const bool is_more = cells.size() > columns_.size();
    return unreadable({is_more ? cells[columns_.size()].begin : row_.size(),
                       count_of(columns_.size()) + (has_header_ ? " as the header has" : ""),
                       std::to_string(scan_.cell_count())});
  }
  const std::size_t invalid = first_invalid_utf8(row_);
  if (invalid != row_.size()) {
    return unreadable({invalid, "UTF-8",
                       "the byte " + std::to_string(static_cast<unsigned char>(row_[invalid])) +
                           "; if the file is in another encoding, say it with `encoding:`"});
  }
  Json::object_t object;
  for (const std::size_t column : by_name_) {
    const CsvCell& cell = cells[column];
    std::string text = text_of_cell(row_, cell);
    std::optional<Json> value;
    if (infers_ && !cell.is_quoted) value = value_of_cell(text);
    object.emplace_hint(object.end(), columns_[column],
                        value ? std::move(*value) : Json(std::move(text)));
  }
  return std::optional<Json>(Json(std::move(object)));
}

}  // namespace rare::files
