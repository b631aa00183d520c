#include "engine/cli/cache.h"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <iterator>
#include <vector>

#include "engine/cli/terminal.h"
#include "engine/cli/verbs.h"
#include "engine/runtime/run.h"
#include "engine/state/base64.h"
#include "engine/state/reply_prune.h"
#include "engine/text/utc_time.h"
#include "rare/json.h"

namespace rare::engine::cli {
namespace {

constexpr double kSecondsOfDay = 86'400;

std::string utc(double seconds) {
  if (seconds == 0) return "-";
  return utc_time(std::chrono::system_clock::from_time_t(static_cast<std::time_t>(seconds)));
}

std::string size_text(std::uint64_t bytes) {
  static constexpr const char* kUnits[] = {"kB", "MB", "GB", "TB"};
  double size = static_cast<double>(bytes) / 1e3;
  std::size_t unit = 0;
  while (size >= 1e3 && unit + 1 < std::size(kUnits)) {
    size /= 1e3;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %s", size, kUnits[unit]);
  return text;
}

Json totals_json(const ReplyTotals& totals) {
  return {{"replies", totals.replies},
          {"raw_bytes", totals.raw_bytes},
          {"packed_bytes", totals.packed_bytes},
          {"prompt_tokens", totals.prompt_tokens},
          {"completion_tokens", totals.completion_tokens},
          {"oldest", totals.replies > 0 ? Json(utc(totals.oldest_s)) : Json()},
          {"newest", totals.replies > 0 ? Json(utc(totals.newest_s)) : Json()}};
}

Json stats_json(const std::string& file, const ReplyReport& report) {
  Json json = totals_json(report.all);
  json["file"] = file;
  json["disk_bytes"] = report.disk_bytes;
  json["unanswered"] = report.all.unanswered;
  json["askers"] = Json::array();
  for (const auto& [asker, totals] : report.by_asker) {
    json["askers"].push_back(totals_json(totals));
    json["askers"].back().update({{"model", asker.first}, {"node", asker.second}});
  }
  json["runs"] = Json::array();
  for (const auto& [run_id, totals] : report.by_run) {
    json["runs"].push_back(totals_json(totals));
    json["runs"].back().update({{"run_id", run_id}, {"unanswered", totals.unanswered}});
  }
  return json;
}

std::string stats_text(const std::string& file, const ReplyReport& report) {
  const ReplyTotals& all = report.all;
  std::string text = file + ": " + std::to_string(all.replies) + " replies, " +
                     size_text(report.disk_bytes) + " on disk for " + size_text(all.raw_bytes);
  if (all.replies > 0) text += ", " + utc(all.oldest_s) + " to " + utc(all.newest_s);
  text += "\n";
  if (!report.by_asker.empty()) {
    std::vector<std::vector<std::string>> rows{
        {"MODEL", "NODE", "REPLIES", "PROMPT TOKENS", "COMPLETION TOKENS", "RAW", "PACKED"}};
    for (const auto& [asker, totals] : report.by_asker) {
      rows.push_back({asker.first, asker.second, std::to_string(totals.replies),
                      std::to_string(totals.prompt_tokens),
                      std::to_string(totals.completion_tokens), size_text(totals.raw_bytes),
                      size_text(totals.packed_bytes)});
    }
    text += columns(rows);
  }
  if (!report.by_run.empty()) {
    std::vector<std::vector<std::string>> rows{
        {"RUN", "REPLIES", "UNANSWERED", "OLDEST", "NEWEST"}};
    for (const auto& [run_id, totals] : report.by_run) {
      rows.push_back({run_id, std::to_string(totals.replies), std::to_string(totals.unanswered),
                      utc(totals.oldest_s), utc(totals.newest_s)});
    }
    text += columns(rows);
  }
  return text;
}

std::string line_of(const ReplyRow& row) {
  Json request = Json::parse(row.request, nullptr, false);
  Json line = {{"key", row.key},
               {"created", utc(row.created_s)},
               {"model", row.model},
               {"node", row.node},
               {"run_id", row.run_id},
               {"latency_s", row.latency_s},
               {"prompt_tokens", row.prompt_tokens},
               {"completion_tokens", row.completion_tokens},
               {"request", request.is_discarded() ? Json() : std::move(request)}};
  const bool text = is_utf8(row.body);
  line["body"] = text ? Json(row.body) : Json();
  if (!text) line["body_base64"] = base64(row.body);
  return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

int show_cache_stats(const CacheOptions& options) {
  const Result<ReplyReport> report = read_reply_report(options.file);
  if (!report) return refused(report.status(), "cache stats");
  if (!options.json) return print_result(stats_text(options.file, *report));
  return print_result(
      stats_json(options.file, *report).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

int prune_cache(const CacheOptions& options) {
  PruneOptions prune;
  prune.filter = options.filter;
  prune.damaged = options.damaged;
  prune.force = options.force;
  if (options.older_than_days) {
    const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
    prune.filter.created_before_s =
        now.count() - kSecondsOfDay * std::stod(*options.older_than_days);
  }
  if (!prune.filter.is_set() && !prune.damaged) {
    std::cerr << "rare-engine cache prune: say what is to go: --older-than DAYS, --run RUN_ID, "
                 "--model MODEL or --damaged\n"
                 "  'rare-engine cache prune --help' shows what it takes, with an example\n";
    return kExitConfiguration;
  }
  const Result<Pruned> pruned = prune_replies(options.file, prune);
  if (!pruned) return refused(pruned.status(), "cache prune");
  std::string text = "removed " + std::to_string(pruned->removed) + " of " +
                     std::to_string(pruned->looked_at) + " replies; " + options.file + " had " +
                     size_text(pruned->bytes_before) + ", has " + size_text(pruned->bytes_after) +
                     "\n";
  if (pruned->dictionaries_mended > 0) {
    text += "mended " + std::to_string(pruned->dictionaries_mended) +
            " damaged copies of dictionaries\n";
  }
  if (!pruned->space_kept.empty()) {
    std::cerr << "rare-engine cache prune: the file did not become smaller: " << pruned->space_kept
              << "\n";
  }
  return print_result(text);
}

int export_cache(const CacheOptions& options) {
  bool written = true;
  const Result<std::uint64_t> damaged =
      each_reply(options.file, options.filter, [&](const ReplyRow& row) {
        std::cout << line_of(row);
        written = std::cout.good();
        return written;
      });
  if (!damaged) return refused(damaged.status(), "cache export");
  if (*damaged > 0) {
    std::cerr << "rare-engine cache export: " << *damaged
              << " damaged replies were left out; 'rare-engine cache prune --damaged --cache "
              << options.file << "' removes them\n";
  }
  const int printed = print_result("");
  return printed != 0 || !written ? kExitFailed : *damaged > 0 ? kExitFailed : kExitDone;
}

}  // namespace rare::engine::cli
