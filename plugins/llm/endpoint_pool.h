// EndpointPool: the endpoints of one service, and which of them gets the next call.
//
// - The one with the fewest calls in flight, of those that take calls now.
// - One that is gone is left alone for a while, twice as long each time; then a single call tries
//   it, and an answer brings it back (a circuit breaker: Nygard, Release It!, 2007). Gone is where
//   nobody listens, and a gateway that says so of everything it was asked for a while; one that
//   works on older calls meanwhile is busy, which the limit of calls in flight sees to.
// - What an endpoint announces of its rate limits is obeyed: AnnouncedLimits.
//
// Thread-safety: one thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/llm/announced_limits.h"
#include "plugins/net/http_types.h"

namespace rare::llm {

class EndpointPool {
 public:
  using Clock = std::chrono::steady_clock;
  using milliseconds = std::chrono::milliseconds;

  // How long an endpoint that is gone is left alone at first and at most; 0: it never is.
  EndpointPool(const std::vector<std::string>& urls, milliseconds first_rest,
               milliseconds longest_rest);

  // One call's stay at an endpoint.
  struct Visit {
    std::size_t endpoint = 0;
    std::uint64_t number = 0;  // of those at this endpoint
    AnnouncedLimits::Mark mark;
    bool is_trial = false;  // of an endpoint that was gone
  };
  // A call of about so many tokens goes out; nothing when no endpoint takes one now.
  std::optional<Visit> begin(double tokens, Clock::time_point now);
  // It came back.
  void end(const Visit& visit, const net::HttpResult& result, Clock::time_point now);
  // The earliest moment at which begin() could succeed without an end() before; the largest time
  // there is when there is none.
  Clock::time_point ready_at(double tokens, Clock::time_point now) const;

  // The only endpoint is another one from here on; what is in flight stays counted.
  void move_to(const std::string& url);

  const std::string& url(std::size_t endpoint) const { return endpoints_[endpoint].url; }
  const std::string& name(std::size_t endpoint) const { return endpoints_[endpoint].name; }
  // Whether the endpoint is being left alone, or tried.
  bool is_gone(std::size_t endpoint) const { return endpoints_[endpoint].rest.count() > 0; }
  bool all_gone() const;
  // Whether at each of them the last call met nobody at all.
  bool all_refused() const;
  // Which announced limit holds a call up ("tokens"); empty when none does.
  std::string holding(double tokens, Clock::time_point now) const;

 private:
  struct Endpoint {
    std::string url;
    std::string name;  // for messages
    int in_flight = 0;
    std::uint64_t begun = 0;  // calls
    bool refused = false;     // its last transfer found nobody there
    int nobody_in_a_row = 0;
    // When that row began: calls that had begun, and how many of them are still in flight.
    std::uint64_t begun_before_row = 0;
    int older_in_flight = 0;
    milliseconds rest{0};  // the present one's length; 0: it takes calls
    Clock::time_point rests_until{};
    bool on_trial = false;
    AnnouncedLimits limits;
  };
  Clock::time_point ready_at(const Endpoint& endpoint, double tokens, Clock::time_point now) const;
  static void count_nobody(Endpoint& endpoint);
  void leave_alone(Endpoint& endpoint, Clock::time_point now) const;

  const milliseconds first_rest_, longest_rest_;
  std::vector<Endpoint> endpoints_;
};

}  // namespace rare::llm
