#include "engine/observe/record_tap.h"

#include <algorithm>
#include <utility>

#include "engine/text/utf8.h"
#include "rare/json.h"

namespace rare::engine {
namespace {

// After a sample for so many times what it took: no node spends more than a fiftieth on it.
constexpr int kRestAfter = 50;

}  // namespace

RecordTap::RecordTap(std::vector<std::vector<std::string>> ports) {
  for (auto& names : ports) nodes_.emplace_back().ports = std::move(names);
}

void RecordTap::passed_at(Clock::time_point now, std::uint32_t index, std::uint32_t port,
                          const Record& record) {
  Node& node = nodes_[index];
  node.passed.fetch_add(1, std::memory_order_relaxed);
  const Clock::rep at = now.time_since_epoch().count();
  Clock::rep due = node.next_due.load(std::memory_order_relaxed);
  if (at < due) return;
  const Clock::rep next = at + Clock::duration(std::chrono::seconds(1)).count() / kSamplesPerSecond;
  // Of several that come at once, one is taken.
  if (!node.next_due.compare_exchange_strong(due, next, std::memory_order_relaxed)) return;
  if (at > node.closes_at.load(std::memory_order_relaxed)) {
    node.is_open.store(false, std::memory_order_relaxed);
    return;
  }
  Sample sample;
  sample.port = port;
  sample.at = now;
  sample.id = record.id().to_string();
  sample.record = record.fields().dump(-1, ' ', false, Json::error_handler_t::replace);
  sample.is_cut = sample.record.size() > kMostBytes;
  if (sample.is_cut) {
    sample.record.resize(beginning_of(sample.record, kMostBytes).size());
    sample.record.shrink_to_fit();
  }
  const Clock::duration took = Clock::now() - now;
  node.next_due.store(std::max(next, (now + kRestAfter * took).time_since_epoch().count()),
                      std::memory_order_relaxed);
  const std::lock_guard lock(node.mutex);
  sample.number = ++node.last;
  node.samples.push_back(std::move(sample));
  if (node.samples.size() > kKept) node.samples.pop_front();
}

RecordTap::Samples RecordTap::take(std::uint32_t index, std::uint32_t only, std::uint64_t after) {
  Node& node = nodes_[index];
  node.closes_at.store((Clock::now() + kOpenFor).time_since_epoch().count(),
                       std::memory_order_relaxed);
  node.is_open.store(true, std::memory_order_relaxed);
  Samples result;
  result.passed = node.passed.load(std::memory_order_relaxed);
  const std::lock_guard lock(node.mutex);
  result.last = node.last;
  for (const Sample& sample : node.samples) {
    const bool is_asked = only == kAllPorts || sample.port == only;
    if (is_asked && sample.number > after) result.samples.push_back(sample);
  }
  return result;
}

}  // namespace rare::engine
