#include "engine/graph/files_used.h"

#include <filesystem>
#include <map>
#include <string>

namespace rare::engine {
namespace {

namespace fs = std::filesystem;

using Users = std::map<std::string, std::string>;  // who uses a file, by its path

std::string comparable(const std::string& path) {
  return fs::absolute(path).lexically_normal().string();
}

// Calls use(path) for each path among `value`, a text or a list of them.
template <class Use>
void for_each_path(const Json& value, Use use) {
  if (value.is_string() && !value.get_ref<const std::string&>().empty()) {
    use(value.get_ref<const std::string&>());
  } else if (value.is_array()) {
    for (const Json& item : value) for_each_path(item, use);
  }
}

void collect_inputs(const Spec& spec, const Json& values, const std::string& who, Users& readers) {
  for (const ParamSpec& param : spec.params()) {
    if (param.role != TextRole::input_path && param.role != TextRole::file_or_name) continue;
    for_each_path(values.at(param.name),
                  [&](const std::string& path) { readers.emplace(comparable(path), who); });
  }
}

}  // namespace

void check_files(const Plan& plan, Diagnostics& diagnostics) {
  Users readers, writers;
  for (const PlannedNode& node : plan.nodes) {
    collect_inputs(node.spec(), node.values, "node '" + node.name + "'", readers);
  }
  for (const PlannedService& service : plan.services) {
    collect_inputs(service.use->component.spec, service.values, "service '" + service.name + "'",
                   readers);
  }
  for (const PlannedNode& node : plan.nodes) {
    if (node.kind() != ComponentKind::sink) continue;
    for (const ParamSpec& param : node.spec().params()) {
      if (param.role != TextRole::output_path) continue;
      for_each_path(node.values.at(param.name), [&](const std::string& path) {
        const std::string prefix = "node '" + node.name + "': " + param.name + ": ";
        const auto [other, is_new] = writers.emplace(comparable(path), "node '" + node.name + "'");
        if (!is_new) {
          diagnostics.error(
              node.where, prefix + "'" + path + "' is written by " + other->second + ", too",
              "give each sink a file of its own, or one sink both inputs: from: [A, B]");
        }
        if (const auto reader = readers.find(comparable(path)); reader != readers.end()) {
          diagnostics.error(node.where, prefix + "'" + path + "' is read by " + reader->second,
                            "write to another file: the input would be replaced");
        }
      });
    }
  }
}

}  // namespace rare::engine
