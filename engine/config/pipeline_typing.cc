#include "engine/config/pipeline_typing.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "engine/config/name_list.h"
#include "engine/config/pipeline_keys.h"

namespace rare::engine {
namespace {

using Kind = ConfigValue::Kind;

// Reads keys of one map; errors carry the prefix of the node or service.
class Keys {
 public:
  Keys(const ConfigValue& map, std::string prefix, Diagnostics& diagnostics)
      : map_(map), prefix_(std::move(prefix)), diagnostics_(diagnostics) {}

  // The value, or nullptr when the key is absent or empty.
  const ConfigValue* find(std::string_view key) const {
    const ConfigValue* value = map_.find(key);
    return value == nullptr || value->kind == Kind::null ? nullptr : value;
  }

  void wrong(const ConfigValue& value, std::string_view key, const std::string& expected,
             std::string hint = {}) const {
    if (value.reported) return;
    diagnostics_.error(
        value.where,
        prefix_ + std::string(key) + ": expected " + expected + ", got " + value.describe(),
        std::move(hint));
  }

  std::optional<std::int64_t> integer(std::string_view key, std::int64_t least) const {
    const ConfigValue* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (value->kind == Kind::scalar && value->scalar.is_number_integer() && fits(*value) &&
        value->scalar.get<std::int64_t>() >= least) {
      return value->scalar.get<std::int64_t>();
    }
    wrong(*value, key, "an integer of " + std::to_string(least) + " or more");
    return std::nullopt;
  }

  // Index of the key's value in `choices`.
  std::optional<std::size_t> choice(std::string_view key,
                                    const std::vector<std::string>& choices) const {
    const ConfigValue* value = find(key);
    if (value == nullptr) return std::nullopt;
    for (std::size_t i = 0; i < choices.size(); ++i) {
      if (value->kind == Kind::scalar && value->text == choices[i]) return i;
    }
    std::string expected;
    for (std::size_t i = 0; i < choices.size(); ++i) {
      expected += (i == 0 ? "'" : i + 1 == choices.size() ? " or '" : ", '") + choices[i] + "'";
    }
    std::string near = value->kind == Kind::scalar ? nearest_name(value->text, choices) : "";
    wrong(*value, key, expected, near.empty() ? "" : "did you mean '" + near + "'?");
    return std::nullopt;
  }

  static bool fits(const ConfigValue& value) {
    return !value.scalar.is_number_unsigned() ||
           value.scalar.get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX);
  }

 private:
  const ConfigValue& map_;
  std::string prefix_;
  Diagnostics& diagnostics_;
};

// "5%" as 0.05.
std::optional<double> percentage(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!(value >= 0 && value <= 100)) return std::nullopt;
  return value / 100;
}

// "5%" or "5% after 200 records".
std::optional<ErrorBound> share_from_text(std::string_view text, std::uint64_t after_records) {
  constexpr std::string_view kAfter = " after ";
  std::size_t after = text.find(kAfter);
  std::optional<double> share = percentage(text.substr(0, after));
  if (!share) return std::nullopt;
  ErrorBound bound{.count = {}, .share = share, .after_records = after_records};
  if (after == std::string_view::npos) return bound;
  std::string_view rest = text.substr(after + kAfter.size());
  auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), bound.after_records);
  std::string_view unit(end, static_cast<std::size_t>(rest.data() + rest.size() - end));
  if (error != std::errc() || (!unit.empty() && unit != " records")) return std::nullopt;
  return bound;
}

void read_error_bound(const Keys& keys, std::string_view key, ErrorBound& bound) {
  const ConfigValue* value = keys.find(key);
  if (value == nullptr) return;
  if (value->kind == Kind::scalar) {
    const Json& scalar = value->scalar;
    if (scalar.is_number_integer() &&
        (scalar.is_number_unsigned() || scalar.get<std::int64_t>() >= 0)) {
      bound = {.count = scalar.get<std::uint64_t>(), .share = {}, .after_records = 0};
      return;
    }
    if (scalar.is_number_float() && scalar.get<double>() >= 0 && scalar.get<double>() <= 1) {
      bound = {.count = {}, .share = scalar.get<double>(), .after_records = bound.after_records};
      return;
    }
    if (scalar.is_string()) {
      if (auto share = share_from_text(value->text, bound.after_records)) {
        bound = *share;
        return;
      }
    }
  }
  keys.wrong(*value, key, "a number of records, or a share such as '5%' or '5% after 200 records'");
}

