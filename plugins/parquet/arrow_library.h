// What needs Arrow, as a library of its own that is loaded beside the one that needs it. Both carry
// simdjson under the same names, in different versions: within one library one of them would call
// the other's functions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plugins/files/record_reader.h"
#include "rare/status.h"
#include "typed_file.h"

namespace rare::parquet {

struct ArrowLibrary {
  // `columns`: what to read, by top-level names; empty: all. A position is the number of the row in
  // the file (ReaderPosition::ordinal).
  std::unique_ptr<files::RecordReader> (*make_reader)(std::vector<std::string> columns);
  std::unique_ptr<TypedFile> (*make_file)();
};

inline constexpr char kArrowSymbol[] = "rare_parquet_arrow_1";  // raised when an interface changes
inline constexpr char kArrowFile[] = "librare_parquet_arrow.so";

// Loads it from the folder that this code is in; never unloaded. An error (invalid_argument) says
// what is missing and how to get it. Thread-safety: any thread.
Result<const ArrowLibrary*> arrow_library();

}  // namespace rare::parquet
