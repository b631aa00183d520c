#include "plugins/net/http_loop.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <vector>

#include "catch.h"
#include "http_server.h"

namespace {

using rare::net::HttpCall;
using rare::net::HttpLoop;
using rare::net::HttpResult;
using rare::net::TransferFailure;
using rare::testing::HttpRequest;
using rare::testing::HttpResponse;
using rare::testing::HttpServer;

HttpResult fetch(HttpLoop& loop, HttpCall call) {
  auto answer = std::make_shared<std::promise<HttpResult>>();
  auto result = answer->get_future();
  loop.start(std::move(call), [answer](HttpResult r) { answer->set_value(std::move(r)); });
  return result.get();
}

HttpCall call_to(const std::string& url, std::string body = "x") {
  HttpCall call;
  call.url = url;
  call.body = std::move(body);
  return call;
}

}  // namespace

TEST_CASE("a transfer carries method, headers and body, and brings status, headers and body") {
  std::string seen_method, seen_expect, seen_header;
  HttpServer server([&](const HttpRequest& request, HttpServer::Reply reply) {
    seen_method = request.method;
    seen_expect = request.header("expect");
    seen_header = request.header("x-test");
    HttpResponse response;
    response.status = 418;
    response.headers.emplace_back("X-Answer", " 42 ");
    response.body = "got " + std::string(request.body);
    reply.send(response);
  });
  server.start();
  HttpLoop loop(4);
  HttpCall call = call_to(server.url() + "/a", std::string(5000, 'b'));
  call.headers.push_back("X-Test: yes");
  const HttpResult result = fetch(loop, call);
  CHECK(result.failure == TransferFailure::none);
  CHECK(result.status == 418);
  CHECK(result.body == "got " + std::string(5000, 'b'));
  CHECK(result.header("x-answer").value_or("") == "42");
  CHECK(seen_method == "POST");
  CHECK(seen_expect.empty());
  CHECK(seen_header == "yes");
}

TEST_CASE("hundreds of transfers share kept connections and all complete") {
  HttpServer server([](const HttpRequest& request, HttpServer::Reply reply) {
    HttpResponse response;
    response.body = std::string(request.body);
    reply.send(response);
  });
  server.start();
  HttpLoop loop(16);
  constexpr int kCalls = 600, kAtOnce = 16;
  std::vector<std::string> bodies;
  std::promise<void> all_done;
  int started = 0;
  std::function<void()> begin_one = [&] {  // on the loop only
    if (started == kCalls) return;
    loop.start(call_to(server.url(), std::to_string(started++)), [&](HttpResult result) {
      bodies.push_back(result.body);
      begin_one();
      if (bodies.size() == kCalls) all_done.set_value();  // nothing of this test is used after it
    });
  };
  loop.post([&] {
    for (int i = 0; i < kAtOnce; ++i) begin_one();
  });
  all_done.get_future().get();
  std::sort(bodies.begin(), bodies.end());
  CHECK(std::unique(bodies.begin(), bodies.end()) == bodies.end());
  CHECK(server.connections_accepted() <= kAtOnce);
}

TEST_CASE("failures are told apart") {
  HttpServer server([](const HttpRequest& request, HttpServer::Reply reply) {
    HttpResponse response;
    response.body = std::string(4000, 'x');
    if (request.target == "/cut") response.cut_at_share = 0.5;
    if (request.target == "/nothing") response.cut_at_share = 0.0;
    if (request.target != "/silent") reply.send(response);
  });
  server.start();
  HttpLoop loop(4);
  CHECK(fetch(loop, call_to(server.url() + "/cut")).failure == TransferFailure::cut);
  CHECK(fetch(loop, call_to(server.url() + "/nothing")).failure == TransferFailure::cut);
  CHECK(fetch(loop, call_to("http://127.0.0.1:1/")).failure == TransferFailure::no_connection);
  CHECK(fetch(loop, call_to("http://no-such-host.invalid/")).failure ==
        TransferFailure::no_connection);
  HttpCall slow = call_to(server.url() + "/silent");
  slow.timeout_ms = 30;
  CHECK(fetch(loop, slow).failure == TransferFailure::timeout);
  HttpCall small = call_to(server.url() + "/whole");
  small.max_body_bytes = 1000;
  CHECK(fetch(loop, small).failure == TransferFailure::too_large);
  CHECK(fetch(loop, call_to("file:///etc/hostname")).failure == TransferFailure::other);
}

// Handles of libcurl serve one transfer after another.
TEST_CASE("a transfer knows nothing of the one before it") {
  std::string seen;
  HttpServer server([&](const HttpRequest& request, HttpServer::Reply reply) {
    seen = std::string(request.method) + " " + std::string(request.header("x-test")) + " " +
           std::string(request.body);
    if (request.target != "/silent") reply.send(HttpResponse());
  });
  server.start();
  HttpLoop loop(1);
  HttpCall with_body = call_to(server.url() + "/", "body");
  with_body.headers.push_back("X-Test: yes");
  HttpCall bare = call_to(server.url() + "/", "");
  bare.method = "GET";
  HttpCall put = call_to(server.url() + "/", "whole");
  put.method = "PUT";
  HttpCall removal = call_to(server.url() + "/", "");
  removal.method = "DELETE";
  HttpCall hasty = call_to(server.url() + "/silent");
  hasty.timeout_ms = 30;
  for (int round = 0; round < 2; ++round) {
    CHECK(fetch(loop, with_body).status == 200);
    CHECK(seen == "POST yes body");
    CHECK(fetch(loop, put).status == 200);
    CHECK(seen == "PUT  whole");
    CHECK(fetch(loop, removal).status == 200);
    CHECK(seen == "DELETE  ");
    const HttpResult timed_out = fetch(loop, hasty);
    CHECK(timed_out.failure == TransferFailure::timeout);
    CHECK_FALSE(timed_out.error.empty());
    const HttpResult got = fetch(loop, bare);
    CHECK(got.failure == TransferFailure::none);
    CHECK(got.error.empty());
    CHECK(got.status == 200);
    CHECK(seen == "GET  ");
  }
}

