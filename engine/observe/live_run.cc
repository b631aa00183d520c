#include "engine/observe/live_run.h"

#include <algorithm>
#include <utility>

#include "engine/observe/progress.h"

namespace rare::engine {
namespace {

// A node whose slots are taken, on average, to this share is one that others wait for.
constexpr double kBusyFrom = 0.5;
// Of less nobody can say that nothing moves.
constexpr std::size_t kLooksToBlock = 3;

Status not_yet() {
  return Status(StatusCode::unavailable,
                "the run has not begun to read yet: its services are being opened");
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// Where `name` stands among them.
std::optional<std::size_t> place_of(const std::vector<std::string>& names,
                                    const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

}  // namespace

const char* name_of(NodeState state) {
  switch (state) {
    case NodeState::idle:
      return "idle";
    case NodeState::starved:
      return "starved";
    case NodeState::busy:
      return "busy";
    case NodeState::blocked:
      return "blocked";
  }
  return "idle";
}

void LiveRun::begin(Facts facts) {
  const std::lock_guard lock(mutex_);
  tap_ = std::make_unique<RecordTap>(facts.ports);
  began_ = std::chrono::steady_clock::now();
  {
    const std::lock_guard dead(dead_mutex_);
    dead_letters_ = std::move(facts.dead_letters);
  }
  facts_ = std::move(facts);
}

void LiveRun::look(const ProgressSnapshot& snapshot, std::string_view state) {
  const std::lock_guard lock(mutex_);
  state_ = state;
  looks_.push_back(snapshot);
  if (looks_.size() > kLooksKept) looks_.pop_front();
  pace_.add(snapshot);
  history_.add(snapshot);
}

void LiveRun::end() {
  const std::lock_guard dead(dead_mutex_);
  dead_letters_ = nullptr;
}

NodeState LiveRun::state_of(std::size_t index) const {
  const NodeProgress& now = looks_.back().nodes[index];
  const NodeProgress& then = looks_.front().nodes[index];
  if (now.parked > 0) return NodeState::blocked;
  const bool moves = now.done > then.done;
  double held = 0;
  bool always_holds = true;
  for (const ProgressSnapshot& look : looks_) {
    held += static_cast<double>(look.nodes[index].in_flight);
    always_holds = always_holds && look.nodes[index].in_flight > 0;
  }
  if (!moves && always_holds && looks_.size() >= kLooksToBlock) return NodeState::blocked;
  if (!moves && now.in_flight == 0) return NodeState::idle;
  const bool is_source = facts_->run["nodes"][index]["kind"] == "source";
  const double share = held / static_cast<double>(looks_.size()) / std::max(1, now.parallelism);
  return is_source || share >= kBusyFrom ? NodeState::busy : NodeState::starved;
}

std::string LiveRun::waits_for(std::size_t node) const {
  std::string text;
  for (const ServiceProgress& service : looks_.back().services) {
    const auto& asked = facts_->services_of[node];
    if (service.activity.empty() || !place_of(asked, service.name)) continue;
    text += (text.empty() ? "" : "; ") + service.name + ": " + service.activity;
  }
  return text;
}

Json LiveRun::node_json(std::size_t index) const {
  const NodeState state = state_of(index);
  Json json = {{"status", name_of(state)}};
  if (state == NodeState::blocked) {
    if (std::string waits = waits_for(index); !waits.empty()) json["waits_for"] = std::move(waits);
  }
  const NodeProgress& node = looks_.back().nodes[index];
  if (node.latency.all > 0) {
    json["latency_ms"] = {
        {"mean", node.latency.total_s * 1e3 / static_cast<double>(node.latency.all)}};
    for (const auto& [name, share] : {std::pair{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}}) {
      json["latency_ms"][name] = quantile_ms(node.latency, share);
    }
  }
  return json;
}

Result<Json> LiveRun::run() const {
  const std::lock_guard lock(mutex_);
  return facts_ ? Result<Json>(facts_->run) : not_yet();
}

Result<Json> LiveRun::progress() const {
  const std::lock_guard lock(mutex_);
  if (!facts_ || looks_.empty()) return not_yet();
  Json json = progress_to_json(looks_.back(), pace_);
  json["state"] = state_;
  for (std::size_t i = 0; i < looks_.back().nodes.size(); ++i) {
    json["nodes"][looks_.back().nodes[i].name].update(node_json(i));
  }
  return json;
}

Result<Json> LiveRun::history(double after_s) const {
  const std::lock_guard lock(mutex_);
  return facts_ ? Result<Json>(history_.to_json(after_s)) : not_yet();
}

Result<Json> LiveRun::dead_letters() const {
  const std::lock_guard lock(dead_mutex_);
  return dead_letters_ ? dead_letters_() : not_yet();
}

Result<Json> LiveRun::samples(const std::string& node, const std::string& port,
                              std::uint64_t after) {
  std::unique_lock lock(mutex_);
  if (!facts_) return not_yet();
  const std::optional<std::size_t> index = place_of(facts_->nodes, node);
  if (!index) {
    return Status(StatusCode::not_found,
                  "there is no node '" + node + "'; there are " + listed(facts_->nodes));
  }
  const std::vector<std::string> ports = facts_->ports[*index];
  std::uint32_t only = RecordTap::kAllPorts;
  if (!port.empty()) {
    const std::optional<std::size_t> place = place_of(ports, port);
    if (!place) {
      return Status(StatusCode::not_found, "node '" + node + "' has no port '" + port +
                                               (ports.empty() ? "': it is a sink, and has none"
                                                              : "'; it has " + listed(ports)));
    }
    only = static_cast<std::uint32_t>(*place);
  }
  const RecordTap::Samples taken = tap_->take(static_cast<std::uint32_t>(*index), only, after);
  const auto began = began_;
  lock.unlock();  // the run need not wait while large records are read as JSON
  Json json = {{"next", taken.last}, {"passed", taken.passed}, {"samples", Json::array()}};
  for (const RecordTap::Sample& sample : taken.samples) {
    Json one = {{"seq", sample.number},
                {"elapsed_s", std::chrono::duration<double>(sample.at - began).count()},
                {"id", sample.id}};
    if (!ports.empty()) one["port"] = ports[sample.port];
    if (sample.is_cut) {
      one["cut"] = true;
      one["text"] = sample.record;
    } else {
      one["record"] = Json::parse(sample.record, nullptr, false);
    }
    json["samples"].push_back(std::move(one));
  }
  return json;
}

}  // namespace rare::engine
