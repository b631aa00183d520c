#include "plugins/bm25/han_share.h"

#include <algorithm>

#include "plugins/bm25/code_points.h"

namespace rare::bm25 {

void HanShare::add(std::string_view text) {
  const std::size_t end = std::min(text.size(), kBytesOfEach);
  for (std::size_t at = 0; at < end;) {
    const auto lead = static_cast<unsigned char>(text[at]);
    if (lead < 0x80) {
      const auto letter = static_cast<unsigned char>(lead | 0x20);
      characters_ += (letter >= 'a' && letter <= 'z') || (lead >= '0' && lead <= '9') ? 1 : 0;
      ++at;
      continue;
    }
    const DecodedCodePoint next = decode_utf8(text, at);
    at += next.bytes;
    if (is_ignorable(next.code_point)) continue;
    ++characters_;
    han_ += is_han(next.code_point) ? 1 : 0;
  }
}

double HanShare::share() const {
  return characters_ == 0 ? 0 : static_cast<double>(han_) / static_cast<double>(characters_);
}

}  // namespace rare::bm25
