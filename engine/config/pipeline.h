// A pipeline as declared: YAML read, overlays merged, engine keys typed; components' own parameters
// still as they stand (the plan checks them against the specs).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/config/config_value.h"
#include "engine/config/diagnostics.h"

namespace rare::engine {

enum class Order { input, any };
enum class OnError { dead_letter, fail, drop };

// A bound on dead letters: a number of them, or a share of the records read.
struct ErrorBound {
  std::optional<std::uint64_t> count;
  std::optional<double> share;      // 0.05 for "5%"
  std::uint64_t after_records = 0;  // the share counts only from so many records on
};

// Bounds of what is written, for the loader and the schema.
inline constexpr int kMostParallelism = 1'000'000;
inline constexpr double kLeastTimeout_s = 0.001, kMostTimeout_s = 604'800;  // a week

struct InputRef {
  std::string node;
  std::string port;  // empty: the node's first port
  Location where;
};

struct ServiceConfig {
  std::string name;
  Location where;
  std::string use;
  Location use_where;
  ConfigValue with;
};

struct NodeConfig {
  std::string name;
  Location where;
  std::string use;
  Location use_where;
  ConfigValue with;
  std::vector<InputRef> from;  // resolved: "the node above" is filled in; empty: none above
  bool from_given = false;
  std::optional<int> parallelism;  // absent: the plan chooses
  bool parallelism_auto = false;   // `parallelism: auto`
  Location parallelism_where;
  std::optional<double> timeout_s;
  Location timeout_where;
  OnError on_error = OnError::dead_letter;
  ConfigValue save;  // the path of a file for what it gives out, or nothing
};

// A node that an overlay took out.
struct RemovedNode {
  std::string name;
  Location where;
};

// What a service costs, for a million tokens, in the currency of `budget`.
struct Price {
  double prompt = 0, completion = 0;
};

// What all starts of a run together may cost before it stops; absent: any.
struct Budget {
  std::optional<std::int64_t> tokens;  // prompt and completion
  std::optional<double> cost;
};

struct PipelineConfig {
  std::string name;
  std::string file;  // as given on the command line
  Order order = Order::input;
  std::uint64_t seed = 0;
  ErrorBound max_errors{.count = 0, .share = {}, .after_records = 0};
  ErrorBound stop_after_errors{.count = {}, .share = 0.05, .after_records = 200};
  std::optional<std::int64_t> max_records_in_flight;
  double grace_s = 30;
  std::vector<std::string> on_end;      // a program and its words, told of the end; empty: none
  std::map<std::string, Price> prices;  // by service
  Budget budget;
  bool per_shard = false;  // whole-set nodes may work over each shard for itself
  std::vector<ServiceConfig> services;
  std::vector<NodeConfig> nodes;
  std::vector<RemovedNode> removed_nodes;
};

struct LoadOptions {
  std::string file;
  std::vector<std::string> overlays;  // -f, in order
  std::vector<std::string> settings;  // --set path=value, in order
};

// Reads, merges, substitutes and types. Errors go to `diagnostics`; what is returned is complete
// enough to go on checking (so that one start shows all errors), and runs only if there were none.
PipelineConfig load_pipeline(const LoadOptions& options, Diagnostics& diagnostics);

}  // namespace rare::engine
