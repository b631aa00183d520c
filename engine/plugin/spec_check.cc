// check_spec: a component's declaration is checked once, when its plugin is loaded, so that
// everything that reads specs later may rely on them.
#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

#include "engine/plugin/registry.h"

namespace rare::engine {
namespace {

// Component and parameter names stand in YAML keys, paths of --set and names of files.
bool is_name(std::string_view name) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
  return !name.empty() && name.find_first_not_of(kAllowed) == std::string_view::npos;
}

bool is_text_like(ParamType type) {
  return type == ParamType::text || type == ParamType::text_list;
}
bool is_numeric(ParamType type) { return type == ParamType::integer || type == ParamType::number; }

bool is_list_of_texts(const Json& value) {
  return value.is_array() &&
         std::all_of(value.begin(), value.end(), [](const Json& item) { return item.is_string(); });
}

// What a default of this type must be, or empty when `value` is that.
std::string expected_instead_of(const Json& value, const ParamSpec& param) {
  switch (param.type) {
    case ParamType::text:
      return value.is_string() ? "" : "a text";
    case ParamType::boolean:
      return value.is_boolean() ? "" : "true or false";
    case ParamType::integer:
      return value.is_number_integer() ? "" : "an integer";
    case ParamType::number:
      return value.is_number() && std::isfinite(value.get<double>()) ? "" : "a finite number";
    case ParamType::text_list:
      if (param.text_or_list && value.is_string()) return "";
      return is_list_of_texts(value) ? "" : "a list of texts";
    case ParamType::json:
      return "";
    case ParamType::service:
      return "no default (it names a service of the pipeline)";
    case ParamType::node:
      return "no default (it names a node of the pipeline)";
  }
  return "";
}

std::string shown(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// "3" and "0.5", not "3.0".
std::string shown(double number) {
  const bool whole = std::trunc(number) == number && std::abs(number) < 1e15;
  return whole ? std::to_string(static_cast<long long>(number)) : shown(Json(number));
}

std::string first_not_in_choices(const ParamSpec& param) {
  const Json& value = param.default_value;
  const Json items = value.is_array() ? value : Json::array({value});
  for (const Json& item : items) {
    const bool known = std::find(param.choices.begin(), param.choices.end(),
                                 item.get<std::string>()) != param.choices.end();
    if (!known) return shown(item);
  }
  return "";
}

// The fault of a parameter's modifiers, without its default; empty: none.
std::string fault_of_modifiers(const ParamSpec& param) {
  if ((param.minimum || param.maximum) && !is_numeric(param.type)) {
    return "a range is only for a number";
  }
  if (param.minimum && param.maximum && !(*param.minimum <= *param.maximum)) {
    return "its range is empty: " + shown(*param.minimum) + " to " + shown(*param.maximum);
  }
  if (!param.choices.empty() && !is_text_like(param.type)) {
    return "choices are only for a text or a list of texts";
  }
  const std::set<std::string> distinct(param.choices.begin(), param.choices.end());
  if (distinct.size() != param.choices.size()) return "one of its choices is named twice";
  if (param.role != TextRole::plain && !is_text_like(param.type)) {
    return "only a text or a list of texts can be a path or a file";
  }
  if (param.contents_count && param.role != TextRole::file_or_name) {
    return "contents count of a file_or_name alone";
  }
  if (param.text_or_list && param.type != ParamType::text_list) {
    return "or_single() is only for a list of texts";
  }
  return "";
}

std::string fault_of_default(const ParamSpec& param) {
  const Json& value = param.default_value;
  if (value.is_null()) return "";
  if (param.required) return "it is required and has a default: it can be only one of them";
  if (std::string expected = expected_instead_of(value, param); !expected.empty()) {
    return "its default is " + shown(value) + ", expected " + expected;
  }
  if (is_numeric(param.type)) {
    const double number = value.get<double>();
    if (param.minimum && number < *param.minimum) {
      return "its default " + shown(value) + " is below the minimum " + shown(*param.minimum);
    }
    if (param.maximum && number > *param.maximum) {
      return "its default " + shown(value) + " is above the maximum " + shown(*param.maximum);
    }
  }
  if (!param.choices.empty()) {
    if (std::string item = first_not_in_choices(param); !item.empty()) {
      return "its default " + item + " is none of its choices";
    }
  }
  return "";
}

const ParamSpec* find_param(const Spec& spec, const std::string& name) {
  const auto at = std::find_if(spec.params().begin(), spec.params().end(),
                               [&](const ParamSpec& p) { return p.name == name; });
  return at == spec.params().end() ? nullptr : &*at;
}

std::string fault_of_fields(const Spec& spec, const std::vector<Spec::Field>& fields,
                            const std::string& direction) {
  for (const Spec::Field& field : fields) {
    if (field.name.empty()) return direction + " a field without a name";
    if (!field.by_param) continue;
    const ParamSpec* const param = find_param(spec, field.name);
    if (param == nullptr) {
      return direction + " the field named by parameter '" + field.name +
             "', which it does not declare";
    }
    if (!is_text_like(param->type)) {
      return direction + " the field named by parameter '" + field.name + "', which is no text";
    }
  }
  return "";
}

std::string fault_of_ports(const Spec& spec) {
  if (!spec.ports_param().empty()) {
    const ParamSpec* const param = find_param(spec, spec.ports_param());
    if (param == nullptr || param->type != ParamType::json) {
      return "ports are named by parameter '" + spec.ports_param() +
             "', which is no parameter of any value (rare::Json) of it";
    }
  }
  std::set<std::string> seen;
  for (const std::string& port : spec.ports()) {
    if (!is_name(port)) return "port '" + port + "': a name has letters, digits, '_' and '-'";
    if (port.find('.') != std::string::npos) {
      return "port '" + port + "': '.' parts the node from its port and cannot be in a port's name";
    }
    if (!seen.insert(port).second) return "port '" + port + "' is declared twice";
  }
  return "";
}

std::string fault_of_counters(const Spec& spec) {
  std::set<std::string> seen;
  for (const Spec::Counter& counter : spec.counters()) {
    if (!is_name(counter.name)) {
      return "counter '" + counter.name + "': a name has letters, digits, '.', '_' and '-'";
    }
    if (!seen.insert(counter.name).second) {
      return "counter '" + counter.name + "' is declared twice";
    }
  }
  return "";
}

std::string fault_of_saves(const Spec& spec) {
  if (spec.saves_param().empty()) return "";
  const ParamSpec* const param = find_param(spec, spec.saves_param());
  if (param != nullptr && param->role == TextRole::output_path) return "";
  return "saves to the file of parameter '" + spec.saves_param() +
         "', which is no output_path of it";
}

std::string fault_of_growth(const Spec& spec) {
  if (spec.grows_param().empty()) return "";
  const ParamSpec* const param = find_param(spec, spec.grows_param());
  if (param != nullptr && param->type == ParamType::boolean) return "";
  return "grows by parameter '" + spec.grows_param() + "', which is no boolean of it";
}

std::string fault_of_determinism(const Spec& spec) {
  if (spec.deterministic_param().empty()) return "";
  const ParamSpec* const param = find_param(spec, spec.deterministic_param());
  if (param != nullptr && param->type == ParamType::boolean) return "";
  return "is deterministic by parameter '" + spec.deterministic_param() +
         "', which is no boolean of it";
}

std::string fault_of_params(const Spec& spec) {
  std::set<std::string> seen;
  for (const ParamSpec& param : spec.params()) {
    const std::string where = "parameter '" + param.name + "'";
    if (param.name.empty()) return "a parameter has no name";
    if (!is_name(param.name) || param.name.find('.') != std::string::npos) {
      return where + ": a name has letters, digits, '_' and '-'";
    }
    if (!seen.insert(param.name).second) return where + " is declared twice";
    if (std::string fault = fault_of_modifiers(param); !fault.empty()) return where + ": " + fault;
    if (std::string fault = fault_of_default(param); !fault.empty()) return where + ": " + fault;
  }
  return "";
}

}  // namespace

Status check_spec(const Spec& spec) {
  const auto error = [&](const std::string& what) {
    return Status(StatusCode::invalid_argument, "component '" + spec.name() + "': " + what);
  };
  if (spec.name().empty()) {
    return Status(StatusCode::invalid_argument, "a component has no name");
  }
  if (!is_name(spec.name())) return error("a name has letters, digits, '.', '_' and '-'");
  if (std::string fault = fault_of_params(spec); !fault.empty()) return error(fault);
  if (std::string fault = fault_of_ports(spec); !fault.empty()) return error(fault);
  if (std::string fault = fault_of_counters(spec); !fault.empty()) return error(fault);
  if (std::string fault = fault_of_saves(spec); !fault.empty()) return error(fault);
  if (std::string fault = fault_of_growth(spec); !fault.empty()) return error(fault);
  if (std::string fault = fault_of_determinism(spec); !fault.empty()) return error(fault);
  for (const auto& [fields, direction] :
       {std::pair(&spec.reads(), "reads"), std::pair(&spec.writes(), "writes")}) {
    if (std::string fault = fault_of_fields(spec, *fields, direction); !fault.empty()) {
      return error(fault);
    }
  }
  return Status();
}

}  // namespace rare::engine
