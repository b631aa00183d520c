#include "plugins/bm25/code_points.h"

#include <algorithm>
#include <array>
#include <vector>

#include "plugins/bm25/unicode_tables.h"

namespace rare::bm25 {
namespace {

constexpr std::uint32_t kBlockBits = 7;
constexpr std::uint32_t kBlockSize = 1U << kBlockBits;
constexpr std::uint32_t kCodePointCount = 0x110000;
constexpr std::uint8_t kIgnorableBit = 0x80;

// The ranges as a two-stage table: equal blocks of 128 code points are stored once.
class CodePointTable {
 public:
  CodePointTable() {
    std::vector<std::uint8_t> flat(kCodePointCount, 0);
    for (std::size_t i = 0; i < kCodePointRangeCount; ++i) {
      const CodePointRange& range = kCodePointRanges[i];
      const auto value =
          static_cast<std::uint8_t>(range.word_break_class | (range.ignorable ? kIgnorableBit : 0));
      std::fill(flat.begin() + range.first, flat.begin() + range.last + 1, value);
    }
    for (std::size_t block = 0; block < block_of_.size(); ++block) {
      const std::uint8_t* begin = flat.data() + block * kBlockSize;
      block_of_[block] = find_or_add(begin);
    }
  }

  std::uint8_t operator[](char32_t code_point) const {
    const auto value = static_cast<std::uint32_t>(code_point);
    return values_[block_of_[value >> kBlockBits] * kBlockSize + (value & (kBlockSize - 1))];
  }

 private:
  std::uint16_t find_or_add(const std::uint8_t* begin) {
    const std::size_t known = values_.size() / kBlockSize;
    for (std::size_t i = 0; i < known; ++i) {
      if (std::equal(begin, begin + kBlockSize, values_.data() + i * kBlockSize)) {
        return static_cast<std::uint16_t>(i);
      }
    }
    values_.insert(values_.end(), begin, begin + kBlockSize);
    return static_cast<std::uint16_t>(known);
  }

  std::array<std::uint16_t, kCodePointCount / kBlockSize> block_of_{};
  std::vector<std::uint8_t> values_;
};

const CodePointTable& table() {
  static const CodePointTable instance;
  return instance;
}

constexpr bool in(unsigned char byte, unsigned char low, unsigned char high) {
  return byte >= low && byte <= high;
}

// Length of the sequence that `lead` begins (0: none does), and the range of its second byte.
struct Sequence {
  std::size_t bytes;
  unsigned char second_low, second_high;
};
constexpr Sequence sequence_of(unsigned char lead) {
  if (in(lead, 0xC2, 0xDF)) return {2, 0x80, 0xBF};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (in(lead, 0xE1, 0xEF)) return {3, 0x80, 0xBF};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (in(lead, 0xF1, 0xF3)) return {4, 0x80, 0xBF};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

DecodedCodePoint decode_utf8(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return {lead, 1};
  const Sequence sequence = sequence_of(lead);
  if (sequence.bytes == 0) return {kReplacementCharacter, 1};
  char32_t code_point = lead & (0xFFU >> (sequence.bytes + 1));
  for (std::size_t i = 1; i < sequence.bytes; ++i) {
    const unsigned char low = i == 1 ? sequence.second_low : 0x80;
    const unsigned char high = i == 1 ? sequence.second_high : 0xBF;
    if (at + i >= text.size() || !in(static_cast<unsigned char>(text[at + i]), low, high)) {
      return {kReplacementCharacter, i};
    }
    code_point = (code_point << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
  }
  return {code_point, sequence.bytes};
}

void append_utf8(char32_t code_point, std::string& text) {
  const auto tail = [&](int shift) {
    text.push_back(static_cast<char>(0x80 | ((code_point >> shift) & 0x3F)));
  };
  if (code_point < 0x80) {
    text.push_back(static_cast<char>(code_point));
  } else if (code_point < 0x800) {
    text.push_back(static_cast<char>(0xC0 | (code_point >> 6)));
    tail(0);
  } else if (code_point < 0x10000) {
    text.push_back(static_cast<char>(0xE0 | (code_point >> 12)));
    tail(6);
    tail(0);
  } else {
    text.push_back(static_cast<char>(0xF0 | (code_point >> 18)));
    tail(12);
    tail(6);
    tail(0);
  }
}

std::u32string code_points_of(std::string_view text) {
  std::u32string code_points;
  code_points.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const DecodedCodePoint next = decode_utf8(text, at);
    code_points.push_back(next.code_point);
    at += next.bytes;
  }
  return code_points;
}

std::string utf8_of(std::u32string_view code_points) {
  std::string text;
  for (const char32_t code_point : code_points) append_utf8(code_point, text);
  return text;
}

char32_t to_lower(char32_t code_point) {
  if (code_point < 0x80) {
    return code_point >= U'A' && code_point <= U'Z' ? code_point + 0x20 : code_point;
  }
  const LowerCaseRun* end = kLowerCaseRuns + kLowerCaseRunCount;
  const LowerCaseRun* run =
      std::lower_bound(kLowerCaseRuns, end, code_point,
                       [](const LowerCaseRun& r, char32_t value) { return r.last < value; });
  if (run == end || code_point < run->first || (code_point - run->first) % run->step != 0) {
    return code_point;
  }
  return static_cast<char32_t>(static_cast<std::int64_t>(code_point) + run->distance);
}

std::uint8_t word_break_class(char32_t code_point) {
  return static_cast<std::uint8_t>(table()[code_point] & ~kIgnorableBit);
}

bool is_ignorable(char32_t code_point) { return (table()[code_point] & kIgnorableBit) != 0; }

bool is_java_whitespace(char32_t code_point) {
  if (code_point <= 0x20) {
    return (code_point >= 0x09 && code_point <= 0x0D) || code_point >= 0x1C;
  }
  return code_point == 0x1680 ||
         (code_point >= 0x2000 && code_point <= 0x200A && code_point != 0x2007) ||
         code_point == 0x2028 || code_point == 0x2029 || code_point == 0x205F ||
         code_point == 0x3000;
}

}  // namespace rare::bm25
