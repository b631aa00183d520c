#include "engine/state/ledger.h"

#include <algorithm>
#include <array>

namespace rare::engine {
namespace {

struct Part {
  const char* name;
  std::uint64_t Ledger::*count;
};
// The two sides of the sum, in the order people read them.
constexpr std::array<Part, 3> kIn = {
    {{"read", &Ledger::read}, {"made", &Ledger::made}, {"copied", &Ledger::copied}}};
constexpr std::array<Part, 5> kOut = {{{"written", &Ledger::written},
                                       {"filtered", &Ledger::filtered},
                                       {"merged", &Ledger::merged},
                                       {"dropped", &Ledger::dropped},
                                       {"dead", &Ledger::dead}}};

std::string count_text(std::uint64_t count, const char* name) {
  return std::to_string(count) + " " + name;
}

template <std::size_t N>
std::string side_text(const Ledger& ledger, const std::array<Part, N>& parts) {
  std::string text;
  for (const Part& part : parts) {
    const std::uint64_t count = ledger.*part.count;
    if (count == 0) continue;
    if (!text.empty()) text += " + ";
    text += count_text(count, part.name);
  }
  return text.empty() ? count_text(0, parts.front().name) : text;
}

template <std::size_t N>
std::uint64_t side_sum(const Ledger& ledger, const std::array<Part, N>& parts) {
  std::uint64_t sum = 0;
  for (const Part& part : parts) sum += ledger.*part.count;
  return sum;
}

using Counts = std::map<std::string, std::uint64_t>;

void add(Counts& to, const Counts& more) {
  for (const auto& [name, count] : more) to[name] += count;
}

// What comes to nothing goes.
void take_away(Counts& from, const Counts& part) {
  for (const auto& [name, count] : part) {
    const auto at = from.find(name);
    if (at != from.end() && (at->second -= count) == 0) from.erase(at);
  }
}

Counts counts_from_json(const Json& json, const char* name) {
  Counts counts;
  const Json object = json.value(name, Json::object());
  for (const auto& [counted, count] : object.items()) counts[counted] = count.get<std::uint64_t>();
  return counts;
}

}  // namespace

Ledger& Ledger::operator+=(const Ledger& other) {
  for (const Part& part : kIn) this->*part.count += other.*part.count;
  for (const Part& part : kOut) this->*part.count += other.*part.count;
  return *this;
}

Ledger& Ledger::operator-=(const Ledger& other) {
  for (const Part& part : kIn) this->*part.count -= other.*part.count;
  for (const Part& part : kOut) this->*part.count -= other.*part.count;
  return *this;
}

Json Ledger::to_json() const {
  Json json = Json::object();
  for (const Part& part : kIn) json[part.name] = this->*part.count;
  for (const Part& part : kOut) json[part.name] = this->*part.count;
  return json;
}

Ledger Ledger::from_json(const Json& json) {
  Ledger ledger;
  for (const Part& part : kIn) ledger.*part.count = json.value(part.name, std::uint64_t{0});
  for (const Part& part : kOut) ledger.*part.count = json.value(part.name, std::uint64_t{0});
  return ledger;
}

std::string Ledger::to_string() const {
  const std::string in = side_text(*this, kIn);
  const std::string out = side_text(*this, kOut);
  if (adds_up()) return in + " = " + out;
  const std::uint64_t came = side_sum(*this, kIn);
  const std::uint64_t went = side_sum(*this, kOut);
  return in + " is not " + out + " (" +
         (came > went ? std::to_string(came - went) + " unaccounted for"
                      : std::to_string(went - came) + " too many") +
         ")";
}

NodeTally& NodeTally::operator+=(const NodeTally& other) {
  in += other.in;
  out += other.out;
  filtered += other.filtered;
  dead += other.dead;
  add(filter_reasons, other.filter_reasons);
  add(counters, other.counters);
  return *this;
}

NodeTally& NodeTally::operator-=(const NodeTally& other) {
  in -= other.in;
  out -= other.out;
  filtered -= other.filtered;
  dead -= other.dead;
  take_away(filter_reasons, other.filter_reasons);
  take_away(counters, other.counters);
  return *this;
}

Json NodeTally::to_json() const {
  Json json = {{"in", in},
               {"out", out},
               {"filtered", filtered},
               {"dead", dead},
               {"filter_reasons", filter_reasons}};
  if (!counters.empty()) json["counters"] = counters;
  return json;
}

NodeTally NodeTally::from_json(const Json& json) {
  NodeTally tally;
  tally.in = json.value("in", std::uint64_t{0});
  tally.out = json.value("out", std::uint64_t{0});
  tally.filtered = json.value("filtered", std::uint64_t{0});
  tally.dead = json.value("dead", std::uint64_t{0});
  tally.filter_reasons = counts_from_json(json, "filter_reasons");
  tally.counters = counts_from_json(json, "counters");
  return tally;
}

Tally& Tally::operator+=(const Tally& other) {
  ledger += other.ledger;
  nodes.resize(std::max(nodes.size(), other.nodes.size()));
  for (std::size_t i = 0; i < other.nodes.size(); ++i) nodes[i] += other.nodes[i];
  return *this;
}

Tally& Tally::operator-=(const Tally& other) {
  ledger -= other.ledger;
  nodes.resize(std::max(nodes.size(), other.nodes.size()));
  for (std::size_t i = 0; i < other.nodes.size(); ++i) nodes[i] -= other.nodes[i];
  return *this;
}

}  // namespace rare::engine
