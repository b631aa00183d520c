// Reads the rows of a Parquet file: batch by batch, so that memory holds some pages of each column,
// however large the file and its row groups are.
//
// A position is the number of the row in the file (ReaderPosition::ordinal); who goes on there
// passes over the rows before it in their row group.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "arrow_cells.h"
#include "plugins/files/record_reader.h"

namespace rare::parquet {

// Thread-safety: one thread at a time.
class ArrowReader final : public files::RecordReader {
 public:
  // `columns`: what to read, by top-level names; empty: all.
  explicit ArrowReader(std::vector<std::string> columns);
  ~ArrowReader() override;

  Status open(const std::string& path, const files::ReaderPosition& from,
              std::uint64_t end) override;
  Result<std::optional<Json>> next() override;
  // Reads nothing: how many rows there are, the file's footer says.
  Result<std::uint64_t> skip(std::uint64_t most) override;
  files::ReaderPosition position() const override { return position_; }
  // By row groups, and within one by rows; 0 where open() failed.
  std::uint64_t file_offset() const override;

 private:
  struct File;

  Status open_file();
  Status choose_columns();
  Status check_encryption() const;
  Status go_to(std::uint64_t ordinal);
  // Goes to where skip() left position_.
  Status catch_up();
  Status begin_row_group();
  // False at the end of the row group.
  Result<bool> next_batch();
  Result<Json> row_of_batch();
  // "file: row N (row group G, row R)", counted from 0: of the row that comes next.
  std::string place() const;

  std::string path_;
  std::vector<std::string> columns_;
  std::unique_ptr<File> file_;
  files::ReaderPosition position_;
  Status broken_;
  bool is_behind_ = false;  // position_ is where skip() left it, and what follows not yet
  int row_group_ = 0;
  std::uint64_t row_in_group_ = 0;  // of the row that comes next
  std::uint64_t bytes_before_ = 0;  // in the row groups before this one
  std::vector<CellReader> cells_;   // of the batch, by name
  std::int64_t row_in_batch_ = 0, rows_in_batch_ = 0;
};

}  // namespace rare::parquet
