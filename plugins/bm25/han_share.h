// How much of a corpus is written in Chinese characters, at a glance.
// Thread-safety: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rare::bm25 {

// Looks at the beginning of each text only: a look costs less than a hundredth of analysing it.
class HanShare {
 public:
  static constexpr std::size_t kBytesOfEach = 512;

  void add(std::string_view text);

  // Han characters as a share of all that are neither white space nor punctuation; 0 where there
  // are none of these.
  double share() const;

 private:
  std::uint64_t characters_ = 0;
  std::uint64_t han_ = 0;
};

}  // namespace rare::bm25
