#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "engine/graph/plan.h"
#include "rare/random.h"

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

// Of what stands in a file: a digest, or of a large one, which would take its time, the size. Of a
// file that cannot be read nothing: who uses it will say so.
Json contents_of(const std::string& path) {
  constexpr std::uintmax_t kMostRead = std::uintmax_t{64} << 20;
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error) return Json();
  if (size > kMostRead) return std::to_string(size) + " bytes";
  std::ifstream file(path, std::ios::binary);
  const std::string contents(std::istreambuf_iterator<char>(file), {});
  return file.bad() ? Json() : Json(derive_seed(0, contents, "contents"));
}

// Of the files that the parameter's value names: "KEY, contents of PATH" and what stands in them.
void add_contents(const ParamSpec& param, const std::string& key, const Json& value, Json& result) {
  for (const Json& word : value.is_array() ? value : Json::array({value})) {
    const bool is_file = word.is_string() && fs::path(word.get<std::string>()).is_absolute() &&
                         fs::is_regular_file(word.get<std::string>());
    if (!param.contents_count || !is_file) continue;
    result[key + ", contents of " + without_working_directory(word).get<std::string>()] =
        contents_of(word);
  }
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
  each_parameter(use, values, path,
                 [&](const ParamSpec& param, const std::string& key, const Json& value) {
                   result[key] = value;
                   add_contents(param, key, values.at(param.name), result);
                 });
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
