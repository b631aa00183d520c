// A few pages over HTTP, for programs and people. libmicrohttpd underneath: one thread for all
// clients, which waits for none of them.
// Thread-safety: one thread; pages are made on the server's own.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/observe/listening.h"
#include "rare/status.h"

namespace rare::engine {

struct HttpRequest {
  std::string path;                              // "/metrics"
  std::map<std::string, std::string> arguments;  // what stands behind `?`, decoded
  std::map<std::string, std::string> headers;    // of those below, where the client sends them
  static constexpr const char* kHeaders[] = {"Accept", "Host"};

  std::string header(const std::string& name) const;    // empty: none
  std::string argument(const std::string& name) const;  // empty: none
};

struct HttpPage {
  std::string content_type;
  std::string body;
  unsigned status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // more of them
};

class HttpPages {
 public:
  using Make = std::function<HttpPage(const HttpRequest&)>;
  using Pages = std::map<std::string, Make>;  // by path
  // What a request gets instead of a page; nothing: the page.
  using Refuse = std::function<std::optional<HttpPage>(const HttpRequest&)>;

  // Answers GET and HEAD of these paths.
  static Result<std::unique_ptr<HttpPages>> open(Listening at, Pages pages, Refuse refuse = {});
  // Drops the connections that there are, whatever their clients do.
  ~HttpPages();
  HttpPages(const HttpPages&) = delete;
  HttpPages& operator=(const HttpPages&) = delete;

  int port() const { return port_; }

 private:
  struct Server;
  HttpPages(std::unique_ptr<Server> server, int port);

  std::unique_ptr<Server> server_;
  const int port_;
};

}  // namespace rare::engine
