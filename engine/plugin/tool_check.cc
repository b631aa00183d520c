// check_tool: a verb's declaration is checked once, when its plugin is loaded.
#include <algorithm>
#include <set>

#include "engine/plugin/registry.h"

namespace rare::engine {
namespace {

// Names that the command line gives to every verb of a plugin.
bool is_taken(const std::string& name) {
  return name == "help" || name == "h" || name == "plugin_path";
}

std::string fault_of_options(const Spec& spec) {
  for (const ParamSpec& param : spec.params()) {
    const std::string where = "parameter '" + param.name + "': ";
    if (is_taken(param.name)) return where + "every verb has this option already";
    switch (param.type) {
      case ParamType::service:
      case ParamType::node:
      case ParamType::json:
        return where + "no service, node or JSON can be given on the command line";
      case ParamType::boolean:
        if (param.default_value == Json(true)) {
          return where + "a flag is false until it is given; turn its meaning round";
        }
        break;
      default:
        break;
    }
  }
  return "";
}

std::string fault_of_arguments(const ToolUsage& usage) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < usage.arguments.size(); ++i) {
    const std::string& name = usage.arguments[i];
    const std::vector<ParamSpec>& params = usage.spec.params();
    const auto param = std::find_if(params.begin(), params.end(),
                                    [&](const ParamSpec& p) { return p.name == name; });
    if (param == params.end()) return "its argument '" + name + "' is no parameter of it";
    if (!seen.insert(name).second) return "its argument '" + name + "' is named twice";
    if (param->type == ParamType::boolean) return "its argument '" + name + "' is a flag";
    if (param->type == ParamType::text_list && i + 1 < usage.arguments.size()) {
      return "its argument '" + name + "' is a list and not the last one";
    }
  }
  return "";
}

}  // namespace

std::string typed_verb(const Spec& spec) {
  std::string verb = spec.name();
  std::replace(verb.begin(), verb.end(), '.', ' ');
  return verb;
}

Status check_tool(const ToolUsage& usage) {
  const Spec& spec = usage.spec;
  if (Status status = check_spec(spec); !status.ok()) return status;
  std::string fault = fault_of_options(spec);
  if (fault.empty()) fault = fault_of_arguments(usage);
  if (fault.empty() && usage.examples.find("rare-engine " + typed_verb(spec)) != 0) {
    fault = "it has no example that begins with 'rare-engine " + typed_verb(spec) + "'";
  }
  if (fault.empty()) return Status();
  return Status(StatusCode::invalid_argument, "the verb '" + typed_verb(spec) + "': " + fault);
}

}  // namespace rare::engine