std::optional<InputRef> input_from(const ConfigValue& value) {
  if (value.kind != Kind::scalar) return std::nullopt;
  std::size_t dot = value.text.find('.');
  InputRef input{value.text.substr(0, dot), "", value.where};
  if (dot != std::string::npos) {
    input.port = value.text.substr(dot + 1);
    if (!is_valid_name(input.port)) return std::nullopt;
  }
  if (!is_valid_name(input.node)) return std::nullopt;
  return input;
}

void read_from(const Keys& keys, const NodesAbove& nodes, NodeConfig& node) {
  const ConfigValue* from = keys.find("from");
  if (from == nullptr) {
    auto above = nodes.above.find(node.name);
    if (above != nodes.above.end() && !above->second.empty()) {
      node.from.push_back({above->second, "", node.where});
    }
    return;
  }
  node.from_given = true;
  auto add = [&](const ConfigValue& value) {
    if (std::optional<InputRef> input = input_from(value)) {
      node.from.push_back(std::move(*input));
    } else {
      keys.wrong(value, "from", "'node' or 'node.port', or a list of them");
    }
  };
  if (from->kind == Kind::sequence) {
    for (const ConfigValue& item : from->items) add(item);
  } else {
    add(*from);
  }
}

void read_parallelism(const Keys& keys, NodeConfig& node) {
  const ConfigValue* value = keys.find("parallelism");
  if (value == nullptr) return;
  node.parallelism_where = value->where;
  if (value->kind == Kind::scalar) {
    if (value->text == "auto") {
      node.parallelism_auto = true;
      return;
    }
    if (value->scalar.is_number_integer() && Keys::fits(*value) &&
        value->scalar.get<std::int64_t>() >= 1 &&
        value->scalar.get<std::int64_t>() <= kMostParallelism) {
      node.parallelism = value->scalar.get<int>();
      return;
    }
  }
  keys.wrong(*value, "parallelism",
             "an integer from 1 to " + std::to_string(kMostParallelism) + ", or 'auto'");
}

void read_timeout(const Keys& keys, NodeConfig& node) {
  const ConfigValue* value = keys.find("timeout_s");
  if (value == nullptr) return;
  node.timeout_where = value->where;
  if (value->kind == Kind::scalar && value->scalar.is_number()) {
    const double seconds = value->scalar.get<double>();
    if (seconds >= kLeastTimeout_s && seconds <= kMostTimeout_s) {
      node.timeout_s = seconds;
      return;
    }
  }
  keys.wrong(*value, "timeout_s", "a number of seconds, 0.001 to 604800 (a week)");
}

// `use` of a node or service; empty (and reported) when there is none.
std::string read_use(const Keys& keys, const ConfigValue& entry, std::string_view what,
                     Location& where, Diagnostics& diagnostics) {
  const ConfigValue* use = keys.find("use");
  if (use == nullptr) {
    std::string hint = "'use' names the component; 'rare-engine operators' lists what is installed";
    if (what == "node") hint += "\nto take a node out in an overlay: nodes: { NAME: null }";
    diagnostics.error(entry.where, entry_prefix(what, entry) + "has no 'use'", hint);
    return {};
  }
  where = use->where;
  if (use->kind == Kind::scalar && !use->text.empty()) return use->text;
  keys.wrong(*use, "use", "the name of a component");
  return {};
}

ConfigValue read_with(const ConfigValue& entry) {
  const ConfigValue* with = entry.find("with");
  if (with != nullptr && with->kind == Kind::map) return *with;
  ConfigValue empty;
  empty.kind = Kind::map;
  empty.where = entry.where;
  empty.folder = entry.folder;
  return empty;
}

NodeConfig type_node(const ConfigValue& entry, const NodesAbove& nodes, Diagnostics& diagnostics) {
  Keys keys(entry, entry_prefix("node", entry), diagnostics);
  NodeConfig node;
  node.name = entry.find("name")->text;
  node.where = entry.where;
  node.use = read_use(keys, entry, "node", node.use_where, diagnostics);
  node.with = read_with(entry);
  read_from(keys, nodes, node);
  read_parallelism(keys, node);
  read_timeout(keys, node);
  if (auto choice = keys.choice("on_error", {"dead_letter", "fail", "drop"})) {
    node.on_error = static_cast<OnError>(*choice);
  }
  if (const ConfigValue* save = keys.find("save")) {
    if (save->kind == Kind::scalar && !save->text.empty()) {
      node.save = *save;
    } else {
      keys.wrong(*save, "save", "the path of a file");
    }
  }
  return node;
}

