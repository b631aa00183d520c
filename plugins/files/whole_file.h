// A file that is written in one go when all of its rows are there, because its format has no rows
// that could follow each other as a run goes on.
#pragma once

#include <memory>
#include <string>

#include "rare/json.h"
#include "rare/status.h"

namespace rare::files {

// Thread-safety: one thread at a time. Errors are run faults that name the path.
class WholeFile {
 public:
  virtual ~WholeFile() = default;
  // Begins a file anew under a working name, whatever stands there.
  virtual Status open(const std::string& path) = 0;
  // An object. Equal rows in equal order give equal files.
  virtual Status add(const Json& row) = 0;
  // Ends the file. The caller syncs it and gives it its name. An object that goes before leaves a
  // file that nobody takes for a whole one.
  virtual Status close() = 0;
};

}  // namespace rare::files
