#include "plugins/bm25/text_identity.h"

#include <cstddef>

#include "plugins/bm25/code_points.h"

namespace rare::bm25 {

std::string identity_key(std::string_view text) {
  std::string key;
  key.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < kFoldedAscii.size()) {
      if (const char folded = kFoldedAscii[byte]; folded != '\0') key += folded;
      ++at;
      continue;
    }
    const DecodedCodePoint next = decode_utf8(text, at);
    at += next.bytes;
    if (!is_ignorable(next.code_point)) append_utf8(to_lower(next.code_point), key);
  }
  return key;
}

}  // namespace rare::bm25
