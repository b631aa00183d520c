// The rows of a file as JSON text, in blocks that threads take one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/files/read_parameters.h"
#include "rare/status.h"
#include "record_file.h"

namespace rare::look {

struct RowBlock {
  // Readable bytes behind each row, as fast parsers want them.
  static constexpr std::size_t kPaddingBytes = 64;

  struct Row {
    std::size_t begin, length;
    std::string fault;  // why it could not be read
  };
  std::uint64_t first = 1;  // number of the first row; they are counted from 1
  std::string bytes;
  std::vector<Row> rows;

  std::string_view text(const Row& row) const {
    return std::string_view(bytes).substr(row.begin, row.length);
  }
};

// Thread-safety: one thread at a time.
class RowBlocks {
 public:
  virtual ~RowBlocks() = default;
  // `end`: only so many bytes of the file.
  static Result<std::unique_ptr<RowBlocks>> open(const std::string& path,
                                                 const files::ReadParameters& parameters,
                                                 std::optional<std::uint64_t> end);
  // Nothing at the end. An error is a run fault: what follows cannot be read.
  virtual Result<std::optional<RowBlock>> next() = 0;
  // The same rows by their number. Once, when all blocks were given.
  virtual Result<std::unique_ptr<RecordFile>> records() = 0;
};

}  // namespace rare::look
