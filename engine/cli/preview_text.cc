#include "engine/cli/preview_text.h"

#include <cstdio>
#include <utility>
#include <vector>

#include "engine/text/utf8.h"

namespace rare::engine::cli {
namespace {

const char* did_name(PreviewStep::Did did) {
  switch (did) {
    case PreviewStep::Did::emitted:
      return "emitted";
    case PreviewStep::Did::filtered:
      return "filtered";
    case PreviewStep::Did::gathered:
      return "gathered";
    case PreviewStep::Did::failed:
      return "failed";
    case PreviewStep::Did::written:
      return "written";
  }
  return "";
}

// A value on one line, cut to what a glance takes in.
std::string shown(const Json& value) {
  constexpr std::size_t kLongest = 100;
  std::string text = printable(value.dump(-1, ' ', false, Json::error_handler_t::replace));
  if (text.size() <= kLongest) return text;
  return std::string(beginning_of(text, kLongest)) + "... (" + std::to_string(text.size()) +
         " bytes)";
}

std::string field_lines(const std::string& what, const Json& fields) {
  std::string text;
  for (const auto& [field, value] : fields.items()) {
    text += "      " + what + " " + printable(field) + ": " + shown(value) + "\n";
  }
  return text;
}

std::string emission_lines(const PreviewStep::Emission& emission) {
  std::string text = field_lines("+", emission.added) + field_lines("~", emission.changed);
  for (const std::string& field : emission.removed) text += "      - " + printable(field) + "\n";
  return text.empty() ? "      as it came\n" : text;
}

std::string step_text(const PlannedNode& node, const PreviewStep& step, const Style& style) {
  std::string text = "  " + style.heading(node.name) + " (" + node.spec().name() + ")";
  const bool is_child = step.id.find('.') != std::string::npos;
  if (is_child) text += ", record " + step.id;
  switch (step.did) {
    case PreviewStep::Did::filtered:
      return text + ": filtered: " + printable(step.reason) + "\n";
    case PreviewStep::Did::gathered:
      return text + ": taken in, to be seen with all others\n";
    case PreviewStep::Did::failed:
      return text + ": " + style.error("failed:") + " " + printable(step.reason) + "\n";
    case PreviewStep::Did::written: {
      std::string fields;
      for (const auto& [field, value] : step.fields.items()) {
        fields += (fields.empty() ? "" : ", ") + printable(field);
      }
      return text + ": would be written: " + fields + "\n";
    }
    case PreviewStep::Did::emitted:
      break;
  }
  text += "\n";
  const bool several = step.emissions.size() > 1;
  for (std::size_t i = 0; i < step.emissions.size(); ++i) {
    const PreviewStep::Emission& emission = step.emissions[i];
    if (several || node.ports().size() > 1) {
      text += "    " + std::to_string(i) + " to '" + emission.port + "':\n";
    }
    text += emission_lines(emission);
  }
  return text;
}

// The record's name as dead letters have it: of the family.
std::string family_name(const PreviewStep& step) { return step.id.substr(0, step.id.find('.')); }

std::string ranged(const char* what, const Range& range, const char* format) {
  char text[200];
  std::string pattern =
      "  %-18s " + std::string(format) + "   (" + format + " to " + format + ")\n";
  std::snprintf(text, sizeof text, pattern.c_str(), what, range.middle, range.low, range.high);
  return text;
}

std::string estimate_text(const PreviewEstimate& estimate, const Style& style) {
  std::string text = style.heading("the whole input") + ", by these records";
  if (!estimate.reason_against.empty())
    return text + ": not said: " + estimate.reason_against + "\n";
  text += "\n" + ranged("records", estimate.records, "%.0f") +
          ranged("calls", estimate.calls, "%.0f") +
          ranged("prompt tokens", estimate.prompt_tokens, "%.0f") +
          ranged("completion tokens", estimate.completion_tokens, "%.0f");
  const Range& disk = estimate.disk_bytes;
  constexpr double kMebi = 1 << 20;
  text += ranged("disk, MiB", {disk.low / kMebi, disk.middle / kMebi, disk.high / kMebi}, "%.1f");
  if (estimate.hours) {
    text += ranged("hours", *estimate.hours, "%.3g");
  } else {
    text += "  hours: left out: " + estimate.hours_left_out + "\n";
  }
  if (estimate.cost) text += ranged("cost", *estimate.cost, "%.4g");
  if (!estimate.cost_left_out.empty()) {
    text += "  cost: left out: " + estimate.cost_left_out + "\n";
  }
  const std::string of_cost = estimate.cost ? " Cost is that of the tokens, by `prices`." : "";
  return text +
         wrapped(
             "Ranges: the mean of these records plus and minus two standard errors, of their "
             "size and of what they take. Hours are at the pace of this preview, start of the "
             "first records included; a longer run keeps services busier. Disk is rows as "
             "they reach the sinks, and stored requests and replies, uncompressed." +
                 of_cost,
             "  ");
}

std::string nodes_table(const Plan& plan, const Tally& tally) {
  std::vector<std::vector<std::string>> rows{{"NODE", "IN", "OUT", "FILTERED", "DEAD"}};
  for (const PlannedNode& node : plan.nodes) {
    const NodeTally& of = tally.nodes[node.index];
    rows.push_back({node.name, std::to_string(of.in), std::to_string(of.out),
                    std::to_string(of.filtered), std::to_string(of.dead)});
  }
  return columns(rows);
}

Json range_json(const Range& range) { return {range.low, range.middle, range.high}; }

Json estimate_json(const PreviewEstimate& estimate) {
  if (!estimate.reason_against.empty()) return {{"reason_against", estimate.reason_against}};
  Json json{{"records", range_json(estimate.records)},
            {"calls", range_json(estimate.calls)},
            {"prompt_tokens", range_json(estimate.prompt_tokens)},
            {"completion_tokens", range_json(estimate.completion_tokens)},
            {"disk_bytes", range_json(estimate.disk_bytes)}};
  if (estimate.cost) json["cost"] = range_json(*estimate.cost);
  if (!estimate.cost_left_out.empty()) json["cost_left_out"] = estimate.cost_left_out;
  if (estimate.hours) {
    json["hours"] = range_json(*estimate.hours);
  } else {
    json["hours_left_out"] = estimate.hours_left_out;
  }
  return json;
}

Json step_json(const Plan& plan, const PreviewStep& step) {
  const PlannedNode& node = plan.nodes[step.node];
  Json json{{"node", node.name},
            {"use", node.spec().name()},
            {"id", step.id},
            {"did", did_name(step.did)}};
  if (!step.reason.empty()) json["reason"] = step.reason;
  if (step.did == PreviewStep::Did::written) json["fields"] = step.fields;
  if (step.did != PreviewStep::Did::emitted) return json;
  json["out"] = Json::array();
  for (const PreviewStep::Emission& emission : step.emissions) {
    json["out"].push_back({{"port", emission.port},
                           {"added", emission.added},
                           {"changed", emission.changed},
                           {"removed", emission.removed}});
  }
  return json;
}

}  // namespace

std::string steps_text(const Plan& plan, const Preview& preview, const Style& style) {
  std::string text, family;
  for (const PreviewStep& step : preview.steps) {
    if (std::string name = family_name(step); name != family) {
      family = std::move(name);
      const std::string label = step.label.empty() ? "" : " (" + printable(step.label) + ")";
      text += style.heading("record " + family + label) + "\n";
    }
    text += step_text(plan.nodes[step.node], step, style);
  }
  return text;
}

std::string preview_text(const Plan& plan, const Preview& preview, const Style& style) {
  std::string text = steps_text(plan, preview, style);
  text += "\n" + nodes_table(plan, preview.tally);
  text += "\nledger: " + preview.tally.ledger.to_string() +
          "; nothing was written but stored replies\n\n";
  return text + estimate_text(preview.estimate, style);
}

Json steps_json(const Plan& plan, const Preview& preview) {
  Json records = Json::array();
  std::string family;
  for (const PreviewStep& step : preview.steps) {
    if (records.empty() || family_name(step) != family) {
      family = family_name(step);
      records.push_back({{"id", family}, {"steps", Json::array()}});
      if (!step.label.empty()) records.back()["label"] = step.label;
    }
    records.back()["steps"].push_back(step_json(plan, step));
  }
  return records;
}

Json preview_json(const Plan& plan, const Preview& preview) {
  Json json{{"records", steps_json(plan, preview)},
            {"ledger", preview.tally.ledger.to_json()},
            {"nodes", Json::object()},
            {"elapsed_s", preview.elapsed_s},
            {"estimate", estimate_json(preview.estimate)}};
  for (const PlannedNode& node : plan.nodes) {
    json["nodes"][node.name] = preview.tally.nodes[node.index].to_json();
  }
  if (!preview.fault.empty()) json["fault"] = preview.fault;
  return json;
}

}  // namespace rare::engine::cli
