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
  for (const auto& [reason, count] : other.filter_reasons) filter_reasons[reason] += count;
  return *this;
}

NodeTally& NodeTally::operator-=(const NodeTally& other) {
  in -= other.in;
  out -= other.out;
  filtered -= other.filtered;
  dead -= other.dead;
  for (const auto& [reason, count] : other.filter_reasons) {
    const auto at = filter_reasons.find(reason);
    if (at != filter_reasons.end() && (at->second -= count) == 0) filter_reasons.erase(at);
  }
  return *this;
}

Json NodeTally::to_json() const {
  return {{"in", in},
          {"out", out},
          {"filtered", filtered},
          {"dead", dead},
          {"filter_reasons", filter_reasons}};
}

NodeTally NodeTally::from_json(const Json& json) {
  NodeTally tally;
  tally.in = json.value("in", std::uint64_t{0});
  tally.out = json.value("out", std::uint64_t{0});
  tally.filtered = json.value("filtered", std::uint64_t{0});
  tally.dead = json.value("dead", std::uint64_t{0});
  const Json reasons = json.value("filter_reasons", Json::object());
  for (const auto& [reason, count] : reasons.items()) {
    tally.filter_reasons[reason] = count.get<std::uint64_t>();
  }
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
