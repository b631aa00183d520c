#include "engine/cli/check_models_text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/config/diagnostics.h"
#include "engine/config/name_list.h"
#include "engine/runtime/run.h"
#include "engine/text/utf8.h"

namespace rare::engine::cli {
namespace {

using Rows = std::vector<std::vector<std::string>>;

constexpr std::size_t kNearestShown = 3, kListedShown = 8;

const char* outcome_name(ProbeOutcome outcome) {
  switch (outcome) {
    case ProbeOutcome::works:
      return "works";
    case ProbeOutcome::mend:
      return "mend";
    case ProbeOutcome::try_later:
      return "try_later";
    case ProbeOutcome::cancelled:
      return "cancelled";
  }
  return "";
}

const char* outcome_name(const CheckedService& service) {
  if (service.kind != CheckedService::Kind::asked) return "passed_over";
  if (service.exit_code == kExitConfiguration) return "configuration";
  if (service.exit_code == kExitInterrupted) return outcome_name(ProbeOutcome::cancelled);
  if (service.exit_code == kExitTryAgain) return outcome_name(ProbeOutcome::try_later);
  return outcome_name(service.exit_code == kExitDone ? ProbeOutcome::works : ProbeOutcome::mend);
}

std::string verdict_text(ProbeOutcome outcome, const Style& style) {
  switch (outcome) {
    case ProbeOutcome::works:
      return "works";
    case ProbeOutcome::mend:
      return style.error("does not work");
    case ProbeOutcome::try_later:
      return style.error("does not work now");
    case ProbeOutcome::cancelled:
      return style.warning("was not asked to the end");
  }
  return "";
}

// Those that may have been meant, the nearest first.
std::vector<std::string> nearest_models(const std::string& wanted,
                                        std::vector<std::string> listed) {
  std::vector<std::string> nearest;
  while (nearest.size() < kNearestShown) {
    const std::string next = nearest_name(wanted, listed);
    if (next.empty()) break;
    nearest.push_back(next);
    listed.erase(std::remove(listed.begin(), listed.end(), next), listed.end());
  }
  return nearest;
}

std::string quoted(const std::vector<std::string>& names, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i) {
    text += (i == 0 ? "\"" : ", \"") + names[i] + "\"";
  }
  if (names.size() > most) text += " and " + std::to_string(names.size() - most) + " more";
  return text;
}

std::string seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, seconds < 10 ? "%.3f s" : "%.1f s", seconds);
  return text;
}

