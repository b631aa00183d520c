#include "engine/observe/run_history.h"

#include <algorithm>
#include <utility>

namespace rare::engine {
namespace {

Json known(double number) { return number < 0 ? Json() : Json(number); }
Json known(std::int64_t number) { return number < 0 ? Json() : Json(number); }

}  // namespace

void RunHistory::add(const ProgressSnapshot& snapshot) {
  if (!points_.empty() && snapshot.elapsed_s < points_.back().elapsed_s + step_s_) return;
  static const LatencyBuckets kNone;
  const auto between = [](const LatencyBuckets& before, const LatencyBuckets& after) {
    const LatencyBuckets came = after.since(before);
    if (came.all == 0) return Quantiles{-1, -1};
    return Quantiles{static_cast<float>(quantile_ms(came, 0.5)),
                     static_cast<float>(quantile_ms(came, 0.99))};
  };
  Point point;
  point.elapsed_s = snapshot.elapsed_s;
  point.read = snapshot.read;
  point.finished = snapshot.finished;
  point.dead = snapshot.dead;
  point.in_flight = snapshot.in_flight;
  point.memory_bytes = snapshot.memory_bytes;
  point.input_share = snapshot.input_share.value_or(-1);
  for (std::size_t i = 0; i < snapshot.nodes.size(); ++i) {
    const NodeProgress& node = snapshot.nodes[i];
    point.nodes.push_back(node.done);
    point.node_latency_ms.push_back(between(last_ ? last_->nodes[i].latency : kNone, node.latency));
  }
  for (std::size_t i = 0; i < snapshot.services.size(); ++i) {
    const ServiceProgress& now = snapshot.services[i];
    Service service;
    service.calls = now.calls;
    service.in_flight = now.in_flight.value_or(-1);
    service.limit = now.limit.value_or(-1);
    service.tokens = now.tokens();
    service.cost = now.cost.value_or(-1);
    // It counts replies of earlier starts too: there is no telling before the second look.
    service.latency_ms = between(last_ ? last_->services[i].latency : now.latency, now.latency);
    point.services.push_back(service);
  }
  points_.push_back(std::move(point));
  last_ = snapshot;
  if (points_.size() > kMostPoints) thin_out();
}

void RunHistory::thin_out() {
  step_s_ *= 2;
  std::deque<Point> kept;
  for (std::size_t i = 0; i < points_.size(); i += 2) kept.push_back(std::move(points_[i]));
  points_ = std::move(kept);
}

Json RunHistory::json_of(const Point& point) {
  Json json = {{"elapsed_s", point.elapsed_s},
               {"read", point.read},
               {"finished", point.finished},
               {"dead", point.dead},
               {"in_flight", point.in_flight},
               {"memory_bytes", point.memory_bytes},
               {"input_share", known(point.input_share)},
               {"nodes", point.nodes},
               {"node_latency_ms", Json::array()},
               {"services", Json::array()}};
  for (const Quantiles& node : point.node_latency_ms) {
    json["node_latency_ms"].push_back({known(node[0]), known(node[1])});
  }
  for (const Service& service : point.services) {
    json["services"].push_back({service.calls, known(service.in_flight), known(service.limit),
                                service.tokens, known(service.cost), known(service.latency_ms[0]),
                                known(service.latency_ms[1])});
  }
  return json;
}

Json RunHistory::to_json(double after_s) const {
  Json json = {{"nodes", Json::array()}, {"services", Json::array()}, {"points", Json::array()}};
  if (!last_) return json;
  for (const NodeProgress& node : last_->nodes) json["nodes"].push_back(node.name);
  for (const ServiceProgress& service : last_->services) json["services"].push_back(service.name);
  const auto first =
      std::upper_bound(points_.begin(), points_.end(), after_s,
                       [](double after, const Point& point) { return after < point.elapsed_s; });
  for (auto point = first; point != points_.end(); ++point) {
    json["points"].push_back(json_of(*point));
  }
  return json;
}

}  // namespace rare::engine
