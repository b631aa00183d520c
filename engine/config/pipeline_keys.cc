#include "engine/config/pipeline_keys.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "engine/config/name_list.h"
#include "engine/config/reference_names.h"

namespace rare::engine {
namespace {

using Kind = ConfigValue::Kind;

struct Level {
  std::string name;               // as messages call it
  std::vector<std::string> keys;  // what it understands
  bool has_with;
};

const Level kTop{
    "the pipeline",
    {"name", "extends", "order", "seed", "max_errors", "stop_after_errors", "max_records_in_flight",
     "grace_s", "on_end", "budget", "per_shard", "prices", "services", "nodes"},
    false};
const Level kNode{"a node",
                  {"name", "use", "from", "parallelism", "timeout_s", "on_error", "save", "with"},
                  true};
const Level kService{"a service", {"use", "with"}, true};

std::string hint_for_key(const Level& level, const std::string& key) {
  if (std::string near = nearest_name(key, level.keys); !near.empty()) {
    return "did you mean '" + near + "'?";
  }
  std::string hint = reference_name_hint(key);
  if (!hint.empty()) hint += "\n";
  if (level.has_with) hint += "a component's own parameters stand inside 'with:'; ";
  return hint + "known here: " + joined(level.keys);
}

// Takes out keys that `level` does not know.
void check_keys(ConfigValue& map, const Level& level, const std::string& prefix,
                Diagnostics& diagnostics) {
  std::vector<std::string> unknown;
  for (const auto& [key, value] : map.entries) {
    if (contains(level.keys, key)) continue;
    unknown.push_back(key);
    diagnostics.error(map.key_location(key), prefix + "unknown key '" + key + "'",
                      hint_for_key(level, key));
  }
  for (const std::string& key : unknown) map.erase(key);
}

// Whether `map[key]` is of `kind` (or absent, or nothing); else reports it and takes it out.
bool check_kind(ConfigValue& map, std::string_view key, Kind kind, const std::string& prefix,
                const std::string& expected, const std::string& hint, Diagnostics& diagnostics) {
  const ConfigValue* value = map.find(key);
  if (value == nullptr || value->kind == kind || value->kind == Kind::null) return true;
  diagnostics.error(
      value->where,
      prefix + std::string(key) + ": expected " + expected + ", got " + value->describe(), hint);
  map.erase(key);
  return false;
}

constexpr const char* kServiceForm =
    "write it as\nservices:\n  NAME: { use: COMPONENT, with: { PARAMETER: VALUE } }";
constexpr const char* kNodeForm =
    "write it as\nnodes:\n  - { name: NAME, use: COMPONENT, with: { PARAMETER: VALUE } }";

// A node or service: a map with the known keys, and `with` a map. False: it cannot be used at all.
bool check_entry(ConfigValue& entry, const Level& level, const std::string& prefix,
                 const char* form, Diagnostics& diagnostics) {
  if (entry.kind != Kind::map) {
    diagnostics.error(entry.where, prefix + "expected a map, got " + entry.describe(), form);
    return false;
  }
  check_keys(entry, level, prefix, diagnostics);
  check_kind(entry, "with", Kind::map, prefix, "a map of parameters", {}, diagnostics);
  return true;
}

void check_services(ConfigValue& services, FileRole role, Diagnostics& diagnostics) {
  std::vector<std::string> unusable;
  for (auto& [name, service] : services.entries) {
    std::string prefix = "service '" + name + "': ";
    if (!is_valid_name(name)) {
      diagnostics.error(services.key_location(name),
                        prefix + "expected a name of letters, digits, '_' and '-'");
      unusable.push_back(name);
      continue;
    }
    if (role == FileRole::overlay && service.kind == Kind::null) continue;
    if (!check_entry(service, kService, prefix, kServiceForm, diagnostics)) {
      unusable.push_back(name);
    }
  }
  for (const std::string& name : unusable) services.erase(name);
}

// The name a node has, or empty when there is none to use (reported).
std::string checked_node_name(ConfigValue& node, Diagnostics& diagnostics) {
  const ConfigValue* name = node.find("name");
  if (name == nullptr || name->kind == Kind::null) {
    diagnostics.error(node.where, "node: has no 'name'",
                      "every node is named, because messages, 'from' and overlays refer to it");
    return {};
  }
  if (name->kind != Kind::scalar || !is_valid_name(name->text)) {
    diagnostics.error(name->where,
                      "node: name: expected letters, digits, '_' and '-', got " + name->describe());
    return {};
  }
  return name->text;
}

void check_node_list(ConfigValue& nodes, Diagnostics& diagnostics) {
  std::vector<ConfigValue> kept;
  for (ConfigValue& node : nodes.items) {
    if (!check_entry(node, kNode, entry_prefix("node", node), kNodeForm, diagnostics)) continue;
    std::string name = checked_node_name(node, diagnostics);
    if (name.empty()) continue;
    auto same = std::find_if(kept.begin(), kept.end(), [&](const ConfigValue& other) {
      return other.find("name")->text == name;
    });
    if (same != kept.end()) {
      diagnostics.error(node.find("name")->where, "duplicate node name '" + name + "'",
                        "first used at " + same->find("name")->where.to_string());
      continue;
    }
    kept.push_back(std::move(node));
  }
  nodes.items = std::move(kept);
}

// `nodes` of an overlay as a map by name: the same as the list, and `NAME: null` takes one out.
void check_node_map(ConfigValue& nodes, Diagnostics& diagnostics) {
  std::vector<std::string> unusable;
  for (auto& [name, node] : nodes.entries) {
    std::string prefix = "node '" + name + "': ";
    if (!is_valid_name(name)) {
      diagnostics.error(nodes.key_location(name),
                        prefix + "expected a name of letters, digits, '_' and '-'");
      unusable.push_back(name);
    } else if (node.kind != Kind::null) {
      if (!check_entry(node, kNode, prefix, kNodeForm, diagnostics)) {
        unusable.push_back(name);
      } else if (node.find("name") != nullptr) {
        diagnostics.error(node.key_location("name"),
                          prefix + "the key 'name' stands beside the name that it has in the map",
                          "a node cannot be renamed; take out 'name'");
        node.erase("name");
      }
    }
  }
  for (const std::string& name : unusable) nodes.erase(name);
}

}  // namespace

const std::vector<std::string>& node_keys() { return kNode.keys; }

std::string entry_prefix(std::string_view what, const ConfigValue& entry) {
  const ConfigValue* name = entry.kind == Kind::map ? entry.find("name") : nullptr;
  if (name == nullptr || name->kind != Kind::scalar) return std::string(what) + ": ";
  return std::string(what) + " '" + name->text + "': ";
}

bool is_valid_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || std::isalnum(byte) || c == '_' || c == '-';
  });
}

void check_shape(ConfigValue& file, FileRole role, Diagnostics& diagnostics) {
  if (file.kind == Kind::null) {
    if (role == FileRole::overlay) {
      file.kind = Kind::map;
      return;
    }
    diagnostics.error(file.where, "the file is empty", kNodeForm);
    return;
  }
  if (file.kind != Kind::map) {
    diagnostics.error(file.where, "expected a map of keys, got " + file.describe(), kNodeForm);
    file.kind = Kind::null;
    return;
  }
  check_keys(file, kTop, "", diagnostics);
  if (check_kind(file, "services", Kind::map, "", "a map of services by name", kServiceForm,
                 diagnostics)) {
    if (ConfigValue* services = file.find("services")) {
      check_services(*services, role, diagnostics);
    }
  }
  ConfigValue* nodes = file.find("nodes");
  if (nodes == nullptr) return;
  if (role == FileRole::overlay && nodes->kind == Kind::map) {
    check_node_map(*nodes, diagnostics);
  } else if (check_kind(file, "nodes", Kind::sequence, "", "a list of nodes", kNodeForm,
                        diagnostics)) {
    check_node_list(*nodes, diagnostics);
  }
}

}  // namespace rare::engine
