// What a run learns of texts that are nearly alike: hundreds of pages of a manual may share all but
// their headings. Each of them meets the others among its hits, and none of these is a negative.
// What is kept here saves time, and changes no result.
//
// Thread-safety: every method may be called from any thread, each with Shingles of its own.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "plugins/bm25/shingles.h"
#include "rare/search_index.h"

namespace rare::bm25 {

class CrowdMemory {
 public:
  CrowdMemory();

  // Shingles::reach() of the hit's text, which `folded` has begun to fold. The shingles of a text
  // that came so near that all of it was read are kept for the next one that meets it.
  bool reach(Shingles& positive, FoldedText& folded, const SearchHit& hit, double share);

  // So many hits it took to choose the negatives of the last text with the same least shingle, as
  // two texts have the more often the more they have in common; 0: none is known.
  int depth_for(const Shingles& positive) const;
  void note_depth(const Shingles& positive, int hits);

 private:
  static constexpr std::size_t kTexts = 16384;   // 0.8 kB each, were all of 100 words
  static constexpr std::size_t kDepths = 16384;  // powers of two
  static constexpr std::size_t kLocks = 16;
  static constexpr std::size_t kMostShingles = 512;  // of a text that is kept: 64 MB at most

  struct KnownText {
    std::uint64_t ordinal;
    std::uint64_t text_hash;  // a server may give another text the same ordinal
    std::vector<std::uint64_t> shingles;
  };
  using Known = std::shared_ptr<const KnownText>;
  Known known(std::uint64_t ordinal);
  void keep(Known text);

  std::vector<Known> texts_;                          // by ordinal, the last one that came
  std::vector<std::atomic<std::uint64_t>> ordinals_;  // theirs, plus 1
  std::array<std::mutex, kLocks> locks_;
  std::vector<std::atomic<std::uint64_t>> depths_;  // half a hash, half a number of hits
};

}  // namespace rare::bm25
