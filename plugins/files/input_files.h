// The files that a `path` parameter names, and what makes them the same files at a later start.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rare/json.h"
#include "rare/status.h"

namespace rare::files {

struct InputFile {
  std::string path;
  std::uint64_t size_bytes = 0;
};

// Regular, readable files in the order of `patterns`, each file once; within a pattern (`*`, `?`,
// `[...]`) sorted by byte. A path that exists is no pattern. Every pattern must name a file; a
// folder that a pattern matches is passed over. Errors are run faults (invalid_argument).
Result<std::vector<InputFile>> find_input_files(const std::vector<std::string>& patterns);

// {path, size, mtime_ns, sha256}; the hash is over the first and the last 64 KiB.
Result<Json> identify(const InputFile& file);

}  // namespace rare::files
