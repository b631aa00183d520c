// The components that are installed: what plugins registered, found by name.
//
// Ownership: the registry keeps every plugin's library loaded until the process ends, because
// objects and code of a plugin outlive whoever made them. Thread-safety: built on one thread, then
// only read.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rare/plugin.h"
#include "rare/status.h"
#include "rare/tool.h"

namespace rare::engine {

struct RegisteredComponent {
  Component component;
  std::string plugin;  // name of the plugin
  std::string plugin_file;
};

struct RegisteredTool {
  ToolOffer offer;
  std::string plugin;  // name of the plugin
  std::string plugin_file;
};

struct LoadedPlugin {
  std::string name;
  std::string version;
  std::string file;
  std::vector<std::string> components;
  std::vector<std::string> verbs;   // as they are typed: "index build"
  const char* (*note)() = nullptr;  // what it cannot do here (rare/tool.h); null: it says nothing
};

struct RefusedPlugin {
  std::string file;
  std::string reason;  // one line that names both sides
  // already_exists: a component's name is taken, and which of the two is meant cannot be known.
  StatusCode code = StatusCode::invalid_argument;
};

// A file that nothing was taken of: a folder that is searched earlier has the plugin of its name.
struct ReplacedPlugin {
  std::string name;
  std::string file;
  std::string replaced_by;  // the file that counts
};

// Keeps what a plugin registers, for Registry::add().
class CollectingRegistrar final : public Registrar {
 public:
  void add_component(Component component) override { components.push_back(std::move(component)); }
  std::vector<Component> components;
};

class CollectingToolRegistrar final : public ToolRegistrar {
 public:
  void add_tool(ToolOffer offer) override { tools.push_back(std::move(offer)); }
  std::vector<ToolOffer> tools;
};

class Registry {
 public:
  // Adds what one plugin registers. Refuses the plugin as a whole (nothing of it stays) when a spec
  // is invalid or the name of a component or a verb is taken, and says by which file.
  Status add(const LoadedPlugin& plugin, std::vector<Component> components,
             std::vector<ToolOffer> tools = {});
  void refuse(RefusedPlugin plugin) { refused_.push_back(std::move(plugin)); }
  void replace(ReplacedPlugin plugin) { replaced_.push_back(std::move(plugin)); }

  const RegisteredComponent* find(std::string_view name) const;
  std::vector<std::string> names() const;  // sorted
  // By the names of their specs ("index.build"), sorted.
  const std::map<std::string, RegisteredTool, std::less<>>& tools() const { return tools_; }
  // The sink for `save:` on a node, or null.
  const RegisteredComponent* saver() const;
  const std::vector<LoadedPlugin>& plugins() const { return plugins_; }
  const std::vector<RefusedPlugin>& refused() const { return refused_; }
  const std::vector<ReplacedPlugin>& replaced() const { return replaced_; }

 private:
  Status check_tools(const LoadedPlugin& plugin, const std::vector<ToolOffer>& tools) const;

  std::map<std::string, RegisteredComponent, std::less<>> components_;
  std::map<std::string, RegisteredTool, std::less<>> tools_;
  std::vector<LoadedPlugin> plugins_;
  std::vector<RefusedPlugin> refused_;
  std::vector<ReplacedPlugin> replaced_;
};

// An invalid spec (two parameters of one name, a default out of its range, ...) by its first fault,
// or OK.
Status check_spec(const Spec& spec);

// The same of a verb that a plugin brings.
Status check_tool(const ToolUsage& usage);

// A verb as it is typed: "index build" of the spec "index.build".
std::string typed_verb(const Spec& spec);

}  // namespace rare::engine
