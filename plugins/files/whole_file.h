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
  // Begins a file anew under a working name, whatever stands there, with what was surveyed so far.
  // After close() the next one can begin: files with the rows of one survey have the same columns.
  virtual Status open(const std::string& path) = 0;
  // An object of JSON, without a line break. Equal rows in equal order give equal files.
  // REQUIRES: ByteReader::kPaddingBytes readable bytes behind it, as for all that take a row.
  virtual Status add(std::string_view row) = 0;
  // Both, for a row that open() could not know of yet. False: with it the file has to be another
  // one, and what was begun is of no use.
  // Each format has to say which it is: one that took such a row like any other would lose what is
  // new in it.
  virtual Result<bool> survey_and_add(std::string_view row) = 0;
  // Ends the file. The caller syncs it and gives it its name. An object that goes before leaves a
  // file that nobody takes for a whole one.
  virtual Status close() = 0;
  // Lets go of a file that was begun and not ended, and of what was surveyed.
  virtual void forget() {}
};

}  // namespace rare::files
