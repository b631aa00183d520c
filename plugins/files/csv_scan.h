// Where the cells of a CSV row are, and where the row ends (RFC 4180, and what others write: any
// delimiter of one byte, line breaks LF, CRLF and CR, all of them within one file).
//
// A quote counts at a cell's beginning only; within a cell that has none there it is text. What
// stands between a closing quote and the next delimiter is a problem of the row, which then goes on
// to its line break.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json_element.h"

namespace rare::files {

struct CsvCell {
  std::size_t begin = 0;  // in the row; behind the opening quote
  std::size_t size = 0;
  bool is_quoted = false;
  bool has_doubled_quotes = false;
};

// Thread-safety: one thread at a time. Keeps its memory from row to row.
class CsvScan {
 public:
  static constexpr std::size_t kMostCells = std::size_t{1} << 20;

  explicit CsvScan(char delimiter) : delimiter_(delimiter) {}

  void begin();
  // Goes on in the row's bytes, of which earlier calls have seen a beginning. True when the row has
  // ended; false when it needs more bytes, of which there are none if `is_last`.
  bool take(std::string_view row, bool is_last);
  // The bytes seen go away, their cells too: the next take() gets what follows them. For a row that
  // is too long to be kept.
  void forget();

  // Of a row that has ended: how many bytes it has, with and without its line break.
  std::size_t size() const { return at_; }
  std::size_t text_size() const { return text_size_; }
  // The first kMostCells of them; a row of delimiters alone must not take twenty times its size.
  const std::vector<CsvCell>& cells() const { return cells_; }
  std::size_t cell_count() const { return cell_count_; }
  const std::optional<ParseProblem>& problem() const { return problem_; }
  // The row ended, or came as far as it did, within quotes; where they open.
  bool is_open() const { return state_ == State::quoted; }
  std::size_t opening_quote() const { return opening_quote_; }

 private:
  enum class State { cell_start, plain, quoted, quote_in_quoted, ended };
  void end_cell(std::size_t at, bool is_quoted);
  std::size_t skip_quoted(std::string_view row);
  std::size_t skip_plain(std::string_view row) const;
  bool end_row(std::string_view row, bool is_last);
  enum class Next { go_on, needs_more, row_ended };
  Next behind_quote(std::string_view row, bool is_last);

  char delimiter_;
  State state_ = State::cell_start;
  std::size_t at_ = 0;
  std::size_t text_size_ = 0;
  std::size_t opening_quote_ = 0;
  CsvCell cell_;
  std::vector<CsvCell> cells_;
  std::size_t cell_count_ = 0;
  std::optional<ParseProblem> problem_;
};

// What a cell says: `row` is what its scan saw.
std::string text_of_cell(std::string_view row, const CsvCell& cell);

}  // namespace rare::files
