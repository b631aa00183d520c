#include "twin_finder.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace rare::look {

void TwinFinder::halve() {
  ++halvings_;
  std::erase_if(entries_, [&](const Entry& entry) { return !keeps(entry.hash); });
}

void TwinFinder::add(std::uint64_t hash, std::uint64_t family, std::uint64_t record) {
  if (!keeps(hash)) return;
  // Before it grows: a vector that is full takes twice the room.
  while (entries_.size() >= most_texts_ && halvings_ < 60) halve();
  if (keeps(hash)) entries_.push_back({hash, family, record});
}

TwinFinder::Found TwinFinder::find(std::size_t most_groups, std::size_t most_records_of_each) {
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.hash, a.record) < std::tie(b.hash, b.record);
  });
  const auto more_first = [](const Twins& a, const Twins& b) {
    return std::make_pair(b.count, a.records.front()) < std::make_pair(a.count, b.records.front());
  };
  Found found;
  for (std::size_t begin = 0, end = 0; begin < entries_.size(); begin = end) {
    bool apart = false;
    for (end = begin; end < entries_.size() && entries_[end].hash == entries_[begin].hash; ++end) {
      apart = apart || entries_[end].family != entries_[begin].family;
    }
    if (!apart) continue;
    ++found.groups;
    found.records += end - begin;
    Twins twins;
    twins.hash = entries_[begin].hash;
    twins.count = end - begin;
    for (std::size_t i = begin; i < end && twins.records.size() < most_records_of_each; ++i) {
      twins.records.push_back(entries_[i].record);
    }
    found.shown.push_back(std::move(twins));
    if (found.shown.size() < 2 * most_groups) continue;
    std::sort(found.shown.begin(), found.shown.end(), more_first);
    found.shown.resize(most_groups);
  }
  std::sort(found.shown.begin(), found.shown.end(), more_first);
  if (found.shown.size() > most_groups) found.shown.resize(most_groups);
  return found;
}

}  // namespace rare::look