// As a terminal may have it; lines stay lines.
std::string safe_lines(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    result += printable(text.substr(0, end));
    if (end < text.size()) result += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

void add_model_rows(Rows& rows, const std::string& wanted, const EndpointReport& report) {
  if (!report.model_known) return;
  if (*report.model_known) {
    const bool renamed = !report.model.empty() && report.model != wanted;
    rows.push_back({"model", renamed ? "known, answers as \"" + report.model + "\"" : "known"});
    return;
  }
  rows.push_back({"model", "\"" + wanted + "\" is unknown there"});
  const std::vector<std::string> nearest = nearest_models(wanted, report.models);
  if (!nearest.empty())
    rows.push_back({"", "did you mean " + quoted(nearest, kNearestShown) + "?"});
  if (!report.models.empty())
    rows.push_back({"", "it lists " + quoted(report.models, kListedShown)});
}

Rows rows_of(const std::string& wanted_model, const EndpointReport& report) {
  Rows rows;
  if (report.reachable) {
    std::string text = *report.reachable ? "yes" : "no";
    if (report.latency_s) text += ", answered in " + seconds_text(*report.latency_s);
    rows.push_back({"reachable", text});
  }
  if (report.key_accepted && *report.key_accepted) {
    rows.push_back({"key", report.key_sent ? "accepted" : "none sent, and none wanted"});
  } else if (report.key_accepted) {
    rows.push_back({"key", report.key_sent ? "refused" : "refused: none is sent"});
  }
  add_model_rows(rows, wanted_model, report);
  if (report.answer_usable) {
    const std::string tokens = ", " + std::to_string(report.prompt_tokens) + " + " +
                               std::to_string(report.completion_tokens) + " tokens for this check";
    const bool counted = report.prompt_tokens + report.completion_tokens > 0;
    rows.push_back({"answer", (*report.answer_usable ? "usable" : "not usable") +
                                  (counted ? tokens : std::string())});
  }
  if (!report.structured.empty()) {
    rows.push_back(
        {"structured", report.structured == "prompt" ? "only by prompt" : report.structured});
  }
  for (const auto& [name, value] : report.limits) {
    std::string limit = name;
    limit.append(": ").append(value);
    rows.push_back({&name == &report.limits.front().first ? "limits" : "", std::move(limit)});
  }
  for (auto& row : rows) row[1] = printable(row[1]);
  return rows;
}

std::string endpoint_text(const std::string& wanted_model, const EndpointReport& report,
                          const Style& style) {
  std::string text = "  " + report.endpoint + "  " + verdict_text(report.outcome, style) + "\n";
  text += columns(rows_of(wanted_model, report), "    ");
  if (!report.structured_note.empty() && report.outcome == ProbeOutcome::works) {
    text += wrapped("note: " + safe_lines(report.structured_note), "    ");
  }
  if (!report.problem.empty()) text += wrapped(safe_lines(report.problem), "    ");
  return text;
}

std::string service_text(const CheckedService& service, const Style& style) {
  std::string text = style.heading(service.name) + " (" + service.component + ")";
  if (service.kind == CheckedService::Kind::no_model) {
    return text + ": no language model, passed over\n";
  }
  if (service.kind == CheckedService::Kind::no_probe) {
    return text + ": a language model whose plugin offers no check, passed over\n";
  }
  if (!service.status.ok()) {
    return text + ": " + style.error("does not work") + "\n" +
           wrapped(safe_lines(service.status.message()), "    ");
  }
  text += ", model \"" + printable(service.report.model) + "\"\n";
  for (const EndpointReport& report : service.report.endpoints) {
    text += endpoint_text(service.report.model, report, style);
  }
  return text;
}

std::string closing_text(const std::string& pipeline, const ModelCheck& check) {
  std::size_t asked = 0, working = 0;
  for (const CheckedService& service : check.services) {
    if (service.kind != CheckedService::Kind::asked) continue;
    ++asked;
    if (service.exit_code == kExitDone) ++working;
  }
  if (asked == 0) return pipeline + ": no service to check: none is a language model\n";
  std::string text = pipeline + ": " + std::to_string(working) + " of " + std::to_string(asked) +
                     (asked == 1 ? " language model works" : " language models work");
  if (check.exit_code == kExitTryAgain) text += "; trying again later may help";
  if (check.exit_code == kExitInterrupted) text += "; interrupted";
  return text + "\n";
}

template <class T>
Json json_of(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json json_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json endpoint_json(const std::string& wanted_model, const EndpointReport& report) {
  Json limits = Json::object();
  for (const auto& [name, value] : report.limits) limits[name] = value;
  return {{"endpoint", report.endpoint},
          {"outcome", outcome_name(report.outcome)},
          {"problem", json_or_null(report.problem)},
          {"reachable", json_of(report.reachable)},
          {"key_sent", report.key_sent},
          {"key_accepted", json_of(report.key_accepted)},
          {"model_known", json_of(report.model_known)},
          {"answer_usable", json_of(report.answer_usable)},
          {"model", json_or_null(report.model)},
          {"latency_s", json_of(report.latency_s)},
          {"prompt_tokens", report.prompt_tokens},
          {"completion_tokens", report.completion_tokens},
          {"structured", json_or_null(report.structured)},
          {"structured_note", json_or_null(report.structured_note)},
          {"limits", std::move(limits)},
          {"models", report.models},
          {"nearest_models", nearest_models(wanted_model, report.models)}};
}

}  // namespace

std::string check_models_text(const std::string& pipeline, const ModelCheck& check,
                              const Style& style) {
  std::string text;
  for (const CheckedService& service : check.services) text += service_text(service, style);
  return text + closing_text(pipeline, check);
}

Json check_models_json(const ModelCheck& check) {
  Json services = Json::array();
  for (const CheckedService& service : check.services) {
    Json endpoints = Json::array();
    for (const EndpointReport& report : service.report.endpoints) {
      endpoints.push_back(endpoint_json(service.report.model, report));
    }
    services.push_back({{"name", service.name},
                        {"use", service.component},
                        {"outcome", outcome_name(service)},
                        {"problem", json_or_null(service.status.message())},
                        {"model", json_or_null(service.report.model)},
                        {"endpoints", std::move(endpoints)}});
  }
  return {{"works", check.exit_code == kExitDone},
          {"exit_code", check.exit_code},
          {"services", std::move(services)}};
}

}  // namespace rare::engine::cli
