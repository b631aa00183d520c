#include "engine/graph/saving_sinks.h"

#include <string>
#include <utility>

namespace rare::engine {
namespace {

using Kind = ConfigValue::Kind;

constexpr const char* kSuffix = ".save";

NodeConfig saving_sink(const NodeConfig& node, const Spec& saver) {
  NodeConfig sink;
  sink.name = node.name + kSuffix;
  sink.where = sink.use_where = node.save.where;
  sink.use = saver.name();
  sink.with.kind = Kind::map;
  sink.with.where = node.save.where;
  sink.with.folder = node.save.folder;
  sink.with.set(saver.saves_param(), node.save.where, node.save);
  sink.from_given = true;
  return sink;
}

}  // namespace

void add_saving_sinks(PipelineConfig& config, const Registry& registry, Diagnostics& diagnostics) {
  const std::size_t declared = config.nodes.size();
  for (std::size_t i = 0; i < declared; ++i) {
    if (config.nodes[i].save.kind == Kind::null) continue;
    const NodeConfig node = config.nodes[i];  // a copy: the list grows
    const std::string prefix = "node '" + node.name + "': save: ";
    const RegisteredComponent* use = registry.find(node.use);
    if (use != nullptr && use->component.kind == ComponentKind::sink) {
      diagnostics.error(
          node.save.where,
          prefix + "expected a node that gives out records, '" + node.use + "' is a sink",
          "name the node above, or take 'save' out");
    } else if (const RegisteredComponent* saver = registry.saver(); saver == nullptr) {
      diagnostics.error(node.save.where, prefix + "no sink that is installed can write it",
                        "'rare-engine plugins' lists what is installed and what was refused");
    } else {
      config.nodes.push_back(saving_sink(node, saver->component.spec));
    }
  }
}

void connect_saving_sinks(PipelineConfig& config, std::size_t declared,
                          const std::vector<DraftNode>& drafts) {
  for (std::size_t i = declared; i < config.nodes.size(); ++i) {
    NodeConfig& sink = config.nodes[i];
    const std::string saved = sink.name.substr(0, sink.name.size() - std::string(kSuffix).size());
    for (std::size_t above = 0; above < declared; ++above) {
      if (config.nodes[above].name != saved) continue;
      const std::vector<std::string>& ports = drafts[above].ports;
      if (ports.size() < 2) {
        sink.from.push_back({saved, "", sink.where});
        continue;
      }
      for (const std::string& port : ports) sink.from.push_back({saved, port, sink.where});
    }
  }
}

}  // namespace rare::engine
