#include "engine/graph/pipeline_schema.h"

#include <utility>

#include "engine/config/pipeline.h"
#include "engine/graph/schema_of_parameter.h"

namespace rare::engine {
namespace {

// Letters, digits, '_', '-' and whatever is not ASCII, said by what a name has none of.
constexpr const char* kName = "^[^\\x00-,./:-@\\[-^`{-\\x7F]+$";
constexpr const char* kFolderName = "^[^./\\x00-\\x1F\\x7F][^/\\x00-\\x1F\\x7F]*$";
constexpr const char* kReference =
    "^[^\\x00-,./:-@\\[-^`{-\\x7F]+([.][^\\x00-,./:-@\\[-^`{-\\x7F]+)?$";
constexpr const char* kShare =
    "^(100([.]0*)?|[0-9]?[0-9]([.][0-9]*)?|[.][0-9]+)%( after [0-9]+( records)?)?$";

Json documented(Json schema, const char* text) {
  schema["description"] = text;
  return schema;
}

Json nothing() { return {{"type", "null"}}; }

Json either(std::vector<Json> schemas) { return {{"anyOf", std::move(schemas)}}; }

Json matching(const char* pattern) { return {{"type", "string"}, {"pattern", pattern}}; }

// Also a plain number or boolean, which is a text where a text is wanted.
Json name_like(const char* pattern) {
  return either({matching(pattern), {{"type", {"integer", "boolean"}}}, schema_of_variable()});
}

Json error_bound() {
  return either({{{"type", "integer"}, {"minimum", 0}},
                 {{"type", "number"}, {"minimum", 0}, {"maximum", 1}},
                 matching(kShare),
                 schema_of_variable(),
                 nothing()});
}

Json input() { return either({matching(kReference), {{"type", "integer"}}, schema_of_variable()}); }

bool has_required(const Spec& spec) {
  for (const ParamSpec& param : spec.params()) {
    if (param.required) return true;
  }
  return false;
}

// A map whose keys are output ports, or a list of such maps.
Json schema_of_ports(const Spec& spec, Json schema) {
  Json name = matching(kName);
  if (!spec.ports().empty()) name["not"] = {{"enum", spec.ports()}};
  const Json one{{"type", "object"}, {"minProperties", 1}, {"propertyNames", std::move(name)}};
  schema["anyOf"] = {one, {{"type", "array"}, {"minItems", 1}, {"items", one}}};
  return schema;
}

// `with` of one component; in a part of a pipeline the rest may stand elsewhere.
Json schema_of_with(const Spec& spec, bool in_part) {
  Json properties = Json::object(), required = Json::array();
  for (const ParamSpec& param : spec.params()) {
    Json schema = schema_of_parameter(param);
    if (param.name == spec.ports_param()) schema = schema_of_ports(spec, std::move(schema));
    // In a part null takes a value out.
    if (in_part && param.required) schema = either({std::move(schema), nothing()});
    properties[param.name] = std::move(schema);
    if (param.required) required.push_back(param.name);
  }
  Json schema{
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!in_part && !required.empty()) schema["required"] = std::move(required);
  if (in_part || !has_required(spec)) schema = either({std::move(schema), nothing()});
  return schema;
}

class SchemaMaker {
 public:
  explicit SchemaMaker(const Registry& registry) : registry_(registry) {}

  Json make(bool of_overlay) const {
    Json schema{{"$schema", "http://json-schema.org/draft-07/schema#"},
                {"title", of_overlay ? "rare-engine overlay" : "rare-engine pipeline"},
                {"definitions", definitions()}};
    const Json part{{"$ref", "#/definitions/part"}}, whole{{"$ref", "#/definitions/whole"}};
    if (of_overlay) {
      schema["allOf"] = Json::array({part});
    } else {
      schema["if"] = {{"type", "object"}, {"required", {"extends"}}};
      schema["then"] = part;
      schema["else"] = whole;
    }
    return schema;
  }