ServiceConfig type_service(const std::string& name, const Location& where, const ConfigValue& entry,
                           Diagnostics& diagnostics) {
  ServiceConfig service;
  service.name = name;
  service.where = where;
  Keys keys(entry, "service '" + name + "': ", diagnostics);
  const ConfigValue* use = keys.find("use");
  if (use == nullptr) {
    diagnostics.error(where, "service '" + name + "': has no 'use'",
                      "'use' names the component; 'rare-engine operators' lists what is installed");
  } else {
    service.use = read_use(keys, entry, "service", service.use_where, diagnostics);
  }
  service.with = read_with(entry);
  return service;
}

// The entries of a map of numbers; names that are not in `known` are errors.
std::map<std::string, const ConfigValue*> numbers_of(const ConfigValue& map,
                                                     const std::string& prefix,
                                                     const std::vector<std::string>& known,
                                                     Diagnostics& diagnostics) {
  std::map<std::string, const ConfigValue*> numbers;
  for (const auto& [name, value] : map.entries) {
    if (!contains(known, name)) {
      const std::string near = nearest_name(name, known);
      diagnostics.error(
          map.key_location(name), prefix + "unknown key '" + name + "'",
          near.empty() ? "known here: " + joined(known) : "did you mean '" + near + "'?");
    } else if (value.kind == Kind::scalar && value.scalar.is_number() &&
               value.scalar.get<double>() >= 0 && std::isfinite(value.scalar.get<double>())) {
      numbers[name] = &value;
    } else if (!value.reported) {
      diagnostics.error(
          value.where, prefix + name + ": expected a number of 0 or more, got " + value.describe());
    }
  }
  return numbers;
}

void read_prices(const Keys& keys, PipelineConfig& pipeline, Diagnostics& diagnostics) {
  const ConfigValue* prices = keys.find("prices");
  if (prices == nullptr) return;
  const std::string form =
      "for each service the price of a million tokens, for example\n"
      "prices: { teacher: { prompt: 0.25, completion: 1.0 } }";
  if (prices->kind != Kind::map) {
    return keys.wrong(*prices, "prices", "a map of services", form);
  }
  std::vector<std::string> services;
  for (const ServiceConfig& service : pipeline.services) services.push_back(service.name);
  for (const auto& [name, entry] : prices->entries) {
    const std::string prefix = "prices: " + name + ": ";
    if (!contains(services, name)) {
      const std::string near = nearest_name(name, services);
      diagnostics.error(prices->key_location(name), "prices: there is no service '" + name + "'",
                        !near.empty()      ? "did you mean '" + near + "'?"
                        : services.empty() ? form
                                           : "services are: " + joined(services));
    } else if (entry.kind != Kind::map) {
      diagnostics.error(entry.where,
                        prefix + "expected `prompt` and `completion`, got " + entry.describe(),
                        form);
    } else {
      const auto numbers = numbers_of(entry, prefix, {"prompt", "completion"}, diagnostics);
      Price& price = pipeline.prices[name];
      if (numbers.contains("prompt")) price.prompt = numbers.at("prompt")->scalar.get<double>();
      if (numbers.contains("completion")) {
        price.completion = numbers.at("completion")->scalar.get<double>();
      }
    }
  }
}

void read_budget(const Keys& keys, PipelineConfig& pipeline, Diagnostics& diagnostics) {
  const ConfigValue* budget = keys.find("budget");
  if (budget == nullptr) return;
  const std::string form = "budget: { tokens: 5000000 }, or with `prices` budget: { cost: 20 }";
  if (budget->kind != Kind::map) return keys.wrong(*budget, "budget", "a map", form);
  const auto numbers = numbers_of(*budget, "budget: ", {"tokens", "cost"}, diagnostics);
  if (numbers.contains("tokens")) {
    pipeline.budget.tokens =
        static_cast<std::int64_t>(std::min(numbers.at("tokens")->scalar.get<double>(), 9e18));
  }
  if (!numbers.contains("cost")) return;
  pipeline.budget.cost = numbers.at("cost")->scalar.get<double>();
  if (pipeline.prices.empty()) {
    diagnostics.error(numbers.at("cost")->where, "budget: cost: nothing has a price",
                      "prices: { SERVICE: { prompt: 0.25, completion: 1.0 } } says what a million "
                      "tokens cost");
  }
}

// The name is the state directory's, too.
bool is_folder_name(std::string_view name) {
  if (name.empty() || name.front() == '.') return false;
  for (char c : name) {
    if (c == '/' || std::iscntrl(static_cast<unsigned char>(c))) return false;
  }
  return true;
}

