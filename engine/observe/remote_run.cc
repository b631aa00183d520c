#include "engine/observe/remote_run.h"

#include <utility>

#include "engine/observe/http_get.h"
#include "engine/observe/live_pages.h"

namespace rare::engine {
namespace {

template <class Number>
std::optional<Number> known(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number()) return std::nullopt;
  return found->get<Number>();
}

NodeProgress node_from_json(const std::string& name, const Json& json) {
  NodeProgress node;
  node.name = name;
  node.in_flight = json.value("in_flight", std::int64_t{0});
  node.parallelism = json.value("parallelism", 0);
  node.done = json.value("done", std::uint64_t{0});
  node.filtered = json.value("filtered", std::uint64_t{0});
  node.dropped = json.value("dropped", std::uint64_t{0});
  node.dead = json.value("dead", std::uint64_t{0});
  node.parked = json.value("parked", std::uint64_t{0});
  return node;
}

ServiceProgress service_from_json(const std::string& name, const Json& json) {
  ServiceProgress service;
  service.name = name;
  service.calls = json.value("calls", std::uint64_t{0});
  service.throttled = json.value("throttled", std::uint64_t{0});
  service.retries = json.value("retries", std::uint64_t{0});
  service.cache_hits = json.value("cache_hits", std::uint64_t{0});
  service.prompt_tokens = json.value("prompt_tokens", std::int64_t{0});
  service.completion_tokens = json.value("completion_tokens", std::int64_t{0});
  service.cost = known<double>(json, "cost");
  service.in_flight = known<std::int64_t>(json, "in_flight");
  service.limit = known<std::int64_t>(json, "limit");
  service.activity = json.value("activity", "");
  return service;
}

// Counts of a moment of the past, as far as a pace needs them.
ProgressSnapshot moment_of(const Json& point, const Json& history) {
  ProgressSnapshot moment;
  moment.elapsed_s = point.at("elapsed_s");
  moment.read = point.at("read");
  moment.finished = point.at("finished");
  moment.input_share = known<double>(point, "input_share");
  for (std::size_t i = 0; i < history.at("nodes").size(); ++i) {
    NodeProgress node;
    node.name = history["nodes"][i];
    node.done = point.at("nodes").at(i);
    moment.nodes.push_back(std::move(node));
  }
  for (std::size_t i = 0; i < history.at("services").size(); ++i) {
    const Json& counts = point.at("services").at(i);
    ServiceProgress service;
    service.name = history["services"][i];
    service.calls = counts.at(0);
    service.completion_tokens = counts.at(3);
    moment.services.push_back(std::move(service));
  }
  return moment;
}

}  // namespace

ProgressSnapshot progress_from_json(const Json& json, const std::vector<std::string>& nodes) {
  ProgressSnapshot progress;
  progress.elapsed_s = json.value("elapsed_s", 0.0);
  progress.read = json.value("read", std::uint64_t{0});
  progress.finished = json.value("finished", std::uint64_t{0});
  progress.dead = json.value("dead", std::uint64_t{0});
  progress.ledger = json.value("ledger", Json::object());
  progress.in_flight = json.value("in_flight", std::uint64_t{0});
  progress.memory_bytes = json.value("memory_bytes", std::uint64_t{0});
  progress.input_share = known<double>(json, "input_share");
  progress.streams = json.value("streams", true);
  const Json told = json.value("nodes", Json::object());
  for (const std::string& name : nodes) {
    progress.nodes.push_back(node_from_json(name, told.value(name, Json::object())));
  }
  const Json services = json.value("services", Json::object());
  for (const auto& [name, service] : services.items()) {
    progress.services.push_back(service_from_json(name, service));
  }
  return progress;
}

Result<RemoteRun> RemoteRun::attach(const std::string& folder) {
  RemoteRun run(folder);
  Result<Json> facts = get_json_in_folder(folder, kLiveSocket, "/api/run");
  if (!facts) return facts.status();
  run.facts_ = std::move(*facts);
  for (const Json& node : run.facts_.value("nodes", Json::array())) {
    run.nodes_.push_back(node.value("name", ""));
  }
  Status status = run.take_history();
  if (status.ok()) status = run.look();
  if (!status.ok()) return status;
  return run;
}

Status RemoteRun::take_history() {
  const Result<Json> history = get_json_in_folder(folder_, kLiveSocket, "/api/history");
  if (!history) return history.status();
  try {
    for (const Json& point : history->at("points")) pace_.add(moment_of(point, *history));
  } catch (const Json::exception& e) {
    return Status(StatusCode::internal,
                  std::string("the run tells its past in a form of another version: ") + e.what());
  }
  return Status();
}

Status RemoteRun::look() {
  Result<Json> said = get_json_in_folder(folder_, kLiveSocket, "/api/progress");
  if (!said) return said.status();
  said_ = std::move(*said);
  try {
    progress_ = progress_from_json(said_, nodes_);
  } catch (const Json::exception& e) {
    return Status(
        StatusCode::internal,
        std::string("the run tells its progress in a form of another version: ") + e.what());
  }
  pace_.add(progress_);
  return Status();
}

Result<Json> RemoteRun::samples(const std::string& node, const std::string& port,
                                std::uint64_t after) const {
  std::string path = "/api/tap?node=" + percent_encoded(node) + "&after=" + std::to_string(after);
  if (!port.empty()) path += "&port=" + percent_encoded(port);
  return get_json_in_folder(folder_, kLiveSocket, path);
}

}  // namespace rare::engine
