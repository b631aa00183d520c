// What identifies a local model's replies: the file's contents, its chat template, its server.
#pragma once

#include <string>

#include "rare/status.h"

namespace rare::llm {

// SHA-256 of the file's bytes. Remembered in `cache_path` together with the file's path, size and
// time of change, because reading a large model takes as long as loading it.
Result<std::string> model_hash(const std::string& path, const std::string& cache_path);

// What `program --version` says about itself (its first line with a version), or "unknown".
// The output passes through a file `scratch_path`.
std::string server_version(const std::string& program, const std::string& scratch_path);

}  // namespace rare::llm
