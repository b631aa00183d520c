#include "engine/config/overlay.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "engine/config/name_list.h"
#include "engine/config/pipeline_keys.h"
#include "engine/config/yaml_reader.h"

namespace rare::engine {
namespace {

using Kind = ConfigValue::Kind;

void merge_maps(ConfigValue& base, ConfigValue overlay) {
  for (std::size_t i = 0; i < overlay.entries.size(); ++i) {
    auto& [key, value] = overlay.entries[i];
    ConfigValue* known = base.find(key);
    if (value.kind == Kind::null) {
      base.erase(key);
    } else if (known != nullptr && known->kind == Kind::map && value.kind == Kind::map) {
      merge_maps(*known, std::move(value));
    } else {
      base.set(key, overlay.entry_locations[i], std::move(value));
    }
  }
}

// A node or service: as a map, but another component knows nothing of the old one's parameters.
void merge_entry(ConfigValue& base, ConfigValue overlay) {
  const ConfigValue* use = base.find("use");
  const ConfigValue* new_use = overlay.find("use");
  if (use != nullptr && new_use != nullptr && use->text != new_use->text) base.erase("with");
  merge_maps(base, std::move(overlay));
}

ConfigValue* find_node(ConfigValue& nodes, const std::string& name) {
  for (ConfigValue& node : nodes.items) {
    if (node.find("name")->text == name) return &node;
  }
  return nullptr;
}

// The list form of `nodes` that an overlay gives as a map by name; a null entry stays null.
std::vector<std::pair<std::string, ConfigValue>> nodes_by_name(ConfigValue overlay) {
  std::vector<std::pair<std::string, ConfigValue>> result;
  for (ConfigValue& node : overlay.items) {
    std::string name = node.find("name")->text;
    result.emplace_back(std::move(name), std::move(node));
  }
  for (std::size_t i = 0; i < overlay.entries.size(); ++i) {
    auto& [name, node] = overlay.entries[i];
    if (node.kind == Kind::null) {
      node.where = overlay.entry_locations[i];
    } else {
      ConfigValue name_value;
      name_value.kind = Kind::scalar;
      name_value.where = overlay.entry_locations[i];
      name_value.scalar = name;
      name_value.text = name;
      node.where = overlay.entry_locations[i];
      node.set("name", overlay.entry_locations[i], std::move(name_value));
    }
    result.emplace_back(name, std::move(node));
  }
  return result;
}

void merge_nodes(ConfigValue& base, ConfigValue overlay, NodesAbove& nodes) {
  for (auto& [name, node] : nodes_by_name(std::move(overlay))) {
    ConfigValue* known = find_node(base, name);
    if (node.kind == Kind::null) {
      if (known != nullptr) {
        base.items.erase(base.items.begin() + (known - base.items.data()));
        nodes.removed[name] = node.where;
      }
    } else if (known != nullptr) {
      merge_entry(*known, std::move(node));
    } else {
      nodes.removed.erase(name);
      nodes.above.erase(name);
      base.items.push_back(std::move(node));
    }
  }
}

void merge_services(ConfigValue& base, ConfigValue overlay) {
  for (std::size_t i = 0; i < overlay.entries.size(); ++i) {
    auto& [name, service] = overlay.entries[i];
    ConfigValue* known = base.find(name);
    if (service.kind == Kind::null) {
      base.erase(name);
    } else if (known != nullptr) {
      merge_entry(*known, std::move(service));
    } else {
      base.set(name, overlay.entry_locations[i], std::move(service));
    }
  }
}

// An empty map or list under `key`, when there is none yet.
ConfigValue& section(ConfigValue& base, const ConfigValue& overlay, std::string_view key,
                     Kind kind) {
  ConfigValue* known = base.find(key);
  if (known == nullptr || known->kind == Kind::null) {
    ConfigValue empty;
    empty.kind = kind;
    empty.where = overlay.key_location(key);
    base.set(std::string(key), empty.where, empty);
    known = base.find(key);
  }
  return *known;
}

std::vector<std::string> split_path(const std::string& path) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', start)) {
    parts.push_back(path.substr(start, dot - start));
    start = dot + 1;
  }
  parts.push_back(path.substr(start));
  return parts;
}

std::string did_you_mean(const std::string& wanted, const std::vector<std::string>& names) {
  std::string near = nearest_name(wanted, names);
  if (!near.empty()) return "did you mean '" + near + "'?";
  const std::string all = joined(names);
  return all.empty() ? "" : "there are: " + all;
}

