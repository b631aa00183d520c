#include "plugins/llm/endpoint_pool.h"

#include <chrono>
#include <vector>

#include "catch.h"

using namespace rare::llm;
using rare::net::HttpResult;
using rare::net::TransferFailure;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

using Steady = EndpointPool::Clock;
const Steady::time_point kBegin{seconds(1'000)};

HttpResult answered(int status = 200) {
  HttpResult result;
  result.status = status;
  return result;
}

HttpResult failed(TransferFailure failure) {
  HttpResult result;
  result.failure = failure;
  return result;
}

EndpointPool pool_of(int endpoints) {
  std::vector<std::string> urls;
  for (int i = 0; i < endpoints; ++i) {
    urls.push_back("http://host" + std::to_string(i) + "/v1/chat/completions");
  }
  return EndpointPool(urls, seconds(1), seconds(4));
}

}  // namespace

TEST_CASE("calls go where the fewest are in flight") {
  EndpointPool pool = pool_of(3);
  std::vector<EndpointPool::Visit> visits;
  for (std::size_t i = 0; i < 6; ++i) {
    visits.push_back(*pool.begin(1, kBegin));
    CHECK(visits.back().endpoint == i % 3);
  }
  pool.end(visits[4], answered(), kBegin);
  CHECK(pool.begin(1, kBegin)->endpoint == 1);
}

TEST_CASE("an endpoint that refuses connections is left alone, tried, and brought back") {
  EndpointPool pool = pool_of(2);
  const auto first = *pool.begin(1, kBegin);
  pool.end(first, failed(TransferFailure::no_connection), kBegin);
  CHECK(pool.is_gone(0));
  CHECK_FALSE(pool.all_gone());
  for (int i = 0; i < 5; ++i) CHECK(pool.begin(1, kBegin)->endpoint == 1);

  auto now = kBegin + seconds(1);
  auto trial = *pool.begin(1, now);
  CHECK(trial.endpoint == 0);
  CHECK(trial.is_trial);
  CHECK(pool.begin(1, now)->endpoint == 1);  // one trial at a time
  pool.end(trial, failed(TransferFailure::no_connection), now);
  CHECK(pool.begin(1, now + milliseconds(1'999))->endpoint == 1);

  now += seconds(2);  // the second rest is twice as long
  trial = *pool.begin(1, now);
  CHECK(trial.endpoint == 0);
  pool.end(trial, answered(), now);
  CHECK_FALSE(pool.is_gone(0));
  CHECK(pool.begin(1, now)->endpoint == 0);
}

TEST_CASE("rests have a longest length") {
  EndpointPool pool = pool_of(1);
  auto now = kBegin;
  pool.end(*pool.begin(1, now), failed(TransferFailure::no_connection), now);
  for (const int rest_s : {1, 2, 4, 4, 4}) {
    CHECK(pool.all_gone());
    CHECK(pool.ready_at(1, now) == now + seconds(rest_s));
    CHECK_FALSE(pool.begin(1, now).has_value());
    now += seconds(rest_s);
    const auto trial = *pool.begin(1, now);
    CHECK(pool.ready_at(1, now) == Steady::time_point::max());
    pool.end(trial, failed(TransferFailure::cut), now);
  }
}

TEST_CASE("a call that was on its way when the endpoint went does not lengthen the rest") {
  EndpointPool pool = pool_of(1);
  const auto one = *pool.begin(1, kBegin), two = *pool.begin(1, kBegin);
  pool.end(one, failed(TransferFailure::no_connection), kBegin);
  pool.end(two, failed(TransferFailure::no_connection), kBegin);
  CHECK(pool.ready_at(1, kBegin) == kBegin + seconds(1));
}

TEST_CASE("an answer to a call from before brings the endpoint back") {
  EndpointPool pool = pool_of(1);
  const auto one = *pool.begin(1, kBegin), two = *pool.begin(1, kBegin);
  pool.end(one, failed(TransferFailure::no_connection), kBegin);
  pool.end(two, answered(429), kBegin);
  CHECK_FALSE(pool.all_gone());
}

TEST_CASE("a gateway that finds nobody is believed after many answers in a row") {
  EndpointPool pool = pool_of(1);
  for (int i = 0; i < 19; ++i) pool.end(*pool.begin(1, kBegin), answered(503), kBegin);
  CHECK_FALSE(pool.all_gone());
  pool.end(*pool.begin(1, kBegin), answered(200), kBegin);
  for (int i = 0; i < 20; ++i) {
    CHECK_FALSE(pool.all_gone());
    pool.end(*pool.begin(1, kBegin), answered(502), kBegin);
  }
  CHECK(pool.all_gone());
}

TEST_CASE("a gateway that still works on older calls is busy, not gone") {
  EndpointPool pool = pool_of(1);
  const auto accepted = *pool.begin(1, kBegin);
  for (int i = 0; i < 100; ++i) pool.end(*pool.begin(1, kBegin), answered(503), kBegin);
  CHECK_FALSE(pool.all_gone());
  pool.end(accepted, answered(504), kBegin);
  CHECK(pool.all_gone());
}

TEST_CASE("without a rest nobody is ever left alone") {
  EndpointPool pool({"http://host/v1/chat/completions"}, milliseconds(0), seconds(4));
  for (int i = 0; i < 100; ++i) {
    pool.end(*pool.begin(1, kBegin), failed(TransferFailure::no_connection), kBegin);
  }
  CHECK(pool.begin(1, kBegin).has_value());
  CHECK(pool.all_refused());
}

TEST_CASE("one endpoint's announced limit leaves the others their calls") {
  EndpointPool pool = pool_of(2);
  HttpResult used_up = answered();
  used_up.headers = {{"x-ratelimit-remaining-requests", "0"}, {"x-ratelimit-reset-requests", "9s"}};
  const auto first = *pool.begin(1, kBegin);
  pool.end(first, used_up, kBegin);
  for (int i = 0; i < 3; ++i) CHECK(pool.begin(1, kBegin)->endpoint == 1);
  CHECK(pool.holding(1, kBegin) == "requests");
}
