#include "engine/runtime/shard_plan.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/observe/log.h"
#include "engine/runtime/boundary.h"
#include "engine/runtime/check_environment.h"
#include "engine/runtime/components.h"
#include "engine/state/difference.h"

namespace rare::engine {
namespace {

constexpr int kFormat = 1;
// Places that are kept for each shard while records are counted.
constexpr std::size_t kMarksPerShard = 16;
constexpr std::size_t kLeastMarks = 4096;

Status refused_input(const std::string& what) {
  return Status::run_fault(StatusCode::invalid_argument, what);
}

struct Mark {
  std::uint64_t ordinal;
  Position position;
};

// Places between records at even distances, which grow with the input: at most `most`, at least
// half as many once there are enough records.
class Marks {
 public:
  explicit Marks(std::size_t most) : most_(most) {}

  void pass(std::uint64_t ordinal, const Source& source) {
    if (ordinal % distance_ != 0) return;
    if (marks_.size() == most_) {
      distance_ *= 2;
      marks_.erase(std::remove_if(marks_.begin(), marks_.end(),
                                  [this](const Mark& mark) { return mark.ordinal % distance_; }),
                   marks_.end());
      if (ordinal % distance_ != 0) return;
    }
    marks_.push_back({ordinal, source.position()});
  }
  // How many records there are from `ordinal` to where pass() may keep a place.
  std::uint64_t distance_from(std::uint64_t ordinal) const {
    return distance_ - ordinal % distance_;
  }
  // The last one that is not behind `ordinal`. REQUIRES: 0 was passed.
  const Mark& before(std::uint64_t ordinal) const {
    const auto behind =
        std::upper_bound(marks_.begin(), marks_.end(), ordinal,
                         [](std::uint64_t at, const Mark& mark) { return at < mark.ordinal; });
    return *std::prev(behind);
  }

 private:
  const std::size_t most_;
  std::uint64_t distance_ = 1;
  std::vector<Mark> marks_;
};

// [{first, position}] for each shard, and behind them [{first}] where the records end.
Result<Json> divide_source(const PlannedNode& node, Source& source, std::uint32_t shards) {
  Marks marks(std::max(kLeastMarks, kMarksPerShard * shards));
  std::uint64_t records = 0;
  for (;;) {
    const Status marked = at_boundary([&] {
      marks.pass(records, source);
      return Status();
    });
    if (!marked.ok()) return fault_at(node, marked);
    const std::uint64_t wanted = marks.distance_from(records);
    const Result<std::uint64_t> skipped = skip_records_of(source, wanted);
    if (!skipped) return fault_at(node, skipped.status());
    records += *skipped;
    if (*skipped < wanted) break;
  }
  Json parts = Json::array();
  for (std::uint32_t shard = 0; shard < shards; ++shard) {
    const Mark& mark = marks.before(records * shard / shards);
    parts.push_back({{"first", mark.ordinal}, {"position", mark.position.token}});
  }
  return Json{{"records", records}, {"parts", std::move(parts)}};
}

// The sources of a plan, open for as long as this lives.
class OpenInput {
 public:
  explicit OpenInput(const Plan& plan)
      : plan_(plan), environment_(plan.config.seed), components_(plan, environment_.shared) {}
  ~OpenInput() { environment_.end(); }

  Status open() { return components_.open_sources({}); }

  Result<Json> identities() const {
    Json all = Json::object();
    for (const std::uint32_t index : components_.source_nodes()) {
      Result<Json> identity = components_.source(index).identity();
      if (!identity) return fault_at(plan_.nodes[index], identity.status());
      all[plan_.nodes[index].name] = std::move(*identity);
    }
    return all;
  }

  Result<Json> divide(std::uint32_t shards) {
    Json all = Json::object();
    for (const std::uint32_t index : components_.source_nodes()) {
      const PlannedNode& node = plan_.nodes[index];
      Source& source = components_.source(index);
      if (source.may_wait()) {
        return refused_input(node.described() +
                             ": expected an input that every shard can read from its place on, "
                             "came one that is read once (a pipe or standard input). Keep it in a "
                             "file.");
      }
      Result<Json> parts = divide_source(node, source, shards);
      if (!parts) return parts.status();
      all[node.name] = std::move(*parts);
    }
    return all;
  }

