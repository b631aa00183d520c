// AnnouncedLimits: what an endpoint says in its answers' x-ratelimit-* headers about how many
// requests and tokens it still takes, held against what was sent since.
//
// Headers: x-ratelimit-{limit,remaining,reset}-KIND, where KIND is requests or tokens, alone or
// with a span behind it (requests-day, tokens-minute); without a KIND they are about requests. A
// reset is a duration (6m0s, 120ms), a number of seconds, or a point in time (seconds or
// milliseconds since 1970, ISO 8601). What cannot be read is as if it were not there.
//
// An answer speaks of the moment when its request came in; what was sent behind that request is
// taken off. Between an answer and its reset the allowance is taken to grow evenly, as in a token
// bucket, until the endpoint refuses what was sent on that belief: from then on its windows are
// taken to be fixed, and nothing is sent before they end.
//
// Thread-safety: one thread at a time.
#pragma once

#include <chrono>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/net/http_types.h"

namespace rare::llm {

// The duration that a reset header says, from `now` on; nothing when it cannot be read.
std::optional<std::chrono::milliseconds> parse_reset(std::string_view text,
                                                     std::chrono::system_clock::time_point now);

class AnnouncedLimits {
 public:
  using Clock = std::chrono::steady_clock;

  // How much was sent in all when a request went out, itself included.
  struct Mark {
    double requests = 0, tokens = 0;
  };

  // One request of about so many tokens goes out.
  Mark spend(double tokens);
  // The answer to the request that went out at `mark`, with its headers.
  void heard(const net::HttpResult& answer, const Mark& mark, Clock::time_point now,
             std::chrono::system_clock::time_point wall_now);
  // When a request of about so many tokens may go out; at or before `now`: now.
  Clock::time_point ready_at(double tokens, Clock::time_point now) const;
  // Which limit holds such a request up, for messages ("requests-day"); empty when none does.
  std::string holding(double tokens, Clock::time_point now) const;

 private:
  struct Window {
    Mark mark;           // of the request whose answer said this
    double limit = 0;    // 0: not said
    double ceiling = 0;  // of all that was ever sent: what may be sent before the window ends
    double refill = 0;   // units a second
    Clock::time_point from, until;
    bool fixed = false;
  };
  static double of(const Mark& mark, std::string_view kind);
  Clock::time_point ready_at(const std::string& kind, const Window& window, double tokens,
                             Clock::time_point now) const;

  Mark spent_;
  std::map<std::string, Window> windows_;  // by KIND
};

}  // namespace rare::llm
