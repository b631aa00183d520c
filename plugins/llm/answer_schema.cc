#include "plugins/llm/answer_schema.h"

#include <array>
#include <string>
#include <string_view>

#include "plugins/llm/structured_answer.h"

namespace rare::llm {
namespace {

constexpr std::array<std::string_view, 7> kTypes = {"object", "array",   "string", "integer",
                                                    "number", "boolean", "null"};

Status bad_schema(const std::string& message) {
  return Status(StatusCode::invalid_argument, message);
}

bool is_type(const Json& name) {
  if (!name.is_string()) return false;
  for (const std::string_view type : kTypes) {
    if (name == type) return true;
  }
  return false;
}

// Misspelt types: the validator takes them for types that it need not know, and nothing satisfies
// them.
Status check_types(const Json& schema, const std::string& place) {
  if (!schema.is_object()) return Status();
  const auto type = schema.find("type");
  if (type != schema.end()) {
    for (const Json& name : type->is_array() ? *type : Json::array({*type})) {
      if (is_type(name)) continue;
      return bad_schema(place + " has the type " + name.dump() +
                        "; expected object, array, string, integer, number, boolean or null");
    }
  }
  const auto items = schema.find("items");
  if (items != schema.end()) {
    const Status status = check_types(*items, place + ".items");
    if (!status.ok()) return status;
  }
  const auto properties = schema.find("properties");
  if (properties == schema.end() || !properties->is_object()) return Status();
  for (const auto& [name, rules] : properties->items()) {
    const Status status = check_types(rules, place + "." + name);
    if (!status.ok()) return status;
  }
  return Status();
}

Status check_required(const Json& schema) {
  const auto required = schema.find("required");
  if (required == schema.end() || !required->is_array()) return Status();
  const Json& properties = schema["properties"];
  for (const Json& name : *required) {
    if (!name.is_string() || properties.contains(name.get_ref<const std::string&>())) continue;
    std::string known;
    for (const auto& [property, rules] : properties.items()) {
      known += (known.empty() ? "" : ", ") + property;
    }
    return bad_schema("schema requires " + name.dump() +
                      ", which is none of its properties: " + known);
  }
  return Status();
}

}  // namespace

Status check_answer_schema(const Json& schema) {
  if (!schema.is_object()) {
    return bad_schema(
        "schema must be a JSON Schema such as {type: object, properties: {title: {type: string}}}, "
        "not " +
        std::string(schema.type_name()));
  }
  const auto type = schema.find("type");
  if (type != schema.end() && *type != "object") {
    return bad_schema("schema must be of type object, as its properties become fields, not " +
                      type->dump());
  }
  const auto properties = schema.find("properties");
  if (properties == schema.end() || !properties->is_object() || properties->empty()) {
    return bad_schema("schema must name properties, which become fields of the record");
  }
  Status status = check_types(schema, "schema");
  if (status.ok()) status = check_required(schema);
  if (!status.ok()) return status;
  AnswerChecker checker;
  const Result<StructuredAnswer> checked = checker.check("{}", schema);
  if (!checked.ok()) return bad_schema("schema: " + checked.status().message());
  return Status();
}

}  // namespace rare::llm
