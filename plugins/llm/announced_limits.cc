#include "plugins/llm/announced_limits.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <utility>

namespace rare::llm {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kLimit = "x-ratelimit-limit", kRemaining = "x-ratelimit-remaining",
                           kReset = "x-ratelimit-reset";
constexpr std::string_view kRequests = "requests";
// Beyond this a header is more likely to be wrong than to be meant.
constexpr double kLongestReset_s = 24 * 3600;

// The number at the start of `text`, which is cut off.
std::optional<double> take_number(std::string_view& text) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(number)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

// Seconds of a unit at the start of `text`, which is cut off.
std::optional<double> take_unit(std::string_view& text) {
  constexpr std::pair<std::string_view, double> kUnits[] = {
      {"ms", 1e-3}, {"us", 1e-6}, {"ns", 1e-9}, {"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}};
  for (const auto& [name, seconds] : kUnits) {
    if (text.substr(0, name.size()) != name) continue;
    text.remove_prefix(name.size());
    return seconds;
  }
  return std::nullopt;
}

std::optional<milliseconds> in_bounds(double seconds) {
  if (!(seconds >= 0)) seconds = 0;
  if (seconds > kLongestReset_s) return std::nullopt;
  return milliseconds(static_cast<std::int64_t>(1000 * seconds + 0.999));
}

std::optional<double> iso_8601(std::string_view text) {
  std::tm parts{};
  const std::string copy(text);
  const char* const rest = strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  return static_cast<double>(timegm(&parts));
}

std::optional<double> number_of(const net::HttpResult& answer, const std::string& name) {
  const auto text = answer.header(name);
  if (!text) return std::nullopt;
  std::string_view rest = *text;
  return take_number(rest);
}

std::string named(std::string_view header, const std::string& kind) {
  return kind.empty() ? std::string(header) : std::string(header) + "-" + kind;
}

// What the answer has a `remaining` for.
std::set<std::string> kinds_of(const net::HttpResult& answer) {
  std::set<std::string> kinds;
  for (const auto& [name, value] : answer.headers) {
    if (name.compare(0, kRemaining.size(), kRemaining) != 0) continue;
    if (name.size() == kRemaining.size()) kinds.insert("");
    if (name.size() > kRemaining.size() + 1 && name[kRemaining.size()] == '-') {
      kinds.insert(name.substr(kRemaining.size() + 1));
    }
  }
  return kinds;
}

std::optional<milliseconds> reset_of(const net::HttpResult& answer, const std::string& kind,
                                     std::chrono::system_clock::time_point now) {
  const auto text = answer.header(named(kReset, kind));
  return text ? parse_reset(*text, now) : std::nullopt;
}

}  // namespace

std::optional<milliseconds> parse_reset(std::string_view text,
                                        std::chrono::system_clock::time_point now) {
  const double now_s = std::chrono::duration<double>(now.time_since_epoch()).count();
  if (const auto moment = iso_8601(text)) return in_bounds(*moment - now_s);
  double seconds = 0;
  bool any = false;
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    if (text.empty() && !any) {
      constexpr double kYear2001_s = 1e9;
      if (*number >= 1000 * kYear2001_s) return in_bounds(*number / 1000 - now_s);
      return in_bounds(*number >= kYear2001_s ? *number - now_s : *number);
    }
    const auto unit_s = take_unit(text);
    if (!unit_s) return std::nullopt;
    seconds += *number * *unit_s;
    any = true;
  }
  return any ? in_bounds(seconds) : std::nullopt;
}

double AnnouncedLimits::of(const Mark& mark, std::string_view kind) {
  return kind.substr(0, 6) == "tokens" ? mark.tokens : mark.requests;
}

AnnouncedLimits::Mark AnnouncedLimits::spend(double tokens) {
  spent_.requests += 1;
  spent_.tokens += tokens;
  return spent_;
}

void AnnouncedLimits::heard(const net::HttpResult& answer, const Mark& mark, Clock::time_point now,
                            std::chrono::system_clock::time_point wall_now) {
  for (const std::string& kind : kinds_of(answer)) {
    const auto remaining = number_of(answer, named(kRemaining, kind));
    const auto reset = reset_of(answer, kind, wall_now);
    if (!remaining || !reset) continue;
    Window& window = windows_[kind.empty() ? std::string(kRequests) : kind];
    const bool refused = answer.status == 429 && *remaining <= 0;
    if (refused && window.until > now && of(mark, kind) > window.ceiling) window.fixed = true;
    // Answers overtake each other: what was sent last knows most.
    if (mark.requests < window.mark.requests) continue;
    const double limit = number_of(answer, named(kLimit, kind)).value_or(0);
    const double reset_s = std::chrono::duration<double>(*reset).count();
    window.mark = mark;
    window.limit = limit;
    // A refused request was not counted by the endpoint.
    window.ceiling = of(mark, kind) + std::max(0.0, *remaining);
    window.refill = limit > *remaining && reset_s > 0 ? (limit - *remaining) / reset_s : 0;
    window.from = now;
    window.until = now + *reset;
  }
}

AnnouncedLimits::Clock::time_point AnnouncedLimits::ready_at(const std::string& kind,
                                                             const Window& window, double tokens,
                                                             Clock::time_point now) const {
  if (window.until <= now) return now;
  const double need = kind.substr(0, 6) == "tokens" ? tokens : 1;
  const double over = of(spent_, kind) + need - window.ceiling;
  if (over <= 0) return now;
  if (window.fixed || window.refill <= 0) return window.until;
  const auto wait = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(over / window.refill));
  return std::min(window.until, window.from + wait);
}

AnnouncedLimits::Clock::time_point AnnouncedLimits::ready_at(double tokens,
                                                             Clock::time_point now) const {
  Clock::time_point latest = now;
  for (const auto& [kind, window] : windows_) {
    latest = std::max(latest, ready_at(kind, window, tokens, now));
  }
  return latest;
}

std::string AnnouncedLimits::holding(double tokens, Clock::time_point now) const {
  std::string holder;
  Clock::time_point latest = now;
  for (const auto& [kind, window] : windows_) {
    const auto at = ready_at(kind, window, tokens, now);
    if (at <= latest) continue;
    latest = at;
    holder = kind;
  }
  return holder;
}

}  // namespace rare::llm
