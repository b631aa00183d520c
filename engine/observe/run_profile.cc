#include "engine/observe/run_profile.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "engine/observe/live_block.h"
#include "engine/observe/progress_block.h"

namespace rare::engine {
namespace {

using Lines = std::vector<std::vector<std::string>>;

std::string time_text(double seconds) {
  std::array<char, 32> text{};
  const char* format = "%.2f s";
  if (seconds < 1e-3) {
    seconds *= 1e6;
    format = "%.1f us";
  } else if (seconds < 1) {
    seconds *= 1e3;
    format = "%.1f ms";
  }
  std::snprintf(text.data(), text.size(), format, seconds);
  return text.data();
}

std::string time_text(std::chrono::nanoseconds time) {
  return time.count() == 0 ? "-" : time_text(static_cast<double>(time.count()) * 1e-9);
}

std::string time_of_each(std::int64_t all_ns, std::uint64_t count) {
  if (count == 0 || all_ns == 0) return "-";
  return time_text(static_cast<double>(all_ns) * 1e-9 / static_cast<double>(count));
}

// The first column to the left, the others to the right.
std::string aligned(const Lines& lines) {
  std::vector<std::size_t> widths(lines.front().size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      widths[i] = std::max(widths[i], columns_of(line[i]));
    }
  }
  std::string text;
  for (const auto& line : lines) {
    text += "  ";
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::string space(widths[i] - columns_of(line[i]), ' ');
      text += i == 0 ? line[i] + space : "  " + space + line[i];
    }
    text += '\n';
  }
  return text;
}

}  // namespace

RunProfile::RunProfile(std::vector<std::string> nodes) {
  for (std::string& name : nodes) nodes_.emplace_back().name = std::move(name);
}

void RunProfile::visited(const NodeVisit& visit) {
  Node& node = nodes_[visit.node];
  const auto add = [](auto& total, auto more) { total.fetch_add(more, std::memory_order_relaxed); };
  add(node.cpu_ns, visit.cpu.count());
  add(node.running_ns, visit.running.count());
  if (visit.waited().count() > 0) add(node.waited_ns, visit.waited().count());
  for (const ModelCall& call : visit.calls) {
    add(node.calls, std::uint64_t{1});
    add(node.calls_ns, std::chrono::nanoseconds(call.end - call.begin).count());
  }
  if (visit.id == nullptr) return;
  add(node.records, std::uint64_t{1});
  if (visit.duration().count() > node.slow_from_ns.load(std::memory_order_relaxed)) {
    keep_slow(node, visit);
  }
}

void RunProfile::keep_slow(Node& node, const NodeVisit& visit) {
  const auto faster = [](const Slow& a, const Slow& b) { return a.duration > b.duration; };
  const std::lock_guard lock(node.mutex);
  std::vector<Slow>& slowest = node.slowest;
  if (slowest.size() == kSlowest && visit.duration() <= slowest.front().duration) return;
  slowest.push_back({visit.id->to_string(), visit.duration(), visit.waited()});
  std::push_heap(slowest.begin(), slowest.end(), faster);
  if (slowest.size() > kSlowest) {
    std::pop_heap(slowest.begin(), slowest.end(), faster);
    slowest.pop_back();
  }
  if (slowest.size() == kSlowest) node.slow_from_ns.store(slowest.front().duration.count());
}

std::string RunProfile::text(double elapsed_s) const {
  Lines lines{{"node", "records", "CPU", "CPU each", "on a thread", "waiting", "waiting each",
               "model calls", "each", "longest"}};
  double cpu_s = 0;
  for (const Node& node : nodes_) {
    cpu_s += static_cast<double>(node.cpu_ns.load()) * 1e-9;
    lines.push_back({node.name, with_thousands(node.records),
                     time_text(std::chrono::nanoseconds(node.cpu_ns)),
                     time_of_each(node.cpu_ns, node.records),
                     time_text(std::chrono::nanoseconds(node.running_ns)),
                     time_text(std::chrono::nanoseconds(node.waited_ns)),
                     time_of_each(node.waited_ns, node.records),
                     node.calls == 0 ? "-" : with_thousands(node.calls),
                     time_of_each(node.calls_ns, node.calls), longest_text(node.slowest)});
  }
  return "profile of " + time_text(elapsed_s) + ", with " + time_text(cpu_s) +
         " of CPU time in nodes\n" + aligned(lines) + slowest_text();
}

std::string RunProfile::longest_text(const std::vector<Slow>& slowest) {
  const auto longest =
      std::max_element(slowest.begin(), slowest.end(),
                       [](const Slow& a, const Slow& b) { return a.duration < b.duration; });
  if (longest == slowest.end()) return "-";
  return time_text(longest->duration) + " (" + longest->id + ")";
}

std::string RunProfile::slowest_text() const {
  std::vector<std::pair<const Node*, const Slow*>> all;
  for (const Node& node : nodes_) {
    for (const Slow& slow : node.slowest) all.emplace_back(&node, &slow);
  }
  if (all.empty()) return {};
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.second->duration > b.second->duration;
  });
  Lines lines{{"record", "node", "took", "of it waiting"}};
  for (std::size_t i = 0; i < std::min(all.size(), kSlowest); ++i) {
    const auto& [node, slow] = all[i];
    lines.push_back({slow->id, node->name, time_text(slow->duration), time_text(slow->waited)});
  }
  return "slowest records\n" + aligned(lines);
}

}  // namespace rare::engine