TEST_CASE("timers run in the order of their times, tasks in the order of their posting") {
  HttpLoop loop(1);
  std::vector<int> order;
  std::promise<void> done;
  const auto now = HttpLoop::Clock::now();
  loop.schedule(now + std::chrono::milliseconds(30), [&] {
    order.push_back(4);
    done.set_value();
  });
  loop.schedule(now + std::chrono::milliseconds(20), [&] { order.push_back(3); });
  loop.post([&] { order.push_back(1); });
  loop.post([&] { order.push_back(2); });
  done.get_future().get();
  CHECK(order == std::vector<int>{1, 2, 3, 4});
}

TEST_CASE("cancel and stop end every transfer, once") {
  std::atomic<int> arrived = 0;
  std::promise<void> all_there;
  HttpServer server([&](const HttpRequest&, HttpServer::Reply) {
    if (++arrived == 200) all_there.set_value();
  });
  server.start();
  std::atomic<int> cancelled = 0, other = 0;
  const auto count = [&](HttpResult result) {
    ++(result.failure == TransferFailure::cancelled ? cancelled : other);
  };
  bool late_ran = false;
  {
    HttpLoop loop(100);
    for (int i = 0; i < 200; ++i) loop.start(call_to(server.url()), count);
    all_there.get_future().get();
    SECTION("cancel_transfers") {
      loop.cancel_transfers();
      std::promise<void> after;
      loop.post([&] { after.set_value(); });
      after.get_future().get();
      CHECK(cancelled == 200);
    }
    SECTION("stop") { loop.stop(); }
    loop.stop();
    loop.post([&] { late_ran = true; });
    loop.start(call_to(server.url()), count);
  }
  CHECK(cancelled == 200);
  CHECK(other == 0);
  CHECK_FALSE(late_ran);
}

namespace {

// Lines that begin with a colon are heartbeats.
class CollectingReader final : public rare::net::BodyReader {
 public:
  Read read(std::string_view bytes) override {
    text += bytes;
    if (text.size() > most) return Read::too_large;
    return bytes.starts_with(':') ? Read::heartbeat : Read::progress;
  }
  std::string text;
  std::size_t most = 1'000'000;
};

HttpResponse event_stream(std::vector<HttpResponse::Piece> pieces) {
  HttpResponse response;
  response.content_type = "text/event-stream; charset=utf-8";
  response.pieces = std::move(pieces);
  return response;
}

HttpResult fetch_pieces(const HttpResponse& response, std::shared_ptr<CollectingReader> reader,
                        std::int64_t stall_ms) {
  HttpServer server([&](const HttpRequest&, HttpServer::Reply reply) { reply.send(response); });
  server.start();
  HttpLoop loop(4);
  HttpCall call = call_to(server.url() + "/");
  call.reader = std::move(reader);
  call.stall_ms = stall_ms;
  return fetch(loop, std::move(call));
}

using std::chrono::milliseconds;

}  // namespace

TEST_CASE("an event stream goes to its reader, piece by piece; any other body does not") {
  auto reader = std::make_shared<CollectingReader>();
  HttpResult result =
      fetch_pieces(event_stream({{"one ", milliseconds(0)}, {"two", milliseconds(30)}}), reader, 0);
  CHECK(result.failure == TransferFailure::none);
  CHECK(result.streamed);
  CHECK(result.first_piece_s > 0);
  CHECK(result.body.empty());
  CHECK(reader->text == "one two");

  HttpResponse refused = event_stream({});
  refused.status = 400;
  refused.body = "data: no";
  HttpResponse plain;
  plain.body = "{}";
  for (const HttpResponse& response : {refused, plain}) {
    reader = std::make_shared<CollectingReader>();
    result = fetch_pieces(response, reader, 0);
    CHECK_FALSE(result.streamed);
    CHECK(result.body == response.body);
    CHECK(reader->text.empty());
  }
}

TEST_CASE("a stream that began and stands still is given up, whatever heartbeats come") {
  std::vector<HttpResponse::Piece> pieces = {{"first", milliseconds(0)}};
  for (int i = 0; i < 200; ++i) pieces.push_back({": still here\n\n", milliseconds(50)});
  const auto reader = std::make_shared<CollectingReader>();
  const HttpResult result = fetch_pieces(event_stream(pieces), reader, 300);
  CHECK(result.failure == TransferFailure::timeout);
  CHECK(result.error == "the reply began, and then nothing came for 0.300 s");
}

TEST_CASE("before its first piece a stream may take its time, and while it goes on, too") {
  std::vector<HttpResponse::Piece> pieces = {{"first", milliseconds(900)}};
  for (int i = 0; i < 8; ++i) pieces.push_back({"x", milliseconds(100)});
  const auto reader = std::make_shared<CollectingReader>();
  const HttpResult result = fetch_pieces(event_stream(pieces), reader, 600);
  CHECK(result.failure == TransferFailure::none);
  CHECK(reader->text == "firstxxxxxxxx");
}

TEST_CASE("a reader that has enough ends the transfer") {
  const auto reader = std::make_shared<CollectingReader>();
  reader->most = 10;
  const HttpResult result =
      fetch_pieces(event_stream({{std::string(20, 'x'), milliseconds(0)}}), reader, 0);
  CHECK(result.failure == TransferFailure::too_large);
}
