// Which records were asked for anew, at which node and how often: their requests are other requests
// than those whose replies led to a dead letter.
// Thread-safety: reading from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "rare/json.h"
#include "rare/record.h"

namespace rare::engine {

// The way of a record from its family's root, as state.db has it: [[edge, child], ...], with null
// for a child that was alone.
inline std::string path_text(const RecordId& id) {
  Json path = Json::array();
  for (const RecordId::Step& step : id.path()) {
    path.push_back({step.edge, step.several ? Json(step.child) : Json()});
  }
  return path.dump();
}

class RetryRounds {
 public:
  struct Key {
    std::string node;
    std::uint32_t source = 0;
    std::uint64_t ordinal = 0;
    std::string path;
    auto operator<=>(const Key&) const = default;
  };

  bool empty() const { return rounds_.empty(); }
  // 0 for a record that was not retried at the node.
  int of(const std::string& node, const RecordId& id) const {
    if (rounds_.empty()) return 0;
    const auto at = rounds_.find({node, id.source(), id.ordinal(), path_text(id)});
    return at == rounds_.end() ? 0 : at->second;
  }
  void set(Key key, int round) { rounds_[std::move(key)] = round; }
  const std::map<Key, int>& all() const { return rounds_; }

 private:
  std::map<Key, int> rounds_;
};

}  // namespace rare::engine