 private:
  Json definitions() const {
    Json all = Json::object();
    for (const bool in_part : {false, true}) {
      const std::string suffix = in_part ? "_part" : "";
      all[in_part ? "part" : "whole"] = file(in_part);
      all["node" + suffix] = entry(false, in_part);
      all["service" + suffix] = entry(true, in_part);
      for (const std::string& name : registry_.names()) {
        const RegisteredComponent& use = *registry_.find(name);
        all["with_" + name + suffix] = schema_of_with(use.component.spec, in_part);
      }
    }
    return all;
  }

  Json file(bool in_part) const {
    Json schema{{"type", in_part ? Json{"object", "null"} : Json("object")},
                {"properties", top_keys(in_part)},
                {"additionalProperties", false}};
    if (!in_part) schema["required"] = {"nodes"};
    return schema;
  }

  static Json numbers(const std::vector<std::string>& names) {
    Json properties = Json::object();
    for (const std::string& name : names) {
      properties[name] = variable_or({{"type", "number"}, {"minimum", 0}});
    }
    return {{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
  }

  static Json on_end() {
    const Json words{
        {"type", "array"}, {"minItems", 1}, {"items", {{"type", {"string", "number", "boolean"}}}}};
    return documented(either({{{"type", "string"}, {"minLength", 1}}, words, nothing()}),
                      "A command that is run when the run has ended, with the manifest on its "
                      "standard input and the exit code in RARE_EXIT_CODE: a line for the shell, "
                      "or a list of a program and its words.");
  }

  Json top_keys(bool in_part) const {
    const Json one_node{{"$ref", in_part ? "#/definitions/node_part" : "#/definitions/node"}};
    const Json one_service{
        {"$ref", in_part ? "#/definitions/service_part" : "#/definitions/service"}};
    Json list{{"type", "array"}, {"items", one_node}};
    if (!in_part) list["minItems"] = 1;
    // Of an overlay, also by name, and null takes one out.
    const Json by_name{
        {"type", "object"},
        {"propertyNames", {{"pattern", kName}}},
        {"additionalProperties", either({{{"$ref", "#/definitions/node_part"}}, nothing()})}};
    const Json services{
        {"type", "object"},
        {"propertyNames", {{"pattern", kName}}},
        {"additionalProperties", in_part ? either({one_service, nothing()}) : one_service}};
    return {
        {"name", documented(either({name_like(kFolderName), {{"type", "number"}}, nothing()}),
                            "Also the state folder's name. Default: the file's.")},
        {"extends",
         documented(schema_of_text(), "The pipeline file to start from, relative to this one.")},
        {"order",
         documented(variable_or({{"enum", {"input", "any"}}}),
                    "Sinks write in input order, or each family as soon as it is complete. "
                    "Default: input.")},
        {"seed", documented(variable_or({{"type", "integer"}, {"minimum", 0}}),
                            "All randomness is derived from it and the record's id. Default: 0.")},
        {"max_errors",
         documented(error_bound(),
                    "Dead letters, as a number or a share, above which the exit code is "
                    "3. Default: 0.")},
        {"stop_after_errors", documented(error_bound(),
                                         "Dead letters that stop the run. Default: 5% after 200 "
                                         "records.")},
        {"max_records_in_flight",
         documented(variable_or({{"type", "integer"}, {"minimum", 1}}),
                    "Records in the graph at once. Default: from the plan.")},
        {"grace_s", documented(variable_or({{"type", "number"}, {"minimum", 0}}),
                               "Seconds for records in flight after the first Ctrl-C. Default: "
                               "30.")},
        {"on_end", on_end()},
        {"budget", documented(either({numbers({"tokens", "cost"}), nothing()}),
                              "What the run may cost, over all its starts: tokens, or money by "
                              "`prices`. It stops there, and can be gone on with. Default: any.")},
        {"per_shard", documented(variable_or({{"type", "boolean"}}),
                                 "Whether whole-set operators may work over each shard alone.")},
        {"prices", documented(either({{{"type", "object"},
                                       {"propertyNames", {{"pattern", kName}}},
                                       {"additionalProperties",
                                        either({numbers({"prompt", "completion"}), nothing()})}},
                                      nothing()}),
                              "By service, the price of a million tokens.")},
        {"services",
         documented(either({services, nothing()}), "Language models and indexes, by name.")},
        {"nodes",
         documented(in_part ? either({list, by_name, nothing()}) : list,
                    "Sources, operators and sinks; each reads the node above unless it says "
                    "`from`.")}};
  }

  // A node or a service.
  Json entry(bool is_service, bool in_part) const {
    Json uses = Json::array(), rules = Json::array();
    for (const std::string& name : registry_.names()) {
      const RegisteredComponent& use = *registry_.find(name);
      if ((use.component.kind == ComponentKind::service) != is_service) continue;
      uses.push_back(name);
      rules.push_back(rule(use, in_part));
    }
    Json keys{
        {"use", documented(either({{{"enum", uses}}, schema_of_variable()}),
                           "The component; `rare-engine operators` explains them.")},
        {"with", documented({{"type", {"object", "null"}}}, "The component's own parameters.")}};
    if (!is_service) add_node_keys(keys, in_part);
    Json schema{{"type", "object"},
                {"properties", std::move(keys)},
                {"additionalProperties", false},
                {"allOf", std::move(rules)}};
    if (schema["allOf"].empty()) schema.erase("allOf");
    if (!in_part) schema["required"] = is_service ? Json{"use"} : Json{"name", "use"};
    return schema;
  }

  static void add_node_keys(Json& keys, bool in_part) {
    Json name = name_like(kName);
    if (in_part) name = either({std::move(name), nothing()});
    keys["name"] = documented(std::move(name), "What messages, `from` and overlays call it.");
    keys["from"] = documented(
        either(
            {input(), {{"type", "array"}, {"items", input()}, {"uniqueItems", true}}, nothing()}),
        "`node` or `node.port`, or a list of them. Default: the node above.");
    keys["parallelism"] = documented(
        variable_or(either({{{"type", "integer"}, {"minimum", 1}, {"maximum", kMostParallelism}},
                            {{"const", "auto"}}})),
        "Records in it at once. Default: 1, or what keeps the node's services busy.");
    keys["timeout_s"] = documented(
        variable_or(
            {{"type", "number"}, {"minimum", kLeastTimeout_s}, {"maximum", kMostTimeout_s}}),
        "The longest time for one record, waits until a service is ready or lets it in "
        "not counted. Only for operators that wait. Default: none.");
    keys["on_error"] = documented(variable_or({{"enum", {"dead_letter", "fail", "drop"}}}),
                                  "What becomes of a record that fails. Default: dead_letter.");
    keys["save"] = documented(
        either({{{"type", {"string", "number", "boolean"}}, {"minLength", 1}}, nothing()}),
        "A file for what the node gives out, written like a sink's. Default: none.");
  }

  // With this `use`, what else has to be.
  static Json rule(const RegisteredComponent& use, bool in_part) {
    const Spec& spec = use.component.spec;
    Json keys{{"with", {{"$ref", "#/definitions/with_" + spec.name() + (in_part ? "_part" : "")}}}};
    const ComponentKind kind = use.component.kind;
    if (kind == ComponentKind::source || kind == ComponentKind::sink || spec.is_gather()) {
      keys["parallelism"] = variable_or({{"const", 1}});
    }
    if (kind == ComponentKind::sink) keys["save"] = nothing();
    if (kind != ComponentKind::async_operator) keys["timeout_s"] = nothing();
    if (kind != ComponentKind::source && kind != ComponentKind::service) {
      keys["from"] = {{"not", {{"type", "array"}, {"maxItems", 0}}}};
    }
    if (kind == ComponentKind::source) {
      keys["from"] = either({{{"type", "array"}, {"maxItems", 0}}, nothing()});
    }
    Json then{{"properties", std::move(keys)}};
    if (!in_part && has_required(spec)) then["required"] = {"with"};
    if (!spec.summary().empty()) then["description"] = spec.summary();
    return {{"if", {{"properties", {{"use", {{"const", spec.name()}}}}}, {"required", {"use"}}}},
            {"then", std::move(then)}};
  }

  const Registry& registry_;
};

}  // namespace

Json pipeline_schema(const Registry& registry, bool of_overlay) {
  return SchemaMaker(registry).make(of_overlay);
}

}  // namespace rare::engine
