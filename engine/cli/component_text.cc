#include "engine/cli/component_text.h"

#include <cmath>

#include "engine/config/name_list.h"

namespace rare::engine::cli {
namespace {

std::string number_text(double number) {
  const bool whole = std::trunc(number) == number && std::abs(number) < 1e15;
  return whole ? std::to_string(static_cast<long long>(number)) : Json(number).dump();
}

std::string range_text(const ParamSpec& param) {
  const std::optional<double> minimum = param.stated_minimum(), maximum = param.stated_maximum();
  if (minimum && maximum) return number_text(*minimum) + " to " + number_text(*maximum);
  if (minimum) return "at least " + number_text(*minimum);
  if (maximum) return "at most " + number_text(*maximum);
  return "";
}

std::string base_type_text(const ParamSpec& param) {
  switch (param.type) {
    case ParamType::text:
      return param.role == TextRole::input_path     ? "path of an input"
             : param.role == TextRole::output_path  ? "path of an output"
             : param.role == TextRole::text_or_file ? "text, or path of a file that holds it"
             : param.role == TextRole::file_or_name ? "path of an input, or a name"
                                                    : "text";
    case ParamType::boolean:
      return "true or false";
    case ParamType::integer:
      return "integer";
    case ParamType::number:
      return "number";
    case ParamType::text_list: {
      const bool paths = param.role == TextRole::input_path || param.role == TextRole::output_path;
      const std::string list = paths ? "list of paths" : "list of texts";
      return param.text_or_list ? list + ", or one" : list;
    }
    case ParamType::json:
      return "any value";
    case ParamType::service:
      return "service that offers " + param.interface;
    case ParamType::node:
      return "node of the pipeline";
  }
  return "";
}

// The word for a parameter's type in JSON.
const char* type_name(ParamType type) {
  switch (type) {
    case ParamType::text:
      return "text";
    case ParamType::boolean:
      return "boolean";
    case ParamType::integer:
      return "integer";
    case ParamType::number:
      return "number";
    case ParamType::text_list:
      return "text_list";
    case ParamType::json:
      return "json";
    case ParamType::service:
      return "service";
    case ParamType::node:
      return "node";
  }
  return "";
}

const char* role_name(TextRole role) {
  switch (role) {
    case TextRole::input_path:
      return "input";
    case TextRole::output_path:
      return "output";
    case TextRole::text_or_file:
      return "text_or_file";
    case TextRole::file_or_name:
      return "file_or_name";
    case TextRole::plain:
      break;
  }
  return "";
}

Json parameter_json(const ParamSpec& param) {
  Json json{{"name", param.name},
            {"type", type_name(param.type)},
            {"required", param.required},
            {"affects_result", param.affects_result},
            {"doc", param.doc}};
  if (!param.default_value.is_null()) json["default"] = param.default_value;
  if (param.text_or_list) json["single_text_allowed"] = true;
  if (const auto minimum = param.stated_minimum()) json["minimum"] = *minimum;
  if (const auto maximum = param.stated_maximum()) json["maximum"] = *maximum;
  if (!param.choices.empty()) json["choices"] = param.choices;
  if (!param.unit.empty()) json["unit"] = param.unit;
  if (param.role != TextRole::plain) json["path"] = role_name(param.role);
  if (param.secret) json["secret"] = true;
  if (!param.interface.empty()) json["interface"] = param.interface;
  return json;
}

Json fields_json(const std::vector<Spec::Field>& fields) {
  Json json = Json::array();
  for (const Spec::Field& field : fields) {
    json.push_back(Json{{field.by_param ? "parameter" : "field", field.name}});
  }
  return json;
}

std::string placeholder(const ParamSpec& param) {
  if (!param.choices.empty()) return param.choices.front();
  switch (param.type) {
    case ParamType::integer:
    case ParamType::number:
      return number_text(param.stated_minimum().value_or(1));
    case ParamType::boolean:
      return "true";
    case ParamType::text_list:
      return param.role == TextRole::plain ? "[text]" : "[data/input.jsonl]";
    case ParamType::service:
      return "some_service";
    case ParamType::node:
      return "some_node";
    case ParamType::text:
      if (param.role == TextRole::input_path) return "data/input.jsonl";
      if (param.role == TextRole::output_path) return "out/result.jsonl";
      return "text";
    case ParamType::json:
      return "{}";
  }
  return "";
}

}  // namespace

bool has_built_in_text(const ParamSpec& param) {
  return param.role == TextRole::text_or_file && param.default_value.is_string() &&
         !param.default_value.get_ref<const std::string&>().empty();
}

std::string built_in_texts(const Spec& spec, const Style& style) {
  std::string text;
  for (const ParamSpec& param : spec.params()) {
    if (!has_built_in_text(param)) continue;
    if (!text.empty()) text += "\n";
    text += style.heading("---- " + spec.name() + ", version " + std::to_string(spec.version()) +
                          ", " + param.name) +
            "\n" + param.default_value.get_ref<const std::string&>();
    if (!text.ends_with('\n')) text += '\n';
  }
  return text;
}

Json built_in_texts_json(const Spec& spec) {
  Json texts = Json::object();
  for (const ParamSpec& param : spec.params()) {
    if (has_built_in_text(param)) texts[param.name] = param.default_value;
  }
  return {{"name", spec.name()}, {"version", spec.version()}, {"texts", std::move(texts)}};
}

std::string kind_text(ComponentKind kind) {
  switch (kind) {
    case ComponentKind::operator_:
      return "operator";
    case ComponentKind::async_operator:
      return "async operator";
    case ComponentKind::source:
      return "source";
    case ComponentKind::sink:
      return "sink";
    case ComponentKind::service:
      return "service";
  }
  return "";
}

std::string type_text(const ParamSpec& param) {
  std::string text = base_type_text(param);
  if (!param.choices.empty()) text += ", of: " + joined(param.choices);
  if (std::string range = range_text(param); !range.empty()) text += ", " + range;
  if (!param.unit.empty()) text += ", in " + param.unit;
  if (param.secret) text += ", secret";
  return text;
}

std::string default_text(const ParamSpec& param) {
  if (param.required) return "required";
  if (param.default_value.is_null()) return "none";
  if (has_built_in_text(param)) return "built in (--prompt shows it)";
  return param.default_value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string fields_text(const std::vector<Spec::Field>& fields) {
  std::vector<std::string> texts;
  for (const Spec::Field& field : fields) {
    texts.push_back(field.by_param ? "the field named by `" + field.name + "`"
                                   : "`" + field.name + "`");
  }
  return joined(texts);
}

std::string example_text(const RegisteredComponent& component) {
  const Spec& spec = component.component.spec;
  std::string with;
  for (const ParamSpec& param : spec.params()) {
    if (!param.required) continue;
    with += (with.empty() ? "" : ", ") + param.name + ": " + placeholder(param);
  }
  const std::string use =
      "use: " + spec.name() + (with.empty() ? "" : ", with: { " + with + " }") + " }";
  if (component.component.kind == ComponentKind::service) return "my_service: { " + use;
  return "- { name: my_node, " + use;
}

std::string components_table(const std::vector<const RegisteredComponent*>& components,
                             const Style& style) {
  std::vector<std::vector<std::string>> rows{{"NAME", "KIND", "PLUGIN", "WHAT IT DOES"}};
  for (const RegisteredComponent* component : components) {
    const Spec& spec = component->component.spec;
    rows.push_back(
        {spec.name(), kind_text(component->component.kind), component->plugin, spec.summary()});
  }
  std::string text = columns(rows);
  const std::size_t end = text.find('\n');
  return style.heading(text.substr(0, end)) + text.substr(end);
}

std::string component_page(const RegisteredComponent& component, const Style& style) {
  const Spec& spec = component.component.spec;
  std::string page = style.heading(spec.name()) + " - " + spec.summary() + "\n";
  page += kind_text(component.component.kind) + " of the plugin " + component.plugin;
  if (spec.is_gather()) page += ", over the whole set of records";
  page += "\n";
  if (!spec.description().empty()) page += "\n" + wrapped(spec.description(), "  ");
  if (!spec.params().empty()) page += "\n" + style.heading("Parameters") + " (below `with:`)\n";
  for (const ParamSpec& param : spec.params()) {
    const std::string standard = param.required ? ", required"
                                 : param.default_value.is_null()
                                     ? ""
                                     : ", default " + default_text(param);
    page += "  " + style.heading(param.name) + ": " + type_text(param) + standard + "\n";
    page += wrapped(param.doc, "      ");
  }
  std::vector<std::vector<std::string>> facts;
  if (!spec.reads().empty()) facts.push_back({"Reads", fields_text(spec.reads())});
  if (!spec.writes().empty()) facts.push_back({"Writes", fields_text(spec.writes())});
  std::string ports = joined(spec.ports());
  if (!spec.ports_param().empty()) {
    ports = "each name in " + spec.ports_param() + (ports.empty() ? "" : ", then " + ports);
  }
  if (!ports.empty()) facts.push_back({"Ports", ports});
  for (const Spec::Counter& counter : spec.counters()) {
    facts.push_back({"Counts", counter.name + ": " + counter.doc});
  }
  if (!facts.empty()) page += "\n" + columns(facts);
  page += "\n" + style.heading("Example") + "\n  " + example_text(component) + "\n";
  return page;
}

Json component_json(const RegisteredComponent& component) {
  const Spec& spec = component.component.spec;
  Json json{{"name", spec.name()},
            {"kind", kind_text(component.component.kind)},
            {"plugin", component.plugin},
            {"version", spec.version()},
            {"summary", spec.summary()},
            {"parameters", Json::array()},
            {"reads", fields_json(spec.reads())},
            {"writes", fields_json(spec.writes())},
            {"ports", spec.ports()}};
  if (!spec.ports_param().empty()) json["ports_param"] = spec.ports_param();
  if (!spec.description().empty()) json["description"] = spec.description();
  for (const ParamSpec& param : spec.params()) json["parameters"].push_back(parameter_json(param));
  for (const Spec::Counter& counter : spec.counters()) json["counters"][counter.name] = counter.doc;
  if (spec.is_gather()) json["gather"] = true;
  if (spec.is_nondeterministic()) json["nondeterministic"] = true;
  if (!spec.deterministic_param().empty()) {
    json["deterministic_param"] = spec.deterministic_param();
  }
  return json;
}

}  // namespace rare::engine::cli
