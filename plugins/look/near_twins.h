// Which documents are nearly the same, in memory that is bounded.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "folded_words.h"

namespace rare::look {

// What stands for the runs of three words of a text (a character of Han or kana is a word): one
// permutation hashing with optimal densification (P. Li, A. Owen, C.-H. Zhang, "One Permutation
// Hashing", NIPS 2012; A. Shrivastava, "Optimal Densification for Fast and Accurate Minwise
// Hashing", ICML 2017), of each least hash the lowest 16 bits. The share of places that are equal
// in two sketches estimates the share of runs that stand in both texts, of those that stand in
// either: within a twelfth or so, two times of three.
struct NearSketch {
  static constexpr std::size_t kPlaces = 32, kBands = 8;
  // Texts of fewer words are alike too easily, and have none.
  static constexpr std::size_t kLeastWords = 10;

  std::array<std::uint64_t, kBands> bands{};  // of four places each

  static std::optional<NearSketch> of(const FoldedWords& text);
  std::size_t equal_places(const NearSketch& other) const;
};

// Runs of three words that stand in both texts, as a share of those that stand in either: exact. 0
// where a text has fewer than three words.
double runs_in_common(const FoldedWords& one, const FoldedWords& other);

// Keeps 88 bytes a text. Texts are compared where a band of their sketches is the same, and count
// as near twins where three quarters of the places are: of pairs that have nine tenths of their
// runs in common 99 of 100 are found, with four fifths five of six, with a half one of 300. When
// there are more texts than fit, only those whose first place has one of half of its values are
// kept, then a quarter, ...: of two texts that have four fifths in common both are kept, or
// neither, four times of five. What is found depends on the texts alone, in whatever order they
// come. Thread-safety: one thread at a time.
class NearTwinFinder {
 public:
  explicit NearTwinFinder(std::size_t most_texts) : most_texts_(most_texts) {}

  struct Text {
    NearSketch sketch;
    std::uint64_t identity = 0;  // the same: exact twins
    std::uint64_t family = 0;    // the same: no twins (several questions of a document)
    std::uint64_t record = 0;    // from 1
  };
  void add(const Text& text);
  // 1: all texts were compared; 2: every second one, and so on.
  std::uint64_t one_in() const { return std::uint64_t{1} << halvings_; }

  struct Twins {
    std::vector<std::uint64_t> records;  // sorted; no more than are asked for
    std::uint64_t count = 0;             // of records, exact twins among them
    // Two that differ and were found alike, of these the most alike: others of a group can have
    // little in common.
    std::pair<std::uint64_t, std::uint64_t> unlike{0, 0};
    std::size_t equal_places = 0;  // of these two
  };
  struct Found {
    std::uint64_t groups = 0;   // in which at least two that differ were found alike
    std::uint64_t records = 0;  // in these
    std::vector<Twins> shown;   // of the groups with the most records, then the most alike
  };
  // Sorts what is kept; takes 28 bytes a text meanwhile.
  Found find(std::size_t most_groups, std::size_t most_records_of_each);

 private:
  bool keeps(const Text& text) const { return (text.sketch.bands[0] & (one_in() - 1)) == 0; }

  std::size_t most_texts_;
  unsigned halvings_ = 0;
  std::vector<Text> texts_;
};

}  // namespace rare::look
