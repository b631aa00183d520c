#include "near_twins.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <numeric>
#include <tuple>

namespace rare::look {
namespace {

constexpr std::size_t kPlacesOfBand = NearSketch::kPlaces / NearSketch::kBands;
constexpr std::size_t kAlikePlaces = NearSketch::kPlaces * 3 / 4;
constexpr unsigned kPlaceBits = 16;
constexpr std::uint64_t kPlaceMask = 0xFFFF;
// Those of a place, by whose lowest bits texts are left out.
constexpr unsigned kMostHalvings = kPlaceBits;
// Of texts that share a band, so many are compared with each that comes.
constexpr std::size_t kMostLeaders = 8;
constexpr std::size_t kWordsOfRun = 3;

// Calls `take` with the hash of each run.
template <class Take>
void each_run(const std::vector<std::uint64_t>& words, Take take) {
  for (std::size_t i = 0; i + kWordsOfRun <= words.size(); ++i) {
    take(mixed_bits(words[i] + std::rotl(words[i + 1], 21) * 3 + std::rotl(words[i + 2], 42) * 5));
  }
}

std::vector<std::uint64_t> distinct_runs(const FoldedWords& text) {
  std::vector<std::uint64_t> runs;
  each_run(text.words(), [&](std::uint64_t run) { runs.push_back(run); });
  std::sort(runs.begin(), runs.end());
  runs.erase(std::unique(runs.begin(), runs.end()), runs.end());
  return runs;
}

// A forest of which each tree is a group; its root is the earliest text.
std::uint32_t root_of(std::vector<std::uint32_t>& parents, std::uint32_t text) {
  while (parents[text] != text) text = parents[text] = parents[parents[text]];
  return text;
}

void join(std::vector<std::uint32_t>& parents, std::uint32_t one, std::uint32_t other) {
  one = root_of(parents, one);
  other = root_of(parents, other);
  parents[std::max(one, other)] = std::min(one, other);
}

using Texts = std::vector<NearTwinFinder::Text>;
using InBand = std::vector<std::pair<std::uint64_t, std::uint32_t>>;

// An earlier text that a text was found like, of those that are no twins of it the most alike.
struct Alike {
  std::uint32_t text = 0;
  std::uint32_t equal_places = 0;  // 0: none was
};

struct Groups {
  std::vector<std::uint32_t> parents;
  std::vector<Alike> alike;  // by text
};

void note_alike(const Texts& texts, std::uint32_t leader, std::uint32_t text, Alike& best) {
  const NearTwinFinder::Text &one = texts[leader], &other = texts[text];
  if (one.identity == other.identity || one.family == other.family) return;
  const auto equal = static_cast<std::uint32_t>(one.sketch.equal_places(other.sketch));
  if (equal > best.equal_places) best = {leader, equal};
}

// Joins texts of one band, which have indices `begin` to `end` in `sorted`: each with the first of
// some that it is like, so that thousands cost no pairs.
void join_band(const Texts& texts, const InBand& sorted, std::size_t begin, std::size_t end,
               Groups& groups) {
  std::array<std::uint32_t, kMostLeaders> leaders{};
  std::size_t leader_count = 0;
  for (std::size_t i = begin; i < end; ++i) {
    const std::uint32_t text = sorted[i].second;
    const auto* const last = leaders.cbegin() + std::min(leader_count, kMostLeaders);
    const auto* const found = std::find_if(leaders.cbegin(), last, [&](std::uint32_t leader) {
      return texts[text].sketch.equal_places(texts[leader].sketch) >= kAlikePlaces;
    });
    if (found == last) {
      leaders[leader_count++ % kMostLeaders] = text;
      continue;
    }
    join(groups.parents, *found, text);
    note_alike(texts, *found, text, groups.alike[text]);
  }
}

Groups joined(const Texts& texts) {
  Groups groups{std::vector<std::uint32_t>(texts.size()), std::vector<Alike>(texts.size())};
  std::iota(groups.parents.begin(), groups.parents.end(), 0U);
  InBand sorted(texts.size());
  for (std::size_t band = 0; band < NearSketch::kBands; ++band) {
    for (std::uint32_t i = 0; i < texts.size(); ++i) {
      sorted[i] = {texts[i].sketch.bands[band], i};
    }
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t begin = 0, end = 0; begin < sorted.size(); begin = end) {
      while (end < sorted.size() && sorted[end].first == sorted[begin].first) ++end;
      if (end - begin > 1) join_band(texts, sorted, begin, end, groups);
    }
  }
  return groups;
}

void keep_largest(std::vector<NearTwinFinder::Twins>& groups, std::size_t most) {
  std::sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) {
    return std::tie(b.count, b.equal_places, a.records.front()) <
           std::tie(a.count, a.equal_places, b.records.front());
  });
  if (groups.size() > most) groups.resize(most);
}

}  // namespace

