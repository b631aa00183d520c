#include "engine/runtime/components.h"

#include <algorithm>
#include <utility>

#include "engine/graph/files_used.h"
#include "engine/observe/log.h"
#include "engine/runtime/at_work.h"
#include "engine/runtime/boundary.h"
#include "engine/runtime/corpus_pass.h"
#include "engine/runtime/kept_output.h"

namespace rare::engine {
namespace {

// An error while opening is always one of the run, and mostly of its configuration.
Status opening(const std::string& who, const Location& where, const Status& status) {
  std::string place = where.line > 0 ? where.to_string() + ": " : std::string();
  const StatusCode code =
      status.code() == StatusCode::not_found ? StatusCode::invalid_argument : status.code();
  return Status::run_fault(code, place + who + ": " + status.message());
}

}  // namespace

Components::Components(const Plan& plan, const Environment& environment)
    : plan_(plan), environment_(environment), nodes_(plan.nodes.size()) {
  for (const PlannedNode& node : plan.nodes) {
    if (node.kind() == ComponentKind::source) source_nodes_.push_back(node.index);
    if (node.kind() == ComponentKind::sink) sink_nodes_.push_back(node.index);
  }
}

// Nodes hold pointers into services, and services into contexts. A destructor that throws ends the
// process: the report names whose it was.
Components::~Components() {
  for (const PlannedNode& node : plan_.nodes) {
    const AtWork at_work(node);
    nodes_[node.index] = NodeParts();
  }
  while (!services_.empty()) {
    const AtWork at_work(plan_.services[services_.size() - 1]);
    services_.pop_back();
  }
}

ComponentContext& Components::context_of(const std::string& name) {
  contexts_.push_back(std::make_unique<ComponentContext>(
      name, environment_,
      [this](const std::string& node) { return open_corpus_pass(plan_, node, environment_); }));
  return *contexts_.back();
}

Status Components::open_services() {
  for (const PlannedService& service : plan_.services) {
    const Status status = at_boundary([&] { return open_service(service); });
    if (!status.ok()) {
      return opening("service '" + service.name + "' (" + service.use->component.spec.name() + ")",
                     service.where, status);
    }
  }
  return Status();
}

Status Components::open_service(const PlannedService& service) {
  const AtWork at_work(service);
  services_.push_back(service.use->component.make_service(service.values, {}));
  return services_.back()->open(context_of(service.name));
}

Status Components::open_operators() {
  for (const PlannedNode& node : plan_.nodes) {
    const bool is_operator =
        node.kind() == ComponentKind::operator_ || node.kind() == ComponentKind::async_operator;
    if (!is_operator) continue;
    const Status status = at_boundary([&] { return open_operator(node); });
    if (!status.ok()) return opening(node.described(), node.where, status);
  }
  return Status();
}

// One client of each service for each node, however many instances the node has.
Result<ServiceResolver> Components::connect(const PlannedNode& node) {
  std::map<std::string, void*> interfaces;
  for (const ServiceUse& use : node.services) {
    const PlannedService& service = plan_.services[use.service];
    std::string interface;
    for (const ParamSpec& param : node.spec().params()) {
      if (param.name == use.param) interface = param.interface;
    }
    ServiceClient client{node.name, node.depth};
    void* const offered = services_[use.service]->connect(interface, client);
    if (offered == nullptr) {
      return Status(StatusCode::invalid_argument,
                    "parameter '" + use.param + "' needs a service that offers " + interface +
                        ", but '" + service.name + "' is " + service.use->component.spec.name() +
                        ", which does not");
    }
    interfaces[service.name + "\n" + interface] =
        environment_.meter == nullptr
            ? offered
            : environment_.meter->over(interface, offered, client, service.name,
                                       *environment_.resumer);
  }
  return ServiceResolver(
      [interfaces](const std::string& name, std::string_view interface) -> void* {
        const auto at = interfaces.find(name + "\n" + std::string(interface));
        return at == interfaces.end() ? nullptr : at->second;
      });
}

// A whole-set node's output is not: it takes in what is on disk, and works on all of it again.
template <class AnyOperator>
std::unique_ptr<AnyOperator> Components::kept_where_needed(const PlannedNode& node,
                                                           std::unique_ptr<AnyOperator> made) {
  if (!node.is_nondeterministic() || node.gathers() || environment_.output_owner.empty()) {
    return made;
  }
  return keep_output(std::move(made), {environment_.replies, environment_.resumer,
                                       environment_.output_owner, node.name, OutputNames(node)});
}

Status Components::open_operator(const PlannedNode& node) {
  Result<ServiceResolver> services = connect(node);
  if (!services) return services.status();
  const AtWork at_work(node);
  ComponentContext& context = context_of(node.name);
  NodeParts& parts = nodes_[node.index];
  if (node.kind() == ComponentKind::async_operator) {
    parts.async_operator =
        kept_where_needed(node, node.use->component.make_async_operator(node.values, *services));
    return parts.async_operator->open(context);
  }
  for (int i = 0; i < parallelism(node); ++i) {
    parts.operators.push_back(
        kept_where_needed(node, node.use->component.make_operator(node.values, *services)));
    const Status status = parts.operators.back()->open(context);
    if (!status.ok()) return status;
  }
  return Status();
}

Status Components::open_sources(const std::map<std::string, SourceCheckpoint>& checkpoints,
                                const EarlierInputs& earlier) {
  for (const std::uint32_t index : source_nodes_) {
    const PlannedNode& node = plan_.nodes[index];
    const auto at = checkpoints.find(node.name);
    std::optional<Position> position;
    if (at != checkpoints.end()) position = at->second.position;
    const AtWork at_work(node);
    const Status status = at_boundary([&] {
      nodes_[index].source = node.use->component.make_source(node.values, {});
      const auto known = earlier.identities.find(node.name);
      if (node.grows() && known != earlier.identities.end()) {
        nodes_[index].source->follow(known->second, earlier.takes_more);
      }
      return nodes_[index].source->open(context_of(node.name), position);
    });
    if (!status.ok()) return opening(node.described(), node.where, status);
  }
  return Status();
}

Status Components::make_sinks() {
  for (const std::uint32_t index : sink_nodes_) {
    const PlannedNode& node = plan_.nodes[index];
    const Status status = at_boundary([&] {
      const AtWork at_work(node);
      nodes_[index].sink = node.use->component.make_sink(node.values, {});
      const std::string location = nodes_[index].sink->location();
      return location.find('*') == std::string::npos ? Status()
                                                     : check_numbered_files(plan_, node, location);
    });
    if (!status.ok()) return opening(node.described(), node.where, status);
  }
  return Status();
}

bool Components::sinks_want_provenance() const {
  return std::any_of(sink_nodes_.begin(), sink_nodes_.end(),
                     [this](std::uint32_t node) { return sink(node).wants_provenance(); });
}

const Sink* Components::sink_without_output(const std::map<std::string, Offset>& committed) const {
  for (const std::uint32_t index : sink_nodes_) {
    const Sink& sink = *nodes_[index].sink;
    const auto end = committed.find(plan_.nodes[index].name);
    if (!(end == committed.end() ? sink.in_place() : sink.in_place_up_to(end->second))) {
      return &sink;
    }
  }
  return nullptr;
}

Status Components::check_remaking(const std::string& instead) const {
  for (const std::uint32_t index : sink_nodes_) {
    const Sink& sink = *nodes_[index].sink;
    if (!sink.append_only()) continue;
    return Status::run_fault(StatusCode::invalid_argument,
                             plan_.nodes[index].described() + ": " + sink.location() +
                                 " keeps the rows that it has, and so those that are made again "
                                 "would stand there twice: " +
                                 instead);
  }
  return Status();
}

Status Components::open_sinks(const std::map<std::string, Offset>& committed) {
  for (const std::uint32_t index : sink_nodes_) {
    const PlannedNode& node = plan_.nodes[index];
    const auto at = committed.find(node.name);
    std::optional<Offset> offset;
    if (at != committed.end()) offset = at->second;
    const AtWork at_work(node);
    const Status status =
        at_boundary([&] { return nodes_[index].sink->open(context_of(node.name), offset); });
    if (!status.ok()) return opening(node.described(), node.where, status);
  }
  return Status();
}

const std::vector<std::unique_ptr<Operator>>& Components::operators(std::uint32_t node) const {
  return nodes_[node].operators;
}
AsyncOperator& Components::async_operator(std::uint32_t node) const {
  return *nodes_[node].async_operator;
}
Source& Components::source(std::uint32_t node) const { return *nodes_[node].source; }
Sink& Components::sink(std::uint32_t node) const { return *nodes_[node].sink; }

int Components::parallelism(const PlannedNode& node) const {
  if (node.parallelism > 0) return node.parallelism;
  // What keeps the busiest service's slots full, and as many again (up to one commit batch of the
  // reply store) that wait for their reply to be on disk.
  int concurrency = 1;
  for (const ServiceUse& use : node.services) {
    concurrency = std::max(concurrency, services_[use.service]->concurrency());
  }
  constexpr int kCommitBatch = 64;
  return concurrency + std::min(concurrency, kCommitBatch);
}

bool Components::ready(const PlannedNode& node) const {
  return std::all_of(node.services.begin(), node.services.end(),
                     [this](const ServiceUse& use) { return services_[use.service]->ready(); });
}

Result<std::map<std::string, Json>> Components::service_identities() const {
  std::map<std::string, Json> identities;
  for (std::size_t i = 0; i < services_.size(); ++i) {
    const PlannedService& service = plan_.services[i];
    const AtWork at_work(service);
    Result<Json> identity = at_boundary([&] { return services_[i]->identity(); });
    if (!identity) {
      return opening("service '" + service.name + "' (" + service.use->component.spec.name() + ")",
                     service.where, identity.status());
    }
    if (!identity->is_null()) identities["services." + service.name] = std::move(*identity);
  }
  return identities;
}

// What a service says of itself, which no run must fail for: nothing where it throws, which is told
// once.
template <class Say>
auto Components::said_by(std::size_t service, const Say& say) const -> decltype(say()) {
  auto said = at_boundary([&]() -> Result<decltype(say())> { return say(); });
  if (said) return std::move(*said);
  const std::lock_guard lock(said_mutex_);
  if (odd_services_.insert(service).second) {
    log_line(LogLevel::warning, plan_.services[service].name,
             "what the service says of itself is left out: it " + said.status().message());
  }
  return {};
}

std::map<std::string, Json> Components::usage() const {
  std::map<std::string, Json> usage = usage_and_load();
  for (auto& [name, numbers] : usage) numbers.erase("now");
  return usage;
}

std::map<std::string, Json> Components::usage_and_load() const {
  std::map<std::string, Json> usage;
  for (std::size_t i = 0; i < services_.size(); ++i) {
    Json said = said_by(i, [&] { return services_[i]->usage(); });
    usage[plan_.services[i].name] = said.is_object() ? std::move(said) : Json::object();
  }
  return usage;
}

std::map<std::string, std::string> Components::activities() const {
  std::map<std::string, std::string> activities;
  for (std::size_t i = 0; i < services_.size(); ++i) {
    std::string activity = said_by(i, [&] { return services_[i]->activity(); });
    // It stands in lines of others.
    std::replace_if(
        activity.begin(), activity.end(),
        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
    if (!activity.empty()) activities[plan_.services[i].name] = std::move(activity);
  }
  return activities;
}

std::vector<std::string> Components::notices() const {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < services_.size(); ++i) {
    std::string line = said_by(i, [&] { return services_[i]->notice(); });
    if (!line.empty()) lines.push_back(std::move(line));
  }
  return lines;
}

void Components::stop_asking() {
  for (const auto& service : services_) service->stop_asking();
}

void Components::cancel_services() {
  for (const auto& service : services_) service->cancel();
}

}  // namespace rare::engine
