// Which records were asked for anew, at which node and how often: their requests are other requests
// than those whose replies led to a dead letter.
// Thread-safety: reading from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

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

  // [[node, source, ordinal, path, round], ...], for what is read on other machines.
  Json to_json() const {
    Json rounds = Json::array();
    for (const auto& [key, round] : rounds_) {
      rounds.push_back({key.node, key.source, key.ordinal, key.path, round});
    }
    return rounds;
  }
  // Nothing where it is something else.
  static std::optional<RetryRounds> from_json(const Json& json) {
    RetryRounds rounds;
    if (!json.is_array()) return std::nullopt;
    try {
      for (const Json& one : json) {
        rounds.set({one.at(0).get<std::string>(), one.at(1).get<std::uint32_t>(),
                    one.at(2).get<std::uint64_t>(), one.at(3).get<std::string>()},
                   one.at(4).get<int>());
      }
    } catch (const Json::exception&) {
      return std::nullopt;
    }
    return rounds;
  }

 private:
  std::map<Key, int> rounds_;
};

}  // namespace rare::engine
