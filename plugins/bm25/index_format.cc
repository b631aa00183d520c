#include "plugins/bm25/index_format.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace rare::bm25 {

std::uint64_t checksum_of(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::uint64_t header_checksum(const IndexHeader& header) {
  return XXH3_64bits(&header, offsetof(IndexHeader, checksum));
}

std::uint64_t term_hash(const char* text, std::size_t bytes) { return XXH3_64bits(text, bytes); }

}  // namespace rare::bm25
