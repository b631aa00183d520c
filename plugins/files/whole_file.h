// A file that is written in one go when all of its rows are there, because its format has no rows
// that could follow each other as a run goes on.
#pragma once

#include <string>
#include <string_view>

#include "rare/status.h"

namespace rare::files {

// Thread-safety: one thread at a time. Errors are run faults that name the path.
class WholeFile {
 public:
  virtual ~WholeFile() = default;
  // Whether all rows are to be given to survey(), in their order, before open().
  virtual bool surveys() const { return false; }
  // An error (invalid_argument) says why these rows make no such file; the path is put before it.
  virtual Status survey(std::string_view) { return Status(); }
  // Begins a file anew under a working name, whatever stands there.
  virtual Status open(const std::string& path) = 0;
  // An object of JSON, without a line break. Equal rows in equal order give equal files.
  // REQUIRES: ByteReader::kPaddingBytes readable bytes behind it, here and for survey().
  virtual Status add(std::string_view row) = 0;
  // Ends the file. The caller syncs it and gives it its name. An object that goes before leaves a
  // file that nobody takes for a whole one.
  virtual Status close() = 0;
};

}  // namespace rare::files
