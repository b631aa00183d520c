#include "engine/observe/http_pages.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <exception>
#include <system_error>
#include <utility>

namespace rare::engine {
namespace {

// Who neither asks nor reads for so long is dropped; so many may be connected at once.
constexpr unsigned kIdle_s = 10;
constexpr unsigned kMostConnections = 64;

MHD_Result reply(MHD_Connection* connection, unsigned status, HttpPage page,
                 const char* allowed = nullptr) {
  MHD_Response* const response =
      MHD_create_response_from_buffer(page.body.size(), page.body.data(), MHD_RESPMEM_MUST_COPY);
  if (response == nullptr) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, page.content_type.c_str());
  if (allowed != nullptr) MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allowed);
  const MHD_Result queued = MHD_queue_response(connection, status, response);
  MHD_destroy_response(response);
  return queued;
}

HttpPage plain(std::string text) { return {"text/plain; charset=utf-8", std::move(text)}; }

// A socket that no program started by this one inherits, or why there is none.
Result<int> listening_socket(int port) {
  const int one = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  // An earlier run's connections may linger at the port for a minute.
  if (made >= 0 && ::setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
      ::bind(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::listen(made, SOMAXCONN) == 0) {
    return made;
  }
  const int error = errno;
  if (made >= 0) ::close(made);
  const std::string place = "port " + std::to_string(port) + " of 127.0.0.1 ";
  if (error == EADDRINUSE) {
    return Status(StatusCode::invalid_argument,
                  place + "is in use by another program: name another one, or 0 for any free one");
  }
  return Status(StatusCode::invalid_argument,
                place + "cannot be listened at: " + std::system_category().message(error));
}

int port_of(int listening) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

}  // namespace

struct HttpPages::Server {
  std::map<std::string, Make> pages;
  MHD_Daemon* daemon = nullptr;

  MHD_Result answer(MHD_Connection* connection, const char* url, std::string_view method) const {
    const auto page = pages.find(url);
    if (page == pages.end()) {
      std::string there;
      for (const auto& [path, make] : pages) there += path + "\n";
      return reply(connection, MHD_HTTP_NOT_FOUND, plain("not here; there is\n" + there));
    }
    if (method != MHD_HTTP_METHOD_GET && method != MHD_HTTP_METHOD_HEAD) {
      return reply(connection, MHD_HTTP_METHOD_NOT_ALLOWED, plain("expected GET\n"), "GET, HEAD");
    }
    const char* const accept =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
    return reply(connection, MHD_HTTP_OK, page->second(accept == nullptr ? "" : accept));
  }

  // Called when the head of a request is there, for each piece of its body (dropped), and at its
  // end.
  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url,
                               const char* method, const char*, const char*, size_t* body_size,
                               void** request) {
    static char seen;
    if (*request == nullptr) {
      *request = &seen;
      return MHD_YES;
    }
    if (*body_size > 0) {
      *body_size = 0;
      return MHD_YES;
    }
    try {
      return static_cast<const Server*>(self)->answer(connection, url, method);
    } catch (const std::exception&) {
      return MHD_NO;  // drops the connection
    }
  }
};

HttpPages::HttpPages(std::unique_ptr<Server> server, int port)
    : server_(std::move(server)), port_(port) {}

HttpPages::~HttpPages() { MHD_stop_daemon(server_->daemon); }

Result<std::unique_ptr<HttpPages>> HttpPages::open(int port, std::map<std::string, Make> pages) {
  const Result<int> listening = listening_socket(port);
  if (!listening) return listening.status();
  const int bound = port_of(*listening);
  auto server = std::make_unique<Server>();
  server->pages = std::move(pages);
  server->daemon = MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD | MHD_USE_ITC, 0, nullptr, nullptr,
                                    &Server::on_request, server.get(), MHD_OPTION_LISTEN_SOCKET,
                                    *listening, MHD_OPTION_CONNECTION_TIMEOUT, kIdle_s,
                                    MHD_OPTION_CONNECTION_LIMIT, kMostConnections, MHD_OPTION_END);
  if (server->daemon == nullptr) {
    ::close(*listening);
    return Status(StatusCode::internal,
                  "port " + std::to_string(bound) + " of 127.0.0.1: its server cannot be started");
  }
  return std::unique_ptr<HttpPages>(new HttpPages(std::move(server), bound));
}

}  // namespace rare::engine
