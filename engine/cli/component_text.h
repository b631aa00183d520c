// What a component's spec says, for readers: a table, a page, JSON, Markdown.
#pragma once

#include <string>
#include <vector>

#include "engine/cli/terminal.h"
#include "engine/plugin/registry.h"
#include "rare/json.h"

namespace rare::engine::cli {

// "operator", "async operator", "source", "sink", "service".
std::string kind_text(ComponentKind kind);

// One line for each component: name, kind, plugin, summary.
std::string components_table(const std::vector<const RegisteredComponent*>& components,
                             const Style& style);

// The page of one component: parameters, fields, ports, an example.
std::string component_page(const RegisteredComponent& component, const Style& style);

// {"name", "kind", "plugin", "version", "summary", "description", "parameters": [{"name", "type",
// "required", "default", "minimum", "maximum", "choices", "unit", "path", "secret",
// "affects_result", "interface", "doc"}], "reads", "writes", "ports", "gather",
// "nondeterministic", "deterministic_param"}; what a component or parameter does not have is left
// out.
Json component_json(const RegisteredComponent& component);

// A reference page of the components: the same for the same specs, wherever they are installed.
std::string components_markdown(const std::vector<const RegisteredComponent*>& components);

// Whether the parameter's default is a text of many words, such as a prompt.
bool has_built_in_text(const ParamSpec& param);
// Those texts, whole, each below a line that names the parameter; empty: there are none.
std::string built_in_texts(const Spec& spec, const Style& style);
// {"name", "version", "texts": {PARAMETER: TEXT}}
Json built_in_texts_json(const Spec& spec);

// Shared by page and Markdown: "integer, 1 to 10, milliseconds" and "`5`", "required" or "none".
std::string type_text(const ParamSpec& param);
std::string default_text(const ParamSpec& param);
// "`text`, the field named by `input_key`", or empty.
std::string fields_text(const std::vector<Spec::Field>& fields);
// A minimal entry of `nodes:` or `services:` that uses the component.
std::string example_text(const RegisteredComponent& component);

}  // namespace rare::engine::cli
