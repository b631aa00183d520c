#include "plugins/llm/endpoint_pool.h"

#include <algorithm>

#include "plugins/llm/endpoint_answer.h"
#include "plugins/llm/endpoint_url.h"

namespace rare::llm {
namespace {

// A gateway says 502, 503 or 504 of single calls, too. Where half of them get one, so many in a row
// come once in a million calls.
constexpr int kGatewayAnswersInARow = 20;

}  // namespace

EndpointPool::EndpointPool(const std::vector<std::string>& urls, milliseconds first_rest,
                           milliseconds longest_rest)
    : first_rest_(first_rest), longest_rest_(std::max(first_rest, longest_rest)) {
  for (const std::string& url : urls) {
    Endpoint endpoint;
    endpoint.url = url;
    endpoint.name = endpoint_name(url);
    endpoints_.push_back(std::move(endpoint));
  }
}

std::optional<EndpointPool::Visit> EndpointPool::begin(double tokens, Clock::time_point now) {
  Endpoint* best = nullptr;
  for (Endpoint& endpoint : endpoints_) {
    if (ready_at(endpoint, tokens, now) > now) continue;
    // One that is back from a rest is tried before the others get more.
    const bool better =
        best == nullptr || (best->rest.count() == 0 &&
                            (endpoint.rest.count() > 0 || endpoint.in_flight < best->in_flight));
    if (better) best = &endpoint;
  }
  if (best == nullptr) return std::nullopt;
  ++best->in_flight;
  Visit visit;
  visit.endpoint = static_cast<std::size_t>(best - endpoints_.data());
  visit.number = ++best->begun;
  visit.mark = best->limits.spend(tokens);
  visit.is_trial = best->on_trial = best->rest.count() > 0;
  return visit;
}

void EndpointPool::end(const Visit& visit, const net::HttpResult& result, Clock::time_point now) {
  Endpoint& endpoint = endpoints_[visit.endpoint];
  --endpoint.in_flight;
  if (visit.is_trial) endpoint.on_trial = false;
  if (visit.number <= endpoint.begun_before_row) --endpoint.older_in_flight;
  if (result.failure == net::TransferFailure::cancelled) return;
  endpoint.refused = result.failure == net::TransferFailure::no_connection;
  if (met_nobody(result)) {
    count_nobody(endpoint);
    const bool by_gateway =
        endpoint.nobody_in_a_row >= kGatewayAnswersInARow && endpoint.older_in_flight == 0;
    const bool gone = endpoint.refused || by_gateway;
    // Those that went out before the rest began say nothing new.
    // What went out before the rest began says nothing new.
    const bool news = visit.is_trial || (gone && endpoint.rest.count() == 0);
    if (news && first_rest_.count() > 0) leave_alone(endpoint, now);
    return;
  }
  if (result.failure != net::TransferFailure::none) {
    // Cut or timed out: somebody may be there. A trial stays open until somebody answers.
    if (visit.is_trial) leave_alone(endpoint, now);
    return;
  }
  endpoint.nobody_in_a_row = endpoint.older_in_flight = 0;
  endpoint.begun_before_row = 0;
  endpoint.rest = milliseconds(0);
  endpoint.limits.heard(result, visit.mark, now, std::chrono::system_clock::now());
}

void EndpointPool::count_nobody(Endpoint& endpoint) {
  if (++endpoint.nobody_in_a_row > 1) return;
  endpoint.begun_before_row = endpoint.begun;
  endpoint.older_in_flight = endpoint.in_flight;
}

void EndpointPool::leave_alone(Endpoint& endpoint, Clock::time_point now) const {
  endpoint.rest =
      endpoint.rest.count() == 0 ? first_rest_ : std::min(longest_rest_, 2 * endpoint.rest);
  endpoint.rests_until = now + endpoint.rest;
}

EndpointPool::Clock::time_point EndpointPool::ready_at(const Endpoint& endpoint, double tokens,
                                                       Clock::time_point now) const {
  if (endpoint.on_trial) return Clock::time_point::max();
  const auto rested = endpoint.rest.count() > 0 ? endpoint.rests_until : now;
  return std::max(rested, endpoint.limits.ready_at(tokens, now));
}

EndpointPool::Clock::time_point EndpointPool::ready_at(double tokens, Clock::time_point now) const {
  Clock::time_point earliest = Clock::time_point::max();
  for (const Endpoint& endpoint : endpoints_) {
    earliest = std::min(earliest, ready_at(endpoint, tokens, now));
  }
  return earliest;
}

void EndpointPool::move_to(const std::string& url) {
  Endpoint moved;
  moved.url = url;
  moved.name = endpoint_name(url);
  for (const Endpoint& endpoint : endpoints_) moved.in_flight += endpoint.in_flight;
  endpoints_.assign(1, moved);
}

bool EndpointPool::all_gone() const {
  return std::all_of(endpoints_.begin(), endpoints_.end(),
                     [](const Endpoint& endpoint) { return endpoint.rest.count() > 0; });
}

bool EndpointPool::all_refused() const {
  return std::all_of(endpoints_.begin(), endpoints_.end(),
                     [](const Endpoint& endpoint) { return endpoint.refused; });
}

std::string EndpointPool::holding(double tokens, Clock::time_point now) const {
  for (const Endpoint& endpoint : endpoints_) {
    std::string holder = endpoint.limits.holding(tokens, now);
    if (!holder.empty()) return holder;
  }
  return {};
}

}  // namespace rare::llm