std::optional<NearSketch> NearSketch::of(const FoldedWords& text) {
  if (text.words().size() < kLeastWords) return std::nullopt;
  constexpr std::uint64_t kNone = ~std::uint64_t{0};
  static_assert(kPlaces == 32);
  std::array<std::uint64_t, kPlaces> least{};
  least.fill(kNone);
  each_run(text.words(), [&](std::uint64_t run) {
    std::uint64_t& place = least[run >> 59];
    place = std::min(place, run);
  });
  NearSketch sketch;
  for (std::size_t i = 0; i < kPlaces; ++i) {
    // A place that no run fell into takes what another has, tried in an order of its own.
    std::uint64_t value = least[i];
    for (std::uint64_t attempt = 1; value == kNone; ++attempt) {
      value = least[mixed_bits(i + kPlaces * attempt) % kPlaces];
    }
    const unsigned shift = kPlaceBits * static_cast<unsigned>(i % kPlacesOfBand);
    sketch.bands[i / kPlacesOfBand] |= (value & kPlaceMask) << shift;
  }
  return sketch;
}

std::size_t NearSketch::equal_places(const NearSketch& other) const {
  std::size_t equal = 0;
  for (std::size_t band = 0; band < kBands; ++band) {
    const std::uint64_t unlike = bands[band] ^ other.bands[band];
    for (unsigned place = 0; place < kPlacesOfBand; ++place) {
      equal += ((unlike >> (kPlaceBits * place)) & kPlaceMask) == 0;
    }
  }
  return equal;
}

double runs_in_common(const FoldedWords& one, const FoldedWords& other) {
  const std::vector<std::uint64_t> left = distinct_runs(one), right = distinct_runs(other);
  if (left.empty() || right.empty()) return 0;
  std::vector<std::uint64_t> both;
  std::set_intersection(left.begin(), left.end(), right.begin(), right.end(),
                        std::back_inserter(both));
  return static_cast<double>(both.size()) /
         static_cast<double>(left.size() + right.size() - both.size());
}

void NearTwinFinder::add(const Text& text) {
  if (!keeps(text)) return;
  while (texts_.size() >= most_texts_ && halvings_ < kMostHalvings) {
    ++halvings_;
    std::erase_if(texts_, [&](const Text& kept) { return !keeps(kept); });
  }
  // Address space alone: memory is taken as it is filled, and never twice for a move.
  texts_.reserve(most_texts_);
  if (keeps(text) && texts_.size() < most_texts_) texts_.push_back(text);
}

NearTwinFinder::Found NearTwinFinder::find(std::size_t most_groups,
                                           std::size_t most_records_of_each) {
  std::sort(texts_.begin(), texts_.end(),
            [](const Text& a, const Text& b) { return a.record < b.record; });
  Groups groups = joined(texts_);
  std::vector<std::uint32_t>& parents = groups.parents;
  std::vector<std::uint32_t> in_groups(texts_.size());
  std::iota(in_groups.begin(), in_groups.end(), 0U);
  for (const std::uint32_t text : in_groups) parents[text] = root_of(parents, text);
  std::sort(in_groups.begin(), in_groups.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::tie(parents[a], a) < std::tie(parents[b], b);
  });
  Found found;
  for (std::size_t begin = 0, end = 0; begin < in_groups.size(); begin = end) {
    Twins twins;
    for (end = begin; end < in_groups.size(); ++end) {
      if (parents[in_groups[end]] != parents[in_groups[begin]]) break;
      const std::uint64_t record = texts_[in_groups[end]].record;
      if (twins.records.size() < most_records_of_each) twins.records.push_back(record);
      const Alike& alike = groups.alike[in_groups[end]];
      if (alike.equal_places <= twins.equal_places) continue;
      twins.unlike = {texts_[alike.text].record, record};
      twins.equal_places = alike.equal_places;
    }
    if (twins.equal_places == 0) continue;
    twins.count = end - begin;
    ++found.groups;
    found.records += twins.count;
    found.shown.push_back(std::move(twins));
    if (found.shown.size() == 2 * most_groups) keep_largest(found.shown, most_groups);
  }
  keep_largest(found.shown, most_groups);
  return found;
}

}  // namespace rare::look
