#include "plugins/bm25/lucene_score.h"

#include <bit>
#include <cmath>
#include <cstddef>

namespace rare::bm25 {
namespace {

// Lengths below this are stored as they are, the rest as a float of 4 bits less this number:
// 255 minus the code of the largest int.
constexpr std::uint32_t kExactLengths = 24;

// SmallFloat.longToInt4: three bits after the leading one, and where that one stands.
std::uint32_t to_small_float(std::uint32_t value) {
  const int bits = std::bit_width(value);
  if (bits < 4) return value;
  const int shift = bits - 4;
  return ((value >> shift) & 7U) | (static_cast<std::uint32_t>(shift + 1) << 3);
}

std::uint64_t from_small_float(std::uint32_t code) {
  const std::uint64_t bits = code & 7U;
  const int shift = static_cast<int>(code >> 3) - 1;
  return shift < 0 ? bits : (bits | 8U) << shift;
}

}  // namespace

std::uint8_t encode_length(std::uint32_t terms) {
  if (terms < kExactLengths) return static_cast<std::uint8_t>(terms);
  return static_cast<std::uint8_t>(kExactLengths + to_small_float(terms - kExactLengths));
}

std::uint32_t decode_length(std::uint8_t norm) {
  if (norm < kExactLengths) return norm;
  return static_cast<std::uint32_t>(kExactLengths + from_small_float(norm - kExactLengths));
}

float inverse_document_frequency(std::uint64_t documents_with_term, std::uint64_t documents) {
  const auto with_term = static_cast<double>(documents_with_term);
  const auto all = static_cast<double>(documents);
  return static_cast<float>(std::log(1 + (all - with_term + 0.5) / (with_term + 0.5)));
}

LengthFactors::LengthFactors(Bm25Parameters parameters, std::uint64_t documents,
                             std::uint64_t terms) {
  if (documents == 0) return;
  const auto average =
      static_cast<float>(static_cast<double>(terms) / static_cast<double>(documents));
  const float k1 = parameters.k1;
  const float b = parameters.b;
  for (std::size_t norm = 0; norm < factors_.size(); ++norm) {
    const auto length = static_cast<float>(decode_length(static_cast<std::uint8_t>(norm)));
    factors_[norm] = 1.0F / (k1 * ((1 - b) + b * length / average));
  }
}

}  // namespace rare::bm25
