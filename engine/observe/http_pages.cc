#include "engine/observe/http_pages.h"

#include <microhttpd.h>
#include <unistd.h>

#include <exception>
#include <utility>

namespace rare::engine {
namespace {

// Who neither asks nor reads for so long is dropped; so many may be connected at once.
constexpr unsigned kIdle_s = 10;
constexpr unsigned kMostConnections = 64;

MHD_Result reply(MHD_Connection* connection, const HttpPage& page) {
  // Only read: the copy is the library's.
  MHD_Response* const response = MHD_create_response_from_buffer(
      page.body.size(), const_cast<char*>(page.body.data()), MHD_RESPMEM_MUST_COPY);
  if (response == nullptr) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, page.content_type.c_str());
  for (const auto& [name, value] : page.headers) {
    MHD_add_response_header(response, name.c_str(), value.c_str());
  }
  const MHD_Result queued = MHD_queue_response(connection, page.status, response);
  MHD_destroy_response(response);
  return queued;
}

HttpPage plain(unsigned status, std::string text) {
  return {"text/plain; charset=utf-8", std::move(text), status, {}};
}

MHD_Result add_argument(void* request, MHD_ValueKind, const char* name, const char* value) {
  static_cast<HttpRequest*>(request)->arguments[name] = value == nullptr ? "" : value;
  return MHD_YES;
}

HttpRequest request_of(MHD_Connection* connection, const char* path) {
  HttpRequest request;
  request.path = path;
  MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_argument, &request);
  for (const char* const name : HttpRequest::kHeaders) {
    const char* const value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    if (value != nullptr) request.headers[name] = value;
  }
  return request;
}

std::string value_or_empty(const std::map<std::string, std::string>& values,
                           const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? std::string() : found->second;
}

}  // namespace

std::string HttpRequest::header(const std::string& name) const {
  return value_or_empty(headers, name);
}

std::string HttpRequest::argument(const std::string& name) const {
  return value_or_empty(arguments, name);
}

struct HttpPages::Server {
  Pages pages;
  Refuse refuse;
  MHD_Daemon* daemon = nullptr;

  HttpPage page_for(const HttpRequest& request, std::string_view method) const {
    if (refuse) {
      if (std::optional<HttpPage> refused = refuse(request)) return std::move(*refused);
    }
    const auto page = pages.find(request.path);
    if (page == pages.end()) {
      std::string there;
      for (const auto& [path, make] : pages) there += path + "\n";
      return plain(MHD_HTTP_NOT_FOUND, "not here; there is\n" + there);
    }
    if (method != MHD_HTTP_METHOD_GET && method != MHD_HTTP_METHOD_HEAD) {
      HttpPage refused = plain(MHD_HTTP_METHOD_NOT_ALLOWED, "expected GET\n");
      refused.headers = {{MHD_HTTP_HEADER_ALLOW, "GET, HEAD"}};
      return refused;
    }
    return page->second(request);
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
      const auto& server = *static_cast<const Server*>(self);
      return reply(connection, server.page_for(request_of(connection, url), method));
    } catch (const std::exception&) {
      return MHD_NO;  // drops the connection
    }
  }
};

HttpPages::HttpPages(std::unique_ptr<Server> server, int port)
    : server_(std::move(server)), port_(port) {}

HttpPages::~HttpPages() { MHD_stop_daemon(server_->daemon); }

Result<std::unique_ptr<HttpPages>> HttpPages::open(Listening at, Pages pages, Refuse refuse) {
  const int port = at.port();
  auto server = std::make_unique<Server>();
  server->pages = std::move(pages);
  server->refuse = std::move(refuse);
  const int listening = at.release();
  server->daemon = MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD | MHD_USE_ITC, 0, nullptr, nullptr,
                                    &Server::on_request, server.get(), MHD_OPTION_LISTEN_SOCKET,
                                    listening, MHD_OPTION_CONNECTION_TIMEOUT, kIdle_s,
                                    MHD_OPTION_CONNECTION_LIMIT, kMostConnections, MHD_OPTION_END);
  if (server->daemon == nullptr) {
    ::close(listening);
    return Status(StatusCode::internal,
                  "port " + std::to_string(port) + ": its server cannot be started");
  }
  return std::unique_ptr<HttpPages>(new HttpPages(std::move(server), port));
}

}  // namespace rare::engine
