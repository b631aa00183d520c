// A file of typed columns, as it is written: a value for each column, row by row. What writes it
// knows Arrow and no JSON; what gives it the values, the other way around.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "column_type.h"

namespace rare::parquet {

// Where the values of a column go, or those of a part of one. Each call but begin_key() and parts()
// takes one value; false: its type has no such value, or there is no memory for it.
// Thread-safety: one thread at a time.
class CellWriter {
 public:
  virtual ~CellWriter() = default;
  virtual bool add_null() = 0;
  virtual bool add_boolean(bool value) = 0;
  virtual bool add_integer(std::int64_t value) = 0;
  virtual bool add_unsigned(std::uint64_t value) = 0;
  virtual bool add_number(double value) = 0;
  // For all types that are text in a record (column_type.h); for `json`, the value's JSON text.
  virtual bool add_text(std::string_view value) = 0;
  // A value with parts, whose own values come next: any number for a list's one part; for a map's,
  // each behind its begin_key(); one for each of a structure's.
  virtual bool begin_parts() = 0;
  virtual bool begin_key(std::string_view key) = 0;
  virtual CellWriter& part(std::size_t number) = 0;
};

// Why a file cannot be written.
struct FileProblem {
  int system_error = 0;  // errno, where a call of the system failed
  std::string reason;
};

// Equal rows give equal bytes. Memory holds one row group, packed, and a batch of rows.
// Thread-safety: one thread at a time.
class TypedFile {
 public:
  virtual ~TypedFile() = default;
  // `columns` outlives this. `compression`: none, gzip, zstd, snappy, lz4 or brotli.
  virtual std::optional<FileProblem> open(const std::string& path,
                                          const std::vector<NamedType>& columns,
                                          const std::string& compression) = 0;
  // One for each column.
  virtual std::vector<CellWriter*> cells() = 0;
  // Every column has got its value. `size_bytes` is what the row counts for, where batches and row
  // groups end; many values, null or not, in all parts of rows that are small end them, too.
  virtual std::optional<FileProblem> end_row(std::size_t size_bytes) = 0;
  virtual std::optional<FileProblem> close() = 0;
};

}  // namespace rare::parquet
