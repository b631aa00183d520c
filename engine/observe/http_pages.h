// A few pages over HTTP, for programs and people on this machine. libmicrohttpd underneath: one
// thread for all clients, which waits for none of them.
// Thread-safety: one thread; pages are made on the server's own.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "rare/status.h"

namespace rare::engine {

struct HttpPage {
  std::string content_type;
  std::string body;
};

class HttpPages {
 public:
  // `accept` is what the client says that it takes, or empty.
  using Make = std::function<HttpPage(std::string_view accept)>;

  // Answers GET and HEAD of these paths at 127.0.0.1:`port`, which nobody else on the network
  // reaches; of 0 the system chooses a free one. Refused where the port cannot be had; the message
  // begins with the port.
  static Result<std::unique_ptr<HttpPages>> open(int port, std::map<std::string, Make> pages);
  // Drops the connections that there are, whatever their clients do.
  ~HttpPages();
  HttpPages(const HttpPages&) = delete;

  int port() const { return port_; }

 private:
  struct Server;
  HttpPages(std::unique_ptr<Server> server, int port);

  std::unique_ptr<Server> server_;
  const int port_;
};

}  // namespace rare::engine
