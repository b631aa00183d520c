#include "engine/observe/listening.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>

namespace rare::engine {
namespace {

struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
};

std::optional<SocketAddress> address_of(const NetworkPlace& place) {
  const std::string& host = place.host == "localhost" ? NetworkPlace().host : place.host;
  const auto port = htons(static_cast<std::uint16_t>(place.port));
  SocketAddress address;
  sockaddr_in four{};
  if (::inet_pton(AF_INET, host.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = port;
    std::memcpy(&address.bytes, &four, sizeof four);
    address.size = sizeof four;
    return address;
  }
  sockaddr_in6 six{};
  if (::inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = port;
    std::memcpy(&address.bytes, &six, sizeof six);
    address.size = sizeof six;
    return address;
  }
  return std::nullopt;
}

// A socket at the address, or -1 with errno set.
int listening_at(const SocketAddress& address) {
  const int one = 1;
  const int made = ::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (made < 0) return -1;
  // An earlier run's connections may linger at a port for a minute.
  if (::setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
      // A file takes the mode that the socket has by then.
      (address.bytes.ss_family != AF_UNIX || ::fchmod(made, 0600) == 0) &&
      ::bind(made, address.get(), address.size) == 0 && ::listen(made, SOMAXCONN) == 0) {
    return made;
  }
  const int error = errno;
  ::close(made);
  errno = error;
  return -1;
}

int port_of(int listening) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size);
  sockaddr_in four;
  sockaddr_in6 six;
  if (address.ss_family == AF_INET) {
    std::memcpy(&four, &address, sizeof four);
    return ntohs(four.sin_port);
  }
  std::memcpy(&six, &address, sizeof six);
  return ntohs(six.sin6_port);
}

Status bad_place(const std::string& text) {
  return Status(StatusCode::invalid_argument,
                "expected PORT (of 127.0.0.1) or ADDRESS:PORT, as 8080, 0.0.0.0:8080 or [::]:8080, "
                "with an address in numbers and a port from 0 (any that is free) to 65535; got '" +
                    text + "'");
}

}  // namespace

bool NetworkPlace::is_loopback() const {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

std::string NetworkPlace::text() const {
  const bool six = host.find(':') != std::string::npos;
  return (six ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<NetworkPlace> network_place(const std::string& text) {
  NetworkPlace place;
  std::string_view port = text;
  if (const std::size_t colon = text.rfind(':'); colon != std::string::npos) {
    port.remove_prefix(colon + 1);
    place.host = text.substr(0, colon);
    if (place.host.starts_with('[') && place.host.ends_with(']')) {
      place.host = place.host.substr(1, place.host.size() - 2);
    } else if (place.host.find(':') != std::string::npos) {
      return bad_place(text);
    }
  }
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), place.port);
  const bool is_port = error == std::errc() && end == port.data() + port.size() &&
                       place.port >= 0 && place.port <= 65535;
  if (!is_port || !address_of(place)) return bad_place(text);
  return place;
}

Result<Listening> Listening::on_network(const NetworkPlace& place) {
  const std::optional<SocketAddress> address = address_of(place);
  if (!address) return bad_place(place.text());
  if (const int made = listening_at(*address); made >= 0) return Listening(made, port_of(made));
  const int error = errno;
  const std::string where = "port " + std::to_string(place.port) + " of " + place.host + " ";
  if (error == EADDRINUSE) {
    return Status(StatusCode::invalid_argument,
                  where + "is in use by another program: name another one, or 0 for any free one");
  }
  return Status(StatusCode::invalid_argument,
                where + "cannot be listened at: " + std::system_category().message(error));
}

Result<Listening> Listening::in_folder(const std::string& folder, const std::string& name) {
  const SocketPath path(folder, name);
  SocketAddress address;
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  if (path.is_there() && path.path().size() < sizeof local.sun_path) {
    path.path().copy(local.sun_path, sizeof local.sun_path - 1);
    std::memcpy(&address.bytes, &local, sizeof local);
    address.size = sizeof local;
    ::unlink(local.sun_path);
    if (const int made = listening_at(address); made >= 0) return Listening(made, 0);
  }
  return Status(StatusCode::unavailable, folder + "/" + name + " cannot be listened at: " +
                                             std::system_category().message(errno));
}

Listening::~Listening() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

SocketPath::SocketPath(const std::string& folder, const std::string& name)
    : folder_(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
      path_("/proc/self/fd/" + std::to_string(folder_) + "/" + name) {}

SocketPath::~SocketPath() {
  if (folder_ >= 0) ::close(folder_);
}

}  // namespace rare::engine
