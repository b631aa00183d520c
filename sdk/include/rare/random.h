// Randomness that is a function of the run's seed and a record's id: the same on every machine, in
// every thread order and after every resume. std::shuffle and std::uniform_int_distribution are not
// used, because their results differ between standard libraries.
//
// Thread-safety: a Random belongs to one thread. Ownership: values.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace rare {

// SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  // Uniform in [0, bound); bound > 0. Rejects the few values that would favour small results.
  std::uint64_t below(std::uint64_t bound) {
    const std::uint64_t rejected = -bound % bound;
    std::uint64_t value = next();
    while (value < rejected) value = next();
    return value % bound;
  }

  // Fisher-Yates (Durstenfeld, CACM 1964, algorithm 235).
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::uint64_t state_;
};

// A seed for one purpose: FNV-1a (64 bit) over the run's seed, a record's id and a name for the
// purpose, so that two operators never draw the same numbers for one record.
inline std::uint64_t derive_seed(std::uint64_t run_seed, std::string_view id,
                                 std::string_view purpose) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  const auto add = [&hash](unsigned char byte) { hash = (hash ^ byte) * 0x100000001b3ULL; };
  for (int shift = 0; shift < 64; shift += 8) add(static_cast<unsigned char>(run_seed >> shift));
  for (const char c : id) add(static_cast<unsigned char>(c));
  add(0xff);
  for (const char c : purpose) add(static_cast<unsigned char>(c));
  return hash;
}

}  // namespace rare
