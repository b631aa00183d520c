#include "engine/plugin/registry.h"

#include <set>
#include <utility>

namespace rare::engine {
namespace {

Status invalid(const std::string& component, const std::string& what) {
  return Status(StatusCode::invalid_argument, "component '" + component + "': " + what);
}

// What only the kind of a component can tell.
Status check_kind(const Component& component) {
  const Spec& spec = component.spec;
  if (spec.is_gather() && component.kind != ComponentKind::operator_) {
    return invalid(spec.name(), "gather() is only for an Operator");
  }
  const bool counts =
      component.kind == ComponentKind::operator_ || component.kind == ComponentKind::async_operator;
  if (!counts && !spec.counters().empty()) {
    return invalid(spec.name(), "only an operator has counters, this one names '" +
                                    spec.counters().front().name + "'");
  }
  const bool has_no_outputs =
      component.kind == ComponentKind::sink || component.kind == ComponentKind::service;
  if (has_no_outputs && !(spec.ports().empty() && spec.ports_param().empty())) {
    return invalid(spec.name(),
                   "a sink or service has no ports, this one names '" +
                       (spec.ports().empty() ? spec.ports_param() : spec.ports().front()) + "'");
  }
  return Status();
}

// Whether one of two verbs would hide the other: the same, or one of the other's own verbs.
bool hides(const std::string& left, const std::string& right) {
  return left == right || left.starts_with(right + ".") || right.starts_with(left + ".");
}

}  // namespace

Status Registry::check_tools(const LoadedPlugin& plugin,
                             const std::vector<ToolOffer>& tools) const {
  const auto taken = [&](const Spec& spec, const std::string& other, const std::string& file) {
    std::string message = "the verb '" + typed_verb(spec) + "' of " + plugin.file + " and ";
    message += other + " of " + file + " cannot be told apart: remove one of them or rename it";
    return Status(StatusCode::already_exists, std::move(message));
  };
  for (std::size_t i = 0; i < tools.size(); ++i) {
    const Spec& spec = tools[i].usage.spec;
    if (Status status = check_tool(tools[i].usage); !status.ok()) return status;
    for (std::size_t j = 0; j < i; ++j) {
      const Spec& before = tools[j].usage.spec;
      if (hides(spec.name(), before.name())) {
        return taken(spec, "'" + typed_verb(before) + "'", plugin.file);
      }
    }
    for (const auto& [name, other] : tools_) {
      if (hides(spec.name(), name)) {
        return taken(spec, "'" + typed_verb(other.offer.usage.spec) + "'", other.plugin_file);
      }
    }
  }
  return Status();
}

Status Registry::add(const LoadedPlugin& plugin, std::vector<Component> components,
                     std::vector<ToolOffer> tools) {
  std::set<std::string> names;
  for (const Component& component : components) {
    const std::string& name = component.spec.name();
    if (Status status = check_spec(component.spec); !status.ok()) return status;
    if (Status status = check_kind(component); !status.ok()) return status;
    if (!names.insert(name).second) {
      return Status(StatusCode::already_exists, "component '" + name + "' is registered twice by " +
                                                    plugin.file +
                                                    ": give each component a name of its own");
    }
    if (const RegisteredComponent* other = find(name)) {
      return Status(StatusCode::already_exists,
                    "component '" + name + "' comes from both " + other->plugin_file + " and " +
                        plugin.file + ": remove one of the two files or rename the component");
    }
  }
  if (Status status = check_tools(plugin, tools); !status.ok()) return status;
  LoadedPlugin added = plugin;
  added.components.assign(names.begin(), names.end());
  for (Component& component : components) {
    std::string name = component.spec.name();
    components_.emplace(std::move(name),
                        RegisteredComponent{std::move(component), plugin.name, plugin.file});
  }
  for (ToolOffer& tool : tools) {
    std::string name = tool.usage.spec.name();
    added.verbs.push_back(typed_verb(tool.usage.spec));
    tools_.emplace(std::move(name), RegisteredTool{std::move(tool), plugin.name, plugin.file});
  }
  plugins_.push_back(std::move(added));
  return Status();
}

const RegisteredComponent* Registry::find(std::string_view name) const {
  const auto at = components_.find(name);
  return at == components_.end() ? nullptr : &at->second;
}

const RegisteredComponent* Registry::saver() const {
  for (const auto& [name, component] : components_) {
    const Component& made = component.component;
    if (made.kind == ComponentKind::sink && !made.spec.saves_param().empty()) return &component;
  }
  return nullptr;
}

std::vector<std::string> Registry::names() const {
  std::vector<std::string> names;
  for (const auto& [name, component] : components_) names.push_back(name);
  return names;
}

}  // namespace rare::engine
