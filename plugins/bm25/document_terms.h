// A document's distinct terms and how often it has each, in a few bytes: for each term, in
// ascending order, its distance from the one before (from 0 for the first) times two, plus one
// where a count follows; then the count less two. All as varints (LEB128). Most counts are 1.
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rare::bm25 {

struct TermCount {
  std::uint32_t term;
  std::uint32_t count;  // 1 or more
};

inline void append_varint(std::uint64_t value, std::vector<std::uint8_t>& bytes) {
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<std::uint8_t>(value | 0x80));
  bytes.push_back(static_cast<std::uint8_t>(value));
}

inline std::uint64_t read_varint(const std::uint8_t*& at) {
  std::uint64_t value = *at & 0x7F;
  for (int shift = 7; (*at++ & 0x80) != 0; shift += 7) {
    value |= static_cast<std::uint64_t>(*at & 0x7F) << shift;
  }
  return value;
}

// Reads varints out of bytes that may be anything.
class VarintReader {
 public:
  explicit VarintReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  // Whether there was a whole one, of at most 64 bits, which is now value().
  bool next() {
    value_ = 0;
    for (std::size_t i = 0; i < bytes_.size() && i < kMostBytes; ++i) {
      value_ |= static_cast<std::uint64_t>(bytes_[i] & 0x7F) << (7 * i);
      if ((bytes_[i] & 0x80) != 0) continue;
      bytes_ = bytes_.subspan(i + 1);
      return true;
    }
    return false;
  }
  std::uint64_t value() const { return value_; }
  std::size_t left() const { return bytes_.size(); }

 private:
  static constexpr std::size_t kMostBytes = 10;
  std::span<const std::uint8_t> bytes_;
  std::uint64_t value_ = 0;
};

// REQUIRES: sorted by term, each term once.
inline void append_document(std::span<const TermCount> terms, std::vector<std::uint8_t>& bytes) {
  std::uint32_t before = 0;
  for (const TermCount& term : terms) {
    const std::uint64_t distance = term.term - before;
    append_varint(distance << 1 | (term.count > 1 ? 1U : 0U), bytes);
    if (term.count > 1) append_varint(term.count - 2, bytes);
    before = term.term;
  }
}

// Reads a document's terms one by one. REQUIRES: bytes that append_document wrote.
class DocumentReader {
 public:
  explicit DocumentReader(std::span<const std::uint8_t> bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  // Whether there was another term, which is now current().
  bool next() {
    if (at_ == end_) return false;
    const std::uint64_t head = read_varint(at_);
    current_.term += static_cast<std::uint32_t>(head >> 1);
    current_.count = (head & 1U) == 0 ? 1 : static_cast<std::uint32_t>(read_varint(at_)) + 2;
    return true;
  }
  const TermCount& current() const { return current_; }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  TermCount current_{0, 0};
};

}  // namespace rare::bm25
