// What an index says of itself, and whether it is whole.
// Thread-safety: pure functions.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "plugins/bm25/index_file.h"
#include "rare/json.h"
#include "rare/status.h"

namespace rare::bm25 {

// {"file", "bytes", "version", "compact", "key", "analyzer", "k1", "b", "records", "documents",
// "terms", "total_terms", "postings", "window_documents", "windows", "rows", "checksum",
// "sections":
// [{"name", "bytes", "checksum"}]}; checksums and the key, the corpus's digest, in hexadecimal.
Json describe_index(const std::filesystem::path& path, const IndexFile& index);

// Every section whose checksum is another one, then every place that says what cannot be: a line
// each, at most ten of them. Empty: the index is whole. Reads all of it.
std::vector<std::string> faults_of_index(const IndexFile& index);

}  // namespace rare::bm25
