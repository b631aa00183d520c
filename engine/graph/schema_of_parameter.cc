#include "engine/graph/schema_of_parameter.h"

#include <utility>

#include "engine/config/scalar.h"

namespace rare::engine {
namespace {

// The texts themselves, and what a plain scalar that is spelt like one reads as ("1", "true").
Json schema_of_choices(const std::vector<std::string>& choices) {
  Json values = Json::array();
  for (const std::string& choice : choices) {
    values.push_back(choice);
    Json plain = core_schema_value(choice);
    if (!plain.is_string() && !plain.is_null()) values.push_back(std::move(plain));
  }
  return {{"enum", std::move(values)}};
}

Json schema_of_number(const ParamSpec& param) {
  Json schema{{"type", param.type == ParamType::integer ? "integer" : "number"}};
  if (param.minimum) schema["minimum"] = *param.minimum;
  if (param.maximum) schema["maximum"] = *param.maximum;
  return schema;
}

Json schema_of_one_text(const ParamSpec& param) {
  return param.choices.empty()
             ? schema_of_text()
             : Json{{"anyOf", {schema_of_choices(param.choices), schema_of_variable()}}};
}

Json schema_of_value(const ParamSpec& param) {
  switch (param.type) {
    case ParamType::json:
      return Json::object();
    case ParamType::boolean:
      return variable_or({{"type", "boolean"}});
    case ParamType::integer:
    case ParamType::number:
      return variable_or(schema_of_number(param));
    case ParamType::text_list: {
      const Json list{{"type", "array"}, {"items", schema_of_one_text(param)}};
      if (!param.text_or_list) return {{"anyOf", {list, {{"type", "null"}}}}};
      return {{"anyOf", {list, schema_of_one_text(param), {{"type", "null"}}}}};
    }
    case ParamType::text:
    case ParamType::service:
    case ParamType::node:
      break;
  }
  return {{"anyOf", {schema_of_one_text(param), {{"type", "null"}}}}};
}

std::string documentation(const ParamSpec& param) {
  std::string text = param.doc;
  if (!param.unit.empty()) text += (text.empty() ? "In " : " In ") + param.unit + ".";
  if (param.type == ParamType::service) text += " A service of this pipeline, by its name.";
  if (param.type == ParamType::node) text += " A node of this pipeline, by its name.";
  if (param.secret) text += " Secret: name an environment variable, ${NAME}.";
  return text;
}

}  // namespace

Json schema_of_variable() { return {{"type", "string"}, {"pattern", "\\$\\{"}}; }

Json variable_or(Json schema) {
  return {{"anyOf", {std::move(schema), schema_of_variable(), {{"type", "null"}}}}};
}

Json schema_of_text() { return {{"type", {"string", "number", "boolean"}}}; }

Json schema_of_parameter(const ParamSpec& param) {
  Json schema = schema_of_value(param);
  // Nothing in the place of what is required is as if it were not there.
  if (param.required && schema.contains("anyOf")) {
    std::erase_if(schema["anyOf"].get_ref<Json::array_t&>(), [](const Json& one) {
      return one == Json{{"type", "null"}};
    });
  }
  const std::string text = documentation(param);
  if (!text.empty()) schema["description"] = text;
  if (!param.default_value.is_null()) schema["default"] = param.default_value;
  return schema;
}

}  // namespace rare::engine
