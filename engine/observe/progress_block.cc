#include "engine/observe/progress_block.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>

namespace rare::engine {
namespace {

constexpr std::size_t kLongestName = 24;
constexpr std::size_t kBusyWidth = 8;

struct Column {
  std::string heading;
  bool to_the_right;
  std::vector<std::string> cells;
  int worth;  // where there is no room, those of the least worth go first
};

template <class... Values>
std::string formatted(const char* format, Values... values) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

std::string cut_to(const std::string& text, std::size_t columns, Characters characters) {
  if (columns_of(text) <= columns) return text;
  const std::string_view more = characters == Characters::unicode ? "\u2026" : "~";
  std::string cut;
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    if (++width >= columns) break;
    cut.append(text, at, end - at);
    at = end;
  }
  return columns == 0 ? std::string() : cut.append(more);
}

std::string padded(const std::string& text, std::size_t width, bool to_the_right) {
  const std::size_t columns = columns_of(text);
  const std::string space(width > columns ? width - columns : 0, ' ');
  return to_the_right ? space + text : text + space;
}

std::string rate_text(const std::optional<double>& rate) {
  return rate ? short_number(*rate) + "/s" : "";
}

std::string count_text(std::uint64_t count) { return count == 0 ? "" : with_thousands(count); }

// How full the node is.
std::string busy_text(const NodeProgress& node, Characters characters) {
  if (node.parallelism <= 0) return "";
  const double share = std::clamp(
      static_cast<double>(node.in_flight) / static_cast<double>(node.parallelism), 0.0, 1.0);
  const auto full = static_cast<std::size_t>(std::lround(share * kBusyWidth));
  std::string text;
  for (std::size_t i = 0; i < kBusyWidth; ++i) {
    if (characters == Characters::ascii) {
      text += i < full ? '#' : '.';
    } else {
      text += i < full ? "\u2588" : "\u2591";
    }
  }
  return text;
}

std::size_t width_of(const Column& column) {
  std::size_t width = columns_of(column.heading);
  for (const std::string& cell : column.cells) width = std::max(width, columns_of(cell));
  return width;
}

bool is_empty(const Column& column) {
  return std::all_of(column.cells.begin(), column.cells.end(),
                     [](const std::string& cell) { return cell.empty(); });
}

// Columns two spaces apart, after two spaces, the headings first.
std::vector<std::string> table(std::vector<Column> columns, std::size_t width,
                               Characters characters) {
  std::erase_if(columns, is_empty);
  const auto too_wide = [&] {
    return std::accumulate(columns.begin(), columns.end(), std::size_t{0},
                           [](std::size_t sum, const Column& column) {
                             return sum + 2 + width_of(column);
                           }) > width;
  };
  while (columns.size() > 1 && too_wide()) {
    columns.erase(std::min_element(
        columns.begin(), columns.end(),
        [](const Column& left, const Column& right) { return left.worth < right.worth; }));
  }
  std::vector<std::string> lines;
  const std::size_t rows = columns.empty() ? 0 : columns.front().cells.size();
  for (std::size_t row = 0; row <= rows; ++row) {
    std::string line;
    for (const Column& column : columns) {
      const std::string& cell = row == 0 ? column.heading : column.cells[row - 1];
      line += "  " + padded(cell, width_of(column), column.to_the_right);
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    lines.push_back(cut_to(line, width, characters));
  }
  return lines;
}

std::string first_line(const ProgressSnapshot& snapshot, const Pace& pace) {
  std::string line = duration_text(snapshot.elapsed_s) + "  " + with_thousands(snapshot.finished) +
                     " of " + with_thousands(snapshot.read) + " records finished";
  if (const auto rate = pace.finished_per_s()) line += ", " + rate_text(rate);
  if (snapshot.input_share) {
    line += ", " + std::to_string(static_cast<int>(*snapshot.input_share * 100)) + "% read";
  }
  if (const auto left = pace.left_s()) {
    line += ", " + time_left_text(left->first, left->second) + " left";
  }
  if (snapshot.dead > 0) line += ", " + with_thousands(snapshot.dead) + " dead";
  return line;
}

std::vector<std::string> node_lines(const ProgressSnapshot& snapshot,
                                    const std::vector<std::size_t>& shown, const Pace& pace,
                                    std::size_t width, Characters characters) {
  Column name{"node", false, {}, 9}, busy{"", false, {}, 1}, held{"in flight", true, {}, 6},
      done{"done", true, {}, 8}, rate{"rate", true, {}, 7}, left_out{"left out", true, {}, 2},
      dead{"dead", true, {}, 5}, parked{"on disk", true, {}, 3};
  for (const std::size_t i : shown) {
    const NodeProgress& node = snapshot.nodes[i];
    name.cells.push_back(cut_to(node.name, kLongestName, characters));
    busy.cells.push_back(busy_text(node, characters));
    held.cells.push_back(std::to_string(node.in_flight) +
                         (node.parallelism > 0 ? "/" + std::to_string(node.parallelism) : ""));
    done.cells.push_back(with_thousands(node.done));
    rate.cells.push_back(rate_text(pace.node_per_s(i)));
    left_out.cells.push_back(count_text(node.filtered + node.dropped));
    dead.cells.push_back(count_text(node.dead));
    parked.cells.push_back(count_text(node.parked));
  }
  return table({std::move(name), std::move(held), std::move(busy), std::move(done), std::move(rate),
                std::move(left_out), std::move(dead), std::move(parked)},
               width, characters);
}

std::vector<std::string> service_lines(const ProgressSnapshot& snapshot, const Pace& pace,
                                       std::size_t width, Characters characters) {
  Column name{"service", false, {}, 9}, calls{"calls", true, {}, 7}, rate{"", true, {}, 6},
      tokens{"tokens", true, {}, 5}, token_rate{"", true, {}, 4}, cost{"cost", true, {}, 3},
      throttled{"throttled", true, {}, 8}, activity{"", false, {}, 2};
  for (std::size_t i = 0; i < snapshot.services.size(); ++i) {
    const ServiceProgress& service = snapshot.services[i];
    if (service.calls == 0 && service.activity.empty()) continue;
    name.cells.push_back(cut_to(service.name, kLongestName, characters));
    calls.cells.push_back(count_text(service.calls));
    rate.cells.push_back(service.calls > 0 ? rate_text(pace.calls_per_s(i)) : "");
    tokens.cells.push_back(
        service.tokens() > 0 ? short_number(static_cast<double>(service.tokens())) : "");
    token_rate.cells.push_back(service.tokens() > 0 ? rate_text(pace.tokens_per_s(i)) : "");
    cost.cells.push_back(service.cost ? formatted("%.4g", *service.cost) : "");
    throttled.cells.push_back(count_text(service.throttled));
    activity.cells.push_back(service.activity);
  }
  if (name.cells.empty()) return {};
  // What a service says of itself is the longest, and is cut before a column goes.
  const std::size_t others = width_of(name) + width_of(calls) + width_of(rate) + width_of(tokens) +
                             width_of(token_rate) + width_of(cost) + width_of(throttled) + 16;
  for (std::string& cell : activity.cells) {
    cell = cut_to(cell, width > others + 12 ? width - others : width / 3, characters);
  }
  return table({std::move(name), std::move(calls), std::move(rate), std::move(tokens),
                std::move(token_rate), std::move(cost), std::move(throttled), std::move(activity)},
               width, characters);
}

// The places of the nodes that have room, in the plan's order.
std::vector<std::size_t> shown_nodes(const std::vector<NodeProgress>& nodes, std::size_t room) {
  std::vector<std::size_t> shown(nodes.size());
  std::iota(shown.begin(), shown.end(), std::size_t{0});
  if (nodes.size() <= room) return shown;
  std::stable_sort(shown.begin(), shown.end(), [&](std::size_t left, std::size_t right) {
    return nodes[left].in_flight + static_cast<std::int64_t>(nodes[left].parked) >
           nodes[right].in_flight + static_cast<std::int64_t>(nodes[right].parked);
  });
  shown.resize(room);
  std::sort(shown.begin(), shown.end());
  return shown;
}

}  // namespace

Characters characters_of_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* const value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    std::string locale = value;
    std::transform(locale.begin(), locale.end(), locale.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const bool utf8 =
        locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
    return utf8 ? Characters::unicode : Characters::ascii;
  }
  return Characters::ascii;
}

