#include "engine/runtime/live_facts.h"

#include <unistd.h>

#include <chrono>
#include <memory>
#include <utility>

#include "engine/graph/plan_text.h"
#include "engine/state/run_report.h"
#include "engine/text/utc_time.h"

namespace rare::engine {
namespace {

// Dead letters are read from the state at most so often.
constexpr std::chrono::seconds kBetweenReads{5};

const char* kind_of(const PlannedNode& node) {
  if (node.gathers()) return "gather";
  switch (node.kind()) {
    case ComponentKind::source:
      return "source";
    case ComponentKind::async_operator:
      return "async";
    case ComponentKind::sink:
      return "sink";
    default:
      return "operator";
  }
}

Json inputs_of(const Plan& plan, const PlannedNode& node) {
  Json inputs = Json::array();
  for (const std::uint32_t from : node.predecessors) {
    const PlannedNode& above = plan.nodes[from];
    const std::vector<std::string> ports = above.ports();
    for (std::size_t port = 0; port < ports.size(); ++port) {
      for (const std::uint32_t to : above.successors[port]) {
        if (to == node.index) inputs.push_back({{"node", above.name}, {"port", ports[port]}});
      }
    }
  }
  return inputs;
}

Json service_names_of(const Plan& plan, const PlannedNode& node) {
  Json names = Json::array();
  for (const ServiceUse& use : node.services) names.push_back(plan.services[use.service].name);
  return names;
}

std::function<Result<Json>()> reader_of_dead(const std::string& folder) {
  struct Kept {
    std::chrono::steady_clock::time_point at;
    Result<Json> letters = Json();
  };
  return [folder, kept = std::make_shared<std::optional<Kept>>()]() -> Result<Json> {
    const auto now = std::chrono::steady_clock::now();
    if (!*kept || now - (*kept)->at > kBetweenReads) *kept = Kept{now, dead_letter_samples(folder)};
    return (*kept)->letters;
  };
}

}  // namespace

LiveRun::Facts live_facts(const Plan& plan, const Components& components, const std::string& run_id,
                          const std::string& folder) {
  LiveRun::Facts facts;
  const Json config = plan_to_json(plan);
  facts.run = {{"engine_version", RARE_ENGINE_VERSION},
               {"name", plan.config.name},
               {"run_id", run_id},
               {"state_folder", folder},
               {"started", utc_time(std::chrono::system_clock::now())},
               {"pid", ::getpid()},
               {"nodes", Json::array()},
               {"services", Json::array()},
               {"config", config.dump(2, ' ', false, Json::error_handler_t::replace)}};
  for (const PlannedNode& node : plan.nodes) {
    facts.nodes.push_back(node.name);
    facts.ports.push_back(node.ports());
    facts.services_of.push_back(service_names_of(plan, node));
    facts.run["nodes"].push_back({{"name", node.name},
                                  {"use", node.spec().name()},
                                  {"kind", kind_of(node)},
                                  {"parallelism", components.parallelism(node)},
                                  {"inputs", inputs_of(plan, node)},
                                  {"ports", node.ports()},
                                  {"services", facts.services_of.back()},
                                  {"with", config["nodes"][node.index]["params"]}});
  }
  for (std::size_t i = 0; i < plan.services.size(); ++i) {
    facts.run["services"].push_back({{"name", plan.services[i].name},
                                     {"use", plan.services[i].use->component.spec.name()},
                                     {"with", config["services"][i]["params"]}});
  }
  facts.dead_letters = reader_of_dead(folder);
  return facts;
}

}  // namespace rare::engine
