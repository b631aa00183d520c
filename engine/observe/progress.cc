#include "engine/observe/progress.h"

#include <unistd.h>

#include <cstdio>

#include "engine/observe/log.h"
#include "engine/observe/progress_block.h"

namespace rare::engine {
namespace {

constexpr std::chrono::milliseconds kBetweenBlocks{500};
constexpr std::chrono::milliseconds kBetweenLines{10'000};
constexpr std::chrono::milliseconds kBetweenLooks{1000};

}  // namespace

std::optional<ProgressStyle> progress_style(std::string_view name, bool is_terminal) {
  if (name == "auto") return is_terminal ? ProgressStyle::bar : ProgressStyle::plain;
  if (name == "bar") return ProgressStyle::bar;
  if (name == "plain") return ProgressStyle::plain;
  if (name == "json") return ProgressStyle::json;
  if (name == "none") return ProgressStyle::none;
  return std::nullopt;
}

std::string progress_line(const ProgressSnapshot& snapshot, const Pace& pace) {
  std::string line = duration_text(snapshot.elapsed_s) + ": " + with_thousands(snapshot.finished) +
                     " of " + with_thousands(snapshot.read) + " records read are finished";
  if (const auto rate = pace.finished_per_s()) line += ", " + short_number(*rate) + "/s";
  if (snapshot.input_share) {
    line +=
        " (" + std::to_string(static_cast<int>(*snapshot.input_share * 100)) + "% of input read";
    if (const auto left = pace.left_s()) {
      line += ", " + time_left_text(left->first, left->second) + " left";
    }
    line += ")";
  }
  if (snapshot.dead > 0) line += ", " + with_thousands(snapshot.dead) + " dead";
  for (const NodeProgress& node : snapshot.nodes) {
    // Others hold nothing for long.
    if (node.in_flight == 0 && node.parked == 0) continue;
    line += " | " + node.name + " " + with_thousands(node.done) + " done, " +
            std::to_string(node.in_flight) + "/" + std::to_string(node.parallelism);
    if (node.parked > 0) line += ", " + with_thousands(node.parked) + " wait on disk";
  }
  for (const ServiceProgress& service : snapshot.services) {
    std::string told;
    if (service.calls > 0) told = " " + with_thousands(service.calls) + " calls";
    if (service.tokens() > 0) {
      told += ", " + with_thousands(static_cast<std::uint64_t>(service.tokens())) + " tokens";
    }
    if (!service.activity.empty()) told += (told.empty() ? " " : ", ") + service.activity;
    if (!told.empty()) line += " | " + service.name + ":" + told;
  }
  return line;
}

Json progress_to_json(const ProgressSnapshot& snapshot, const Pace& pace) {
  Json json = {{"elapsed_s", snapshot.elapsed_s}, {"read", snapshot.read},
               {"finished", snapshot.finished},   {"dead", snapshot.dead},
               {"in_flight", snapshot.in_flight}, {"memory_bytes", snapshot.memory_bytes},
               {"ledger", snapshot.ledger},       {"filtered", std::uint64_t{0}}};
  if (snapshot.input_share) json["input_share"] = *snapshot.input_share;
  if (const auto rate = pace.finished_per_s()) json["finished_per_s"] = *rate;
  if (const auto left = pace.left_s()) json["left_s"] = {left->first, left->second};
  for (std::size_t i = 0; i < snapshot.nodes.size(); ++i) {
    const NodeProgress& node = snapshot.nodes[i];
    Json& told = json["nodes"][node.name];
    told = {{"in_flight", node.in_flight}, {"parallelism", node.parallelism}, {"done", node.done},
            {"filtered", node.filtered},   {"dropped", node.dropped},         {"dead", node.dead}};
    json["filtered"] = json["filtered"].get<std::uint64_t>() + node.filtered;
    if (node.parked > 0) told["parked"] = node.parked;
    if (const auto rate = pace.node_per_s(i)) told["done_per_s"] = *rate;
  }
  json["services"] = Json::object();
  for (std::size_t i = 0; i < snapshot.services.size(); ++i) {
    const ServiceProgress& service = snapshot.services[i];
    Json& told = json["services"][service.name];
    told = {{"calls", service.calls},
            {"tokens", service.tokens()},
            {"prompt_tokens", service.prompt_tokens},
            {"completion_tokens", service.completion_tokens},
            {"throttled", service.throttled},
            {"retries", service.retries},
            {"cache_hits", service.cache_hits}};
    if (service.in_flight) told["in_flight"] = *service.in_flight;
    if (service.limit) told["limit"] = *service.limit;
    if (service.cost) told["cost"] = *service.cost;
    if (!service.activity.empty()) told["activity"] = service.activity;
    if (const auto rate = pace.calls_per_s(i)) told["calls_per_s"] = *rate;
    if (const auto rate = pace.tokens_per_s(i)) told["tokens_per_s"] = *rate;
  }
  return json;
}

std::string progress_json(const ProgressSnapshot& snapshot, const Pace& pace) {
  return progress_to_json(snapshot, pace).dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool ProgressPrinter::is_time_to_print(std::chrono::steady_clock::time_point now) const {
  if (style_ == ProgressStyle::none) return false;
  if (!last_print_) return true;
  return now - *last_print_ >= (style_ == ProgressStyle::bar ? kBetweenBlocks : kBetweenLines);
}

bool ProgressPrinter::due(std::chrono::steady_clock::time_point now) const {
  return !last_look_ || now - *last_look_ >= kBetweenLooks || is_time_to_print(now);
}

void ProgressPrinter::look(const ProgressSnapshot& snapshot,
                           std::chrono::steady_clock::time_point now) {
  last_look_ = now;
  log_repeats_due();
  pace_.add(snapshot);
  if (const auto told = stall_.look(snapshot)) log_line(LogLevel::warning, {}, *told);
  if (!is_time_to_print(now)) return;
  last_print_ = now;
  print(snapshot);
}

void ProgressPrinter::print(const ProgressSnapshot& snapshot) {
  if (style_ == ProgressStyle::bar) {
    LiveBlock::of_standard_error().show(
        progress_block(snapshot, pace_, terminal_size(STDERR_FILENO), characters_));
    return;
  }
  const std::string line = style_ == ProgressStyle::json ? progress_json(snapshot, pace_)
                                                         : progress_line(snapshot, pace_);
  std::fprintf(stderr, "%s\n", line.c_str());
}

void ProgressPrinter::finish() {
  if (style_ == ProgressStyle::bar) LiveBlock::of_standard_error().remove();
}

}  // namespace rare::engine
