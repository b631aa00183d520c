#include "csv_scan.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace rare::files {
namespace {
bool is_break(char c) { return c == '\n' || c == '\r'; }
}  // namespace

void CsvScan::begin() {
  state_ = State::cell_start;
  at_ = text_size_ = opening_quote_ = cell_count_ = 0;
  cell_ = {};
  cells_.clear();
  problem_.reset();
}

void CsvScan::forget() {
  at_ = 0;
  cell_ = {};
  cells_.clear();
}

void CsvScan::end_cell(std::size_t at, bool is_quoted) {
  cell_.is_quoted = is_quoted;
  cell_.size = at - cell_.begin;
  cell_count_ += 1;
  if (cells_.size() < kMostCells) cells_.push_back(cell_);
  cell_ = {};
}

// To the next quote, or behind all there is.
std::size_t CsvScan::skip_quoted(std::string_view row) {
  const void* quote = std::memchr(row.data() + at_, '"', row.size() - at_);
  return quote == nullptr ? row.size()
                          : static_cast<std::size_t>(static_cast<const char*>(quote) - row.data());
}

std::size_t CsvScan::skip_plain(std::string_view row) const {
  std::size_t at = at_;
  while (at < row.size() && row[at] != delimiter_ && !is_break(row[at])) ++at;
  return at;
}

// At a line break, or behind the file's last byte. A CR may be the first half of a CRLF.
bool CsvScan::end_row(std::string_view row, bool is_last) {
  text_size_ = at_;
  if (at_ < row.size()) {
    const bool may_be_half = row[at_] == '\r' && at_ + 1 == row.size();
    if (may_be_half && !is_last) return false;
    at_ += row[at_] == '\r' && at_ + 1 < row.size() && row[at_ + 1] == '\n' ? 2 : 1;
  }
  state_ = State::ended;
  return true;
}

// Behind a quote within quotes: it was doubled, or closed the cell.
CsvScan::Next CsvScan::behind_quote(std::string_view row, bool is_last) {
  const bool at_end = at_ >= row.size();
  if (!at_end && row[at_] == '"') {
    ++at_;
    cell_.has_doubled_quotes = true;
    state_ = State::quoted;
    return Next::go_on;
  }
  if (!at_end && row[at_] == delimiter_) {
    end_cell(at_ - 1, true);
    ++at_;
    state_ = State::cell_start;
    return Next::go_on;
  }
  if (at_end || is_break(row[at_])) {
    if (!end_row(row, is_last)) return Next::needs_more;
    end_cell(text_size_ - 1, true);
    return Next::row_ended;
  }
  if (!problem_) {
    problem_ = ParseProblem{at_, "a delimiter or a line break behind the closing quote",
                            "something else; a quote within quotes is written twice"};
  }
  state_ = State::plain;
  return Next::go_on;
}

bool CsvScan::take(std::string_view row, bool is_last) {
  for (;;) {
    const bool at_end = at_ >= row.size();
    if (at_end && !is_last) return false;
    switch (state_) {
      case State::cell_start:
        cell_.begin = at_;
        state_ = State::plain;
        if (!at_end && row[at_] == '"') {
          opening_quote_ = at_++;
          cell_.begin = at_;
          state_ = State::quoted;
        }
        break;
      case State::plain:
        at_ = skip_plain(row);
        if (at_ >= row.size() && !is_last) return false;
        if (at_ < row.size() && row[at_] == delimiter_) {
          end_cell(at_++, false);
          state_ = State::cell_start;
          break;
        }
        if (!end_row(row, is_last)) return false;
        end_cell(text_size_, false);
        return true;
      case State::quoted:
        if (at_end) return true;  // is_open()
        at_ = skip_quoted(row);
        if (at_ < row.size()) {
          ++at_;
          state_ = State::quote_in_quoted;
        }
        break;
      case State::quote_in_quoted:
        if (const Next next = behind_quote(row, is_last); next != Next::go_on) {
          return next == Next::row_ended;
        }
        break;
      case State::ended:
        return true;
    }
  }
}

std::string text_of_cell(std::string_view row, const CsvCell& cell) {
  const std::string_view text = row.substr(cell.begin, cell.size);
  if (!cell.has_doubled_quotes) return std::string(text);
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t quote = std::min(text.find('"', from), text.size());
    plain += text.substr(from, quote - from);
    if (quote < text.size()) plain += '"';
    from = quote + 2;
  }
  return plain;
}

}  // namespace rare::files
