#include "engine/graph/parameter_binding.h"

#include <algorithm>

#include "engine/config/name_list.h"
#include "engine/config/pipeline_keys.h"
#include "engine/config/reference_names.h"
#include "engine/graph/parameter_value.h"
#include "engine/text/url_user.h"

namespace rare::engine {
namespace {

std::string hint_for_unknown(const Spec& spec, const std::string& key) {
  if (contains(node_keys(), key)) {
    return "'" + key + "' stands beside 'use', not inside 'with:'";
  }
  std::vector<std::string> known;
  for (const ParamSpec& param : spec.params()) known.push_back(param.name);
  if (std::string near = nearest_name(key, known); !near.empty()) {
    return "did you mean '" + near + "'?";
  }
  std::string hint = reference_name_hint(key);
  if (!hint.empty()) hint += "\n";
  if (known.empty()) return hint + "'" + spec.name() + "' has no parameters";
  return hint + "'" + spec.name() + "' has: " + joined(known);
}

// Whether an unknown parameter will be answered with "did you mean" this one.
bool is_misspelt(const std::string& name, const Spec& spec, const ConfigValue& with) {
  std::vector<std::string> known;
  for (const ParamSpec& param : spec.params()) known.push_back(param.name);
  return std::any_of(with.entries.begin(), with.entries.end(), [&](const auto& entry) {
    return !contains(known, entry.first) && nearest_name(entry.first, known) == name;
  });
}

// Whether an unknown parameter may be a secret that is misspelt: unless it is near another.
bool may_be_secret(const Spec& spec, const std::string& key) {
  std::vector<std::string> known;
  std::vector<std::string> secrets;
  for (const ParamSpec& param : spec.params()) {
    known.push_back(param.name);
    if (param.secret) secrets.push_back(param.name);
  }
  const std::string near = nearest_name(key, known);
  return near.empty() ? !secrets.empty() : contains(secrets, near);
}

// Whether what a service or node parameter names is there.
void check_reference(const ParamSpec& param, const Json& value, const ConfigValue& written,
                     const std::string& prefix, const BindingNames& names,
                     Diagnostics& diagnostics) {
  const bool is_service = param.type == ParamType::service;
  const std::vector<std::string>& known = is_service ? names.services : names.nodes;
  const std::vector<std::string>& other = is_service ? names.nodes : names.services;
  const std::string name = value.get<std::string>();
  if (contains(known, name)) return;
  const std::string what = is_service ? "service" : "node";
  const std::string start = prefix + "parameter '" + param.name + "': ";
  if (contains(other, name)) {
    diagnostics.error(written.where,
                      start + "expected a " + what + ", got the " +
                          (is_service ? "node" : "service") + " '" + name + "'",
                      known.empty() ? "" : what + "s here: " + joined(known));
    return;
  }
  std::string near = nearest_name(name, known);
  std::string hint = !near.empty()   ? "did you mean '" + near + "'?"
                     : known.empty() ? "the pipeline has no " + what + "s"
                                     : what + "s here: " + joined(known);
  diagnostics.error(written.where, start + "unknown " + what + " '" + name + "'", hint);
}

// Errors, of whatever stands on the same line, show neither secrets nor passwords of URLs.
void hide_secrets(const ConfigValue& value, bool is_secret, Diagnostics& diagnostics) {
  if (value.kind == ConfigValue::Kind::scalar) {
    diagnostics.hide(is_secret ? std::string_view(value.text) : url_user(value.text));
  }
  for (const ConfigValue& item : value.items) hide_secrets(item, is_secret, diagnostics);
  for (const auto& [key, entry] : value.entries) hide_secrets(entry, is_secret, diagnostics);
}

}  // namespace

Json bind_parameters(const Spec& spec, const ConfigValue& with, const std::string& prefix,
                     const Location& where, const BindingNames& names, Diagnostics& diagnostics) {
  Json values = Json::object();
  std::vector<std::string> known;
  for (const ParamSpec& param : spec.params()) {
    known.push_back(param.name);
    values[param.name] = param.default_value;
    const ConfigValue* written = with.find(param.name);
    if (written == nullptr || (written->kind == ConfigValue::Kind::null && !written->reported)) {
      if (!param.required || is_misspelt(param.name, spec, with)) continue;
      std::string doc = param.doc.empty() ? "" : param.doc + " ";
      diagnostics.error(written == nullptr ? where : written->where,
                        prefix + "parameter '" + param.name + "' is required",
                        doc + "Expected " + expected_value(param) + " inside 'with:'.");
      continue;
    }
    hide_secrets(*written, param.secret, diagnostics);
    std::optional<Json> value = parameter_value(param, *written, prefix, diagnostics);
    if (!value) continue;
    values[param.name] = std::move(*value);
    bool refers = (param.type == ParamType::service || param.type == ParamType::node) &&
                  !values[param.name].is_null();
    if (refers) check_reference(param, values[param.name], *written, prefix, names, diagnostics);
  }
  for (std::size_t i = 0; i < with.entries.size(); ++i) {
    const auto& [key, value] = with.entries[i];
    if (contains(known, key)) continue;
    hide_secrets(value, may_be_secret(spec, key), diagnostics);
    diagnostics.error(with.entry_locations[i], prefix + "unknown parameter '" + key + "'",
                      hint_for_unknown(spec, key));
  }
  return values;
}

}  // namespace rare::engine