// A text is the shell's; of a list the first is a program.
void read_on_end(const Keys& keys, PipelineConfig& pipeline) {
  const ConfigValue* value = keys.find("on_end");
  if (value == nullptr) return;
  if (value->kind == Kind::scalar && value->scalar.is_string() && !value->text.empty()) {
    pipeline.on_end = {"/bin/sh", "-c", value->text};
    return;
  }
  std::vector<std::string> words;
  for (const ConfigValue& word : value->items) {
    if (word.kind == Kind::scalar) words.push_back(word.text);
  }
  if (value->kind == Kind::sequence && !words.empty() && words.size() == value->items.size() &&
      !words.front().empty()) {
    pipeline.on_end = std::move(words);
    return;
  }
  keys.wrong(*value, "on_end",
             "a command: a line for the shell, or a list of a program and its words");
}

void type_top_level(const Keys& keys, PipelineConfig& pipeline) {
  if (const ConfigValue* name = keys.find("name")) {
    if (name->kind == Kind::scalar && is_folder_name(name->text)) {
      pipeline.name = name->text;
    } else {
      keys.wrong(*name, "name", "a text that can name a folder: no '/', no '.' at the start");
    }
  }
  if (auto choice = keys.choice("order", {"input", "any"})) {
    pipeline.order = static_cast<Order>(*choice);
  }
  if (const ConfigValue* seed = keys.find("seed")) {
    if (seed->kind == Kind::scalar && seed->scalar.is_number_unsigned()) {
      pipeline.seed = seed->scalar.get<std::uint64_t>();
    } else if (auto value = keys.integer("seed", 0)) {
      pipeline.seed = static_cast<std::uint64_t>(*value);
    }
  }
  read_error_bound(keys, "max_errors", pipeline.max_errors);
  read_error_bound(keys, "stop_after_errors", pipeline.stop_after_errors);
  pipeline.max_records_in_flight = keys.integer("max_records_in_flight", 1);
  if (const ConfigValue* grace = keys.find("grace_s")) {
    if (grace->kind == Kind::scalar && grace->scalar.is_number() &&
        grace->scalar.get<double>() >= 0 && std::isfinite(grace->scalar.get<double>())) {
      pipeline.grace_s = grace->scalar.get<double>();
    } else {
      keys.wrong(*grace, "grace_s", "a number of seconds, 0 or more");
    }
  }
  read_on_end(keys, pipeline);
  if (const ConfigValue* per_shard = keys.find("per_shard")) {
    if (per_shard->kind == Kind::scalar && per_shard->scalar.is_boolean()) {
      pipeline.per_shard = per_shard->scalar.get<bool>();
    } else {
      keys.wrong(*per_shard, "per_shard", "true or false");
    }
  }
}

}  // namespace

PipelineConfig type_pipeline(const ConfigValue& merged, const NodesAbove& nodes,
                             const std::string& file, Diagnostics& diagnostics) {
  PipelineConfig pipeline;
  pipeline.file = file;
  pipeline.name = std::filesystem::path(file).stem().string();
  for (const auto& [name, where] : nodes.removed) pipeline.removed_nodes.push_back({name, where});
  if (merged.kind != Kind::map) return pipeline;
  type_top_level(Keys(merged, "", diagnostics), pipeline);
  if (const ConfigValue* services = merged.find("services")) {
    for (const auto& [name, service] : services->entries) {
      pipeline.services.push_back(
          type_service(name, services->key_location(name), service, diagnostics));
    }
  }
  const Keys top(merged, "", diagnostics);
  read_prices(top, pipeline, diagnostics);
  read_budget(top, pipeline, diagnostics);
  const ConfigValue* list = merged.find("nodes");
  if (list == nullptr || list->items.empty()) {
    // After other errors the nodes may have been there, but unusable.
    if (diagnostics.ok()) {
      diagnostics.error(list == nullptr ? merged.where : merged.key_location("nodes"),
                        "a pipeline without nodes",
                        "it needs at least a source and a sink:\n"
                        "nodes:\n"
                        "  - { name: documents, use: SOURCE, with: { path: data.jsonl } }\n"
                        "  - { name: result, use: SINK, with: { path: out.jsonl } }");
    }
    return pipeline;
  }
  for (const ConfigValue& node : list->items) {
    pipeline.nodes.push_back(type_node(node, nodes, diagnostics));
  }
  return pipeline;
}

}  // namespace rare::engine