// Whether the path leads into something that can hold it; reports where it does not.
bool check_path(ConfigValue& base, const std::vector<std::string>& path, const Location& where,
                Diagnostics& diagnostics) {
  ConfigValue* at = &base;
  std::string walked;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    bool names_entry = i == 1 && (path[0] == "nodes" || path[0] == "services");
    walked += (i == 0 ? "" : ".") + path[i];
    ConfigValue* next = i == 1 && path[0] == "nodes" ? find_node(*at, path[i]) : at->find(path[i]);
    bool has_entries = next != nullptr && next->kind != Kind::null;
    if (i == 0 && !has_entries && path.size() > 2 &&
        (path[0] == "nodes" || path[0] == "services")) {
      diagnostics.error(where, "the pipeline has no " + path[0]);
      return false;
    }
    if (names_entry && next == nullptr) {
      std::vector<std::string> names;
      for (ConfigValue& node : at->items) names.push_back(node.find("name")->text);
      for (auto& [name, service] : at->entries) names.push_back(name);
      std::string what = path[0] == "nodes" ? "node" : "service";
      diagnostics.error(where, "unknown " + what + " '" + path[1] + "'",
                        did_you_mean(path[1], names));
      return false;
    }
    if (next == nullptr || next->kind == Kind::null) return true;
    bool is_node_list = i == 0 && path[0] == "nodes";
    if (next->kind != Kind::map && !is_node_list) {
      diagnostics.error(
          where, "'" + walked + "' is " + next->describe() + ", so nothing inside it can be set");
      return false;
    }
    at = next;
  }
  return true;
}

// {path[0]: {path[1]: ... value}} with every place at the option.
ConfigValue nested(const std::vector<std::string>& path, ConfigValue value, const Location& where) {
  for (auto part = path.rbegin(); part != path.rend(); ++part) {
    ConfigValue map;
    map.kind = Kind::map;
    map.where = where;
    map.set(*part, where, std::move(value));
    value = std::move(map);
  }
  return value;
}

}  // namespace

void record_nodes_above(const ConfigValue& file, NodesAbove& nodes) {
  const ConfigValue* list = file.find("nodes");
  if (list == nullptr) return;
  std::string above;
  for (const ConfigValue& node : list->items) {
    const std::string& name = node.find("name")->text;
    nodes.above[name] = above;
    above = name;
  }
}

void apply_overlay(ConfigValue& base, ConfigValue overlay, NodesAbove& nodes) {
  if (base.kind != Kind::map || overlay.kind != Kind::map) return;
  if (ConfigValue* changed = overlay.find("nodes"); changed && changed->kind != Kind::null) {
    ConfigValue& list = section(base, overlay, "nodes", Kind::sequence);
    merge_nodes(list, std::move(*changed), nodes);
    overlay.erase("nodes");
  }
  if (ConfigValue* changed = overlay.find("services"); changed && changed->kind != Kind::null) {
    ConfigValue& map = section(base, overlay, "services", Kind::map);
    merge_services(map, std::move(*changed));
    overlay.erase("services");
  }
  merge_maps(base, std::move(overlay));
}

void apply_setting(ConfigValue& base, const std::string& setting, NodesAbove& nodes,
                   Diagnostics& diagnostics) {
  std::size_t equals = setting.find('=');
  // The value may be a secret, and the path may be misspelt so that nobody knows.
  Location where{"--set " + (equals == 0 ? "=" : setting.substr(0, equals)), 0, 0};
  if (equals == std::string::npos || equals == 0) {
    diagnostics.error(where, "expected path=value",
                      "for example --set nodes.questions.parallelism=8");
    return;
  }
  std::vector<std::string> path = split_path(setting.substr(0, equals));
  if (std::find(path.begin(), path.end(), "") != path.end()) {
    diagnostics.error(where,
                      "expected names between the dots of '" + setting.substr(0, equals) + "'",
                      "for example --set nodes.questions.parallelism=8");
    return;
  }
  if (path.front() == "extends") {
    diagnostics.error(where, "'extends' cannot be set: files are put together before --set",
                      "name the other file as PIPELINE or with -f");
    return;
  }
  std::optional<ConfigValue> value =
      read_setting_value(setting.substr(equals + 1), where.file, diagnostics);
  if (!value || base.kind != Kind::map || !check_path(base, path, where, diagnostics)) return;
  std::size_t errors_before = diagnostics.errors().size();
  ConfigValue overlay = nested(path, std::move(*value), where);
  check_shape(overlay, FileRole::overlay, diagnostics);
  if (diagnostics.errors().size() > errors_before) return;
  apply_overlay(base, std::move(overlay), nodes);
}

}  // namespace rare::engine
