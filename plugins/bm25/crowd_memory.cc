#include "plugins/bm25/crowd_memory.h"

#include <string_view>
#include <utility>

#include "plugins/bm25/index_format.h"

namespace rare::bm25 {
namespace {

constexpr std::uint64_t kLowHalf = 0xFFFFFFFF;

std::uint64_t hash_of_text(std::string_view text) { return term_hash(text.data(), text.size()); }

// The least of many hashes is small: its high bits say little.
std::uint64_t high_half_for(std::uint64_t least) {
  return (least * 0x9E3779B97F4A7C15) & ~kLowHalf;  // 2^64 / golden ratio
}

}  // namespace

CrowdMemory::CrowdMemory() : texts_(kTexts), ordinals_(kTexts), depths_(kDepths) {}

bool CrowdMemory::reach(Shingles& positive, FoldedText& folded, const SearchHit& hit,
                        double share) {
  const Known text = known(hit.ordinal);
  if (text && text->text_hash == hash_of_text(hit.text)) {
    return positive.reach(text->shingles, share);
  }
  const bool reaches = positive.reach(folded, share);
  const std::vector<std::uint64_t>& shingles = positive.last_read();
  if (!shingles.empty() && shingles.size() <= kMostShingles) {
    keep(std::make_shared<const KnownText>(
        KnownText{hit.ordinal, hash_of_text(hit.text), shingles}));
  }
  return reaches;
}

CrowdMemory::Known CrowdMemory::known(std::uint64_t ordinal) {
  // Most hits are in no crowd.
  if (ordinals_[ordinal % kTexts].load(std::memory_order_relaxed) != ordinal + 1) return nullptr;
  const std::lock_guard lock(locks_[ordinal % kLocks]);
  const Known& text = texts_[ordinal % kTexts];
  return text && text->ordinal == ordinal ? text : nullptr;
}

void CrowdMemory::keep(Known text) {
  const std::uint64_t ordinal = text->ordinal;
  {
    const std::lock_guard lock(locks_[ordinal % kLocks]);
    texts_[ordinal % kTexts].swap(text);
    ordinals_[ordinal % kTexts].store(ordinal + 1, std::memory_order_relaxed);
  }
  // The one that was there goes without the lock.
}

int CrowdMemory::depth_for(const Shingles& positive) const {
  const std::uint64_t least = positive.least();
  const std::uint64_t entry = depths_[least % kDepths].load(std::memory_order_relaxed);
  return (entry & ~kLowHalf) == high_half_for(least) ? static_cast<int>(entry & kLowHalf) : 0;
}

void CrowdMemory::note_depth(const Shingles& positive, int hits) {
  const std::uint64_t least = positive.least();
  depths_[least % kDepths].store(high_half_for(least) | static_cast<std::uint32_t>(hits),
                                 std::memory_order_relaxed);
}

}  // namespace rare::bm25
