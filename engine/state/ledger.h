// The ledger: where every record went, counted in branches. It must add up:
//   read + made + copied = written + filtered + merged + dropped + dead
//
// Tallies are kept per family (a source record and all that came of it) and merged when the family
// is committed, so that they are exact after any interruption. Thread-safety: values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "rare/json.h"

namespace rare::engine {

struct Ledger {
  std::uint64_t read = 0;
  std::uint64_t made = 0;    // children beyond the first
  std::uint64_t copied = 0;  // branches beyond the first
  std::uint64_t written = 0;
  std::uint64_t filtered = 0;
  std::uint64_t merged = 0;
  std::uint64_t dropped = 0;  // on_error: drop
  std::uint64_t dead = 0;

  bool adds_up() const {
    return read + made + copied == written + filtered + merged + dropped + dead;
  }
  Ledger& operator+=(const Ledger& other);
  Ledger& operator-=(const Ledger& other);  // REQUIRES: `other` is a part of it
  bool operator==(const Ledger&) const = default;
  Json to_json() const;
  static Ledger from_json(const Json& json);
  // "64 read = 63 written + 1 dead" with every non-zero part.
  std::string to_string() const;
};

// What one node did; part of a family's tally.
struct NodeTally {
  std::uint64_t in = 0;
  std::uint64_t out = 0;
  std::uint64_t filtered = 0;
  std::uint64_t dead = 0;
  std::map<std::string, std::uint64_t> filter_reasons;
  std::map<std::string, std::uint64_t> counters;  // of its operator (Spec::counter)

  NodeTally& operator+=(const NodeTally& other);
  NodeTally& operator-=(const NodeTally& other);  // REQUIRES: `other` is a part of it
  Json to_json() const;                           // without counters where there are none
  static NodeTally from_json(const Json& json);
};

struct Tally {
  Ledger ledger;
  std::vector<NodeTally> nodes;  // by the plan's node index

  explicit Tally(std::size_t node_count = 0) : nodes(node_count) {}
  Tally& operator+=(const Tally& other);
  Tally& operator-=(const Tally& other);  // REQUIRES: `other` is a part of it
};

}  // namespace rare::engine
