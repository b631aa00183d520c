#include <filesystem>

#include "engine/graph/plan.h"

namespace rare::engine {
namespace {

namespace fs = std::filesystem;

// Relative to the working directory where it stands below it, so that a project that is moved goes
// on with its runs.
Json without_working_directory(const Json& value) {
  if (value.is_array()) {
    Json list = Json::array();
    for (const Json& item : value) list.push_back(without_working_directory(item));
    return list;
  }
  if (!value.is_string()) return value;
  const fs::path path = value.get<std::string>();
  if (!path.is_absolute()) return value;
  const fs::path relative = path.lexically_relative(fs::current_path());
  if (relative.empty() || relative.begin()->string() == "..") return value;
  return relative.string();
}

// Calls `take` with each parameter that decides results, its key, and its value as it counts.
template <class Take>
void each_parameter(const RegisteredComponent& use, const Json& values, const std::string& path,
                    const Take& take) {
  for (const ParamSpec& param : use.component.spec.params()) {
    const bool is_output =
        use.component.kind == ComponentKind::sink && param.role == TextRole::output_path;
    // Which service answers decides what it says.
    const bool is_service = param.type == ParamType::service;
    if (param.secret || (!param.affects_result && !is_output && !is_service)) continue;
    const Json& value = values.at(param.name);
    const bool is_path =
        param.role == TextRole::input_path || param.role == TextRole::file_or_name || is_output;
    take(param, path + ".with." + param.name, is_path ? without_working_directory(value) : value);
  }
}

void add_component(const RegisteredComponent& use, const Json& values, const std::string& path,
                   Json& result) {
  result[path + ".use"] = use.component.spec.name();
  result[path + ".version"] = use.component.spec.version();
  each_parameter(
      use, values, path,
      [&](const ParamSpec&, const std::string& key, const Json& value) { result[key] = value; });
}

void add_defaults(const RegisteredComponent& use, const Json& values, const std::string& path,
                  Json& result) {
  each_parameter(use, values, path,
                 [&](const ParamSpec& param, const std::string& key, const Json& value) {
                   if (!param.required && value == param.default_value) result[key] = value;
                 });
}

const char* on_error_name(OnError on_error) {
  switch (on_error) {
    case OnError::dead_letter:
      return "dead_letter";
    case OnError::fail:
      return "fail";
    case OnError::drop:
      return "drop";
  }
  return "";
}

}  // namespace

Json fingerprint(const Plan& plan) {
  Json result = Json::object();
  result["order"] = plan.config.order == Order::input ? "input" : "any";
  result["seed"] = plan.config.seed;
  for (const PlannedService& service : plan.services) {
    add_component(*service.use, service.values, "services." + service.name, result);
  }
  for (const PlannedNode& node : plan.nodes) {
    const std::string path = "nodes." + node.name;
    add_component(*node.use, node.values, path, result);
    result[path + ".on_error"] = on_error_name(node.on_error);
    Json inputs = Json::array();
    for (const std::string& input : input_names(plan, node)) inputs.push_back(input);
    result[path + ".from"] = std::move(inputs);
  }
  return result;
}

Json fingerprint_defaults(const Plan& plan) {
  Json result = Json::object();
  for (const PlannedService& service : plan.services) {
    add_defaults(*service.use, service.values, "services." + service.name, result);
  }
  for (const PlannedNode& node : plan.nodes) {
    add_defaults(*node.use, node.values, "nodes." + node.name, result);
  }
  return result;
}

}  // namespace rare::engine
