// The files that a `path` parameter names, and what makes them the same files at a later start.
#pragma once

#include <cstdint>
#include <functional>
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

// Standard input, which can be read once: its size is kUnknownSize.
inline constexpr char kStandardInput[] = "-";
inline constexpr std::uint64_t kUnknownSize = ~std::uint64_t{0};

// What `inspect` keeps beside a file has its name and this behind it.
inline constexpr char kPlacesSuffix[] = ".places";

// The path without links, or as it is if there is nothing.
std::string real_path(const std::string& path);

struct FoundFiles {
  std::vector<InputFile> files;
  std::uint64_t passed_over = 0;  // in folders: files that are not wanted
};

// Regular, readable files in the order of `patterns`, each file once; within a pattern (`*`, `?`,
// `[...]`) sorted by byte. A path that exists is no pattern. A folder stands for the files in it
// and below it that are `wanted`, sorted by byte, but for hidden ones; links are followed, and a
// folder is entered once. Every pattern and folder must name a file; a folder that a pattern
// matches is passed over, and so is FILE.places where FILE is beside it, unless it is named in
// full. Errors are run faults (invalid_argument).
Result<FoundFiles> find_input_files(const std::vector<std::string>& patterns,
                                    const std::function<bool(const std::string& path)>& wanted);

// {path, size, mtime_ns, sha256}; the hash is over the first and the last 64 KiB. Of standard input
// {path}.
Result<Json> identify(const InputFile& file);
// The same of the file's first `size_bytes`, whatever stands behind them.
Result<Json> identify_first_bytes(const InputFile& file);
// SHA-256 of all of the file's first `size_bytes`.
Result<std::string> hash_first_bytes(const InputFile& file);

}  // namespace rare::files
