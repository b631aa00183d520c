#include "engine/observe/stall.h"

#include <algorithm>

namespace rare::engine {
namespace {

constexpr double kFirstToldAfter_s = 60;

std::uint64_t all_counted(const ProgressSnapshot& snapshot) {
  std::uint64_t all = snapshot.read + snapshot.finished;
  for (const NodeProgress& node : snapshot.nodes) all += node.done + node.parked;
  for (const ServiceProgress& service : snapshot.services) {
    all += service.calls + static_cast<std::uint64_t>(service.tokens());
  }
  return all;
}

std::string whole_seconds(double seconds) {
  return std::to_string(static_cast<std::uint64_t>(seconds)) + " s";
}

void append(std::string& text, const std::string& part) {
  if (!text.empty()) text += "; ";
  text += part;
}

}  // namespace

std::string what_is_held(const ProgressSnapshot& snapshot) {
  std::string text;
  for (const NodeProgress& node : snapshot.nodes) {
    if (node.in_flight > 0) {
      append(text, node.name + " holds " + std::to_string(node.in_flight) +
                       (node.parallelism > 0 ? " of " + std::to_string(node.parallelism) : ""));
    }
    if (node.parked > 0) {
      append(text, std::to_string(node.parked) + " records for " + node.name + " wait on disk");
    }
  }
  for (const ServiceProgress& service : snapshot.services) {
    if (!service.activity.empty()) append(text, service.name + ": " + service.activity);
  }
  return text.empty() ? "no node holds a record" : text;
}

std::optional<std::string> StallWatch::look(const ProgressSnapshot& snapshot) {
  const std::uint64_t counted = all_counted(snapshot);
  if (counted != moved_ || next_told_after_s_ == 0) {
    const double stood_s = snapshot.elapsed_s - moved_at_s_;
    const bool goes_on = told_;
    moved_ = counted;
    moved_at_s_ = snapshot.elapsed_s;
    // Of a run that moves once in two minutes that is not told again and again.
    if (goes_on) longest_s_ = std::max(longest_s_, stood_s);
    next_told_after_s_ = std::max(kFirstToldAfter_s, 2 * longest_s_);
    told_ = false;
    if (!goes_on) return std::nullopt;
    return "records move again, after " + whole_seconds(stood_s);
  }
  const double stands_s = snapshot.elapsed_s - moved_at_s_;
  if (stands_s < next_told_after_s_) return std::nullopt;
  next_told_after_s_ *= 2;
  told_ = true;
  return "nothing has moved for " + whole_seconds(stands_s) + ": " + what_is_held(snapshot);
}

}  // namespace rare::engine
