#include "engine/observe/http_pages.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "catch.h"
#include "engine/observe/metrics_endpoint.h"

using namespace rare::engine;
using rare::Result;

namespace {

class Client {
 public:
  explicit Client(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;

  void send(const std::string& text) const {
    REQUIRE(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(text.size()));
  }
  // All that comes until the server ends the connection.
  std::string rest() const {
    std::string text;
    char piece[4096];
    for (ssize_t size; (size = ::recv(socket_, piece, sizeof piece, 0)) > 0;) {
      text.append(piece, static_cast<std::size_t>(size));
    }
    return text;
  }

 private:
  const int socket_;
};

Listening here(int port = 0) {
  Result<Listening> at = Listening::on_network({.port = port});
  REQUIRE(at);
  return std::move(*at);
}

std::unique_ptr<HttpPages> one_page() {
  auto pages = HttpPages::open(
      here(), {{"/page", [](const HttpRequest& request) {
                  return HttpPage{
                      "text/x", "for " + request.header("Accept") + request.argument("a"), 200, {}};
                }}});
  REQUIRE(pages);
  return std::move(*pages);
}

std::string answer(const HttpPages& pages, const std::string& line, const std::string& more = {}) {
  const Client client(pages.port());
  client.send(line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + more + "\r\n");
  return client.rest();
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a page comes with its type, and sees what the client takes") {
  const auto pages = one_page();
  const std::string text = answer(*pages, "GET /page?a=b%20c", "Accept: all\r\n");
  CHECK(text.starts_with("HTTP/1.1 200 "));
  CHECK(holds(text, "Content-Type: text/x\r\n"));
  CHECK(text.ends_with("\r\n\r\nfor allb c"));
  CHECK(answer(*pages, "HEAD /page").ends_with("\r\n\r\n"));
}

TEST_CASE("other paths and methods are refused, with what there is") {
  const auto pages = one_page();
  const std::string missing = answer(*pages, "GET /");
  CHECK(missing.starts_with("HTTP/1.1 404 "));
  CHECK(missing.ends_with("there is\n/page\n"));
  const std::string post = answer(*pages, "POST /page", "Content-Length: 0\r\n");
  CHECK(post.starts_with("HTTP/1.1 405 "));
  CHECK(holds(post, "Allow: GET, HEAD\r\n"));
}

TEST_CASE("a page that cannot be made costs its client the connection, and nobody else anything") {
  const auto pages = HttpPages::open(
      here(),
      {{"/bad", [](const HttpRequest&) -> HttpPage { throw std::runtime_error("no page"); }}});
  REQUIRE(pages);
  CHECK(answer(**pages, "GET /bad") == "");
  CHECK(answer(**pages, "GET /other").starts_with("HTTP/1.1 404 "));
}

TEST_CASE("a client that says nothing, or half of it, holds nobody") {
  auto pages = one_page();
  const Client silent(pages->port()), half(pages->port());
  half.send("GET /pa");
  CHECK(answer(*pages, "GET /page").starts_with("HTTP/1.1 200 "));
  pages.reset();  // returns
  CHECK(half.rest() == "");
}

TEST_CASE("a port that another has is refused by its number") {
  const auto pages = one_page();
  const auto second = Listening::on_network({.port = pages->port()});
  REQUIRE_FALSE(second);
  CHECK(second.status().message() ==
        "port " + std::to_string(pages->port()) +
            " of 127.0.0.1 is in use by another program: name another one, or 0 for any free one");
}

TEST_CASE("an endpoint shows a run for as long as it is told to") {
  const Result<std::unique_ptr<MetricsEndpoint>> opened = MetricsEndpoint::open(0, "1.2.3");
  REQUIRE(opened);
  MetricsEndpoint& endpoint = **opened;
  const std::string url = endpoint.url();
  const int port = std::stoi(url.substr(url.rfind(':') + 1));
  const auto scrape = [&] {
    const Client client(port);
    client.send("GET /metrics HTTP/1.0\r\n\r\n");
    return client.rest();
  };
  CHECK_FALSE(holds(scrape(), "rare_run_info"));
  endpoint.show([] { return RunMetrics{"rare", "7f", {}}; });
  CHECK(holds(scrape(), "rare_run_info{name=\"rare\",run_id=\"7f\"} 1\n"));
  endpoint.hide();
  CHECK_FALSE(holds(scrape(), "rare_run_info"));
}
