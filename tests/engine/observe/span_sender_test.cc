#include "engine/observe/span_sender.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "catch.h"

using namespace rare::engine;

namespace {

// Takes connections, and never says anything on them.
class SilentServer {
 public:
  SilentServer() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, generic, size) != 0 || ::listen(socket_, 8) != 0 ||
        ::getsockname(socket_, generic, &size) != 0) {
      throw std::runtime_error("no port");
    }
    port_ = ntohs(address.sin_port);
  }
  ~SilentServer() { ::close(socket_); }
  TraceTarget target() const {
    TraceTarget target;
    target.url = "http://127.0.0.1:" + std::to_string(port_) + "/v1/traces";
    target.timeout = std::chrono::minutes(10);
    return target;
  }

 private:
  int socket_;
  int port_ = 0;
};

std::vector<Span> spans(std::size_t count) {
  std::vector<Span> some(count);
  for (Span& span : some) span.id = 1;
  return some;
}

}  // namespace

TEST_CASE("a collector that does not answer holds nobody up, and each lost span is counted") {
  const SilentServer server;
  SpanSender sender(server.target(), "1", {.waiting = 600, .close = std::chrono::milliseconds(50)});
  for (int i = 0; i < 40; ++i) sender.add(spans(100));
  const auto begin = std::chrono::steady_clock::now();
  const SpanSender::Account account = sender.close();
  // It would be ten minutes.
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::minutes(2));
  CHECK(account.sent == 0);
  CHECK(account.no_room + account.not_taken == 4000);
  CHECK(account.no_room >= 4000 - 600 - SpanSender::kMostTogether);
  CHECK(account.not_taken > 0);
}

TEST_CASE("a sender that is dropped without being closed ends at once") {
  const SilentServer server;
  SpanSender sender(server.target(), "1");
  sender.add(spans(SpanSender::kMostTogether));
}
