// Sockets that a run listens at, closed with their owner. No program that it starts inherits one.
// Thread-safety: values.
#pragma once

#include <string>
#include <utility>

#include "rare/status.h"

namespace rare::engine {

// Where pages are served: an address of this machine and a port of it.
struct NetworkPlace {
  std::string host = "127.0.0.1";  // IPv4 or IPv6, in numbers, or "localhost"
  int port = 0;                    // 0: a free one

  // Whether only this machine reaches it.
  bool is_loopback() const;
  // "127.0.0.1:8080", "[::1]:8080"
  std::string text() const;
};
// "8080", "0.0.0.0:8080", "[::]:8080". Refused with what was expected.
Result<NetworkPlace> network_place(const std::string& text);

class Listening {
 public:
  // The message begins with the port.
  static Result<Listening> on_network(const NetworkPlace& place);
  // At a file in `folder`, which whoever may enter the folder can connect to; one that a killed
  // process left is replaced. REQUIRES: no other process listens there (it holds the folder).
  static Result<Listening> in_folder(const std::string& folder, const std::string& name);

  Listening(Listening&& from) noexcept
      : descriptor_(std::exchange(from.descriptor_, -1)), port_(from.port_) {}
  Listening& operator=(Listening&& from) noexcept {
    std::swap(descriptor_, from.descriptor_);
    std::swap(port_, from.port_);
    return *this;
  }
  ~Listening();

  int port() const { return port_; }  // 0 of one in a folder
  int release() { return std::exchange(descriptor_, -1); }

 private:
  Listening(int descriptor, int port) : descriptor_(descriptor), port_(port) {}
  int descriptor_;
  int port_;
};

// How a client reaches what Listening::in_folder() made: a path that is short enough for a socket's
// address however deep the folder is, for as long as this lives.
class SocketPath {
 public:
  SocketPath(const std::string& folder, const std::string& name);
  ~SocketPath();
  SocketPath(const SocketPath&) = delete;
  SocketPath& operator=(const SocketPath&) = delete;
  bool is_there() const { return folder_ >= 0; }  // else errno says why the folder cannot be opened
  const std::string& path() const { return path_; }

 private:
  const int folder_;
  const std::string path_;
};

}  // namespace rare::engine