std::string with_thousands(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<unsigned long long>(seconds);
  if (whole < 60) return formatted("%llu s", whole);
  return formatted("%llu:%02llu:%02llu", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string time_left_text(double least_s, double most_s) {
  constexpr double kMinute_s = 60, kHour_s = 3600, kDay_s = 86400;
  if (most_s < kMinute_s) return "under a minute";
  double unit_s = kMinute_s;
  if (most_s >= 2 * kHour_s) unit_s = kHour_s;
  if (most_s >= 2 * kDay_s) unit_s = kDay_s;
  const auto rounded = [unit_s](double seconds) {
    // Of hours and days a tenth counts, of minutes it does not.
    const double number = seconds / unit_s;
    return unit_s == kMinute_s || number >= 10 ? formatted("%.0f", std::max(1.0, number))
                                               : formatted("%.1f", number);
  };
  const std::string least = rounded(least_s), most = rounded(most_s);
  return (least == most ? least : least + " to " + most) + (unit_s == kMinute_s ? " min"
                                                            : unit_s == kHour_s ? " h"
                                                                                : " days");
}

std::string short_number(double number) {
  if (number < 9.95) return formatted("%.1f", number);
  if (number < 1e6) return with_thousands(static_cast<std::uint64_t>(std::llround(number)));
  return number < 1e9 ? formatted("%.1fM", number / 1e6) : formatted("%.1fG", number / 1e9);
}

std::vector<std::string> progress_block(const ProgressSnapshot& snapshot, const Pace& pace,
                                        TerminalSize size, Characters characters) {
  // A line that fills the last column makes some terminals break it.
  const std::size_t width = size.columns > 1 ? size.columns - 1 : 1;
  std::vector<std::string> lines = {cut_to(first_line(snapshot, pace), width, characters)};
  const std::vector<std::string> services = service_lines(snapshot, pace, width, characters);
  // Beside the first line, the nodes' headings and a line below the block; and one for those that
  // are left out.
  const std::size_t taken = 3 + services.size();
  const std::size_t room = size.rows > taken + 1 ? size.rows - taken : 1;
  const bool all = snapshot.nodes.size() <= room;
  const std::vector<std::size_t> shown =
      shown_nodes(snapshot.nodes, all ? room : std::max<std::size_t>(1, room - 1));
  for (std::string& line : node_lines(snapshot, shown, pace, width, characters)) {
    lines.push_back(std::move(line));
  }
  if (shown.size() < snapshot.nodes.size()) {
    lines.push_back(cut_to(
        "  and " + std::to_string(snapshot.nodes.size() - shown.size()) + " nodes that hold less",
        width, characters));
  }
  lines.insert(lines.end(), services.begin(), services.end());
  const std::size_t most = std::max<std::size_t>(1, size.rows - 1);
  if (lines.size() > most) lines.resize(most);
  return lines;
}

}  // namespace rare::engine
