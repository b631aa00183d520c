// Moments as people and other programs read them.
#pragma once

#include <chrono>
#include <ctime>
#include <string>

namespace rare::engine {

// RFC 3339 in UTC, whole seconds: "2026-02-03T04:05:06Z". Any thread.
inline std::string utc_time(std::chrono::system_clock::time_point moment) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(moment);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

// The same with milliseconds: "2026-02-03T04:05:06.789Z".
inline std::string utc_time_ms(std::chrono::system_clock::time_point moment) {
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(moment.time_since_epoch()).count() %
      1000;
  const std::string digits = std::to_string(1000 + ms);
  std::string text = utc_time(moment);
  return text.replace(text.size() - 1, 1, "." + digits.substr(1) + "Z");
}

}  // namespace rare::engine