 private:
  const Plan& plan_;
  CheckEnvironment environment_;
  Components components_;
};

bool has_output_file(const PlannedNode& sink) {
  const auto& params = sink.spec().params();
  return std::any_of(params.begin(), params.end(), [&](const ParamSpec& param) {
    return is_output_path(param, sink.values.at(param.name));
  });
}

Status check_node(const PlannedNode& node, bool per_shard) {
  if (node.gathers() && !per_shard) {
    return refused_input(node.described() +
                         " works over the whole set, and a shard has only a part of it. Do it in a "
                         "run of its own before or after the shards, or say `per_shard: true` at "
                         "the top of the pipeline: each shard's records are then a set of their "
                         "own.");
  }
  if (node.kind() == ComponentKind::source && node.grows()) {
    return refused_input(node.described() + ": `" + node.spec().grows_param() +
                         "` says that the input grows, and what is divided among shards must stay "
                         "as it is: say `" +
                         node.spec().grows_param() + ": false`.");
  }
  if (node.kind() == ComponentKind::sink && !has_output_file(node)) {
    return refused_input(node.described() +
                         " writes to no file, so nobody could tell which of several attempts at a "
                         "shard counts. Write files, and load them when the run is finished.");
  }
  return Status();
}

// What a service makes of many records, given as a node's or as a list of files, is for all shards
// alike; each would make it again.
bool reads_a_corpus(const ParamSpec& param, const Json& value) {
  if (param.type == ParamType::node) return value.is_string() && value != "";
  return param.type == ParamType::text_list && param.role == TextRole::input_path && !value.empty();
}

Status check_service(const PlannedService& service) {
  const Spec& spec = service.use->component.spec;
  for (const ParamSpec& param : spec.params()) {
    if (!reads_a_corpus(param, service.values.at(param.name))) continue;
    return refused_input("service '" + service.name + "' (" + spec.name() + "): `" + param.name +
                         "` makes it read a whole corpus, and every shard would do so again. Make "
                         "once before, over the whole, what it makes of it, and name that in the "
                         "pipeline (of an index: `rare-engine index build`, then `prebuilt`).");
  }
  return Status();
}

Status cannot_understand(const std::string& folder, const std::string& why) {
  return Status::run_fault(StatusCode::invalid_data,
                           folder + "/_rare/plan.json cannot be understood (" + why +
                               "): take another --out folder; stored replies are not paid again.");
}

}  // namespace

bool is_output_path(const ParamSpec& param, const Json& value) {
  return param.role == TextRole::output_path && value.is_string() && value != "";
}

Status check_divisible(const Plan& plan) {
  for (const PlannedNode& node : plan.nodes) {
    if (Status status = check_node(node, plan.config.per_shard); !status.ok()) return status;
  }
  for (const PlannedService& service : plan.services) {
    if (Status status = check_service(service); !status.ok()) return status;
  }
  return Status();
}

Result<Json> divide_input(const Plan& plan, std::uint32_t shards) {
  OpenInput input(plan);
  if (Status opened = input.open(); !opened.ok()) return opened;
  Result<Json> identities = input.identities();
  if (!identities) return identities.status();
  log_line(LogLevel::info, {},
           "counting the records, to divide them among " + std::to_string(shards) + " shards");
  Result<Json> sources = input.divide(shards);
  if (!sources) return sources.status();
  const ErrorBound& bound = plan.config.max_errors;
  return Json{{"format", kFormat},
              {"name", plan.config.name},
              {"shards", shards},
              {"max_errors", bound.count ? Json(*bound.count) : Json()},
              {"max_error_share", bound.share ? Json(*bound.share) : Json()},
              {"fingerprint", fingerprint(plan)},
              {"inputs", std::move(*identities)},
              {"sources", std::move(*sources)}};
}

Status check_planned(const Json& planned, const Plan& plan, const std::string& folder) {
  const std::string settings = differing_settings(planned.value("fingerprint", Json::object()),
                                                  fingerprint(plan), fingerprint_defaults(plan));
  if (!settings.empty()) {
    return refused_input("the run in " + folder + " was planned with other settings:\n" + settings +
                         "\nAll shards of a run must make the same: undo the change, or take "
                         "another folder with --out DIR.");
  }
  OpenInput input(plan);
  if (Status opened = input.open(); !opened.ok()) return opened;
  Result<Json> now = input.identities();
  if (!now) return now.status();
  const Json before = planned.value("inputs", Json::object());
  if (before == *now) return Status();
  return refused_input("the input changed since the run in " + folder + " was planned:\n" +
                       differing_paths(before, *now) +
                       "\nPut it back to go on, or take another folder with --out DIR (stored "
                       "replies are not paid again).");
}

Result<std::uint32_t> planned_shards(const Json& planned, const std::string& folder) {
  const int format = planned.value("format", 0);
  if (format != kFormat) {
    return cannot_understand(
        folder, "expected format " + std::to_string(kFormat) + ", came " + std::to_string(format));
  }
  try {
    return planned.at("shards").get<std::uint32_t>();
  } catch (const Json::exception& error) {
    return cannot_understand(folder, error.what());
  }
}

Result<std::map<std::string, SourceRange>> planned_ranges(const Json& planned, std::uint32_t shard,
                                                          const std::string& folder) {
  std::map<std::string, SourceRange> ranges;
  try {
    for (const auto& [source, divided] : planned.at("sources").items()) {
      const Json& parts = divided.at("parts");
      SourceRange range;
      range.first = parts.at(shard).at("first").get<std::uint64_t>();
      range.position.token = parts.at(shard).at("position");
      range.end =
          (shard + 1 < parts.size() ? parts.at(shard + 1).at("first") : divided.at("records"))
              .get<std::uint64_t>();
      ranges.emplace(source, std::move(range));
    }
  } catch (const Json::exception& error) {
    return cannot_understand(folder, error.what());
  }
  return ranges;
}

}  // namespace rare::engine
