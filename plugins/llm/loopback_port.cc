#include "plugins/llm/loopback_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <sstream>
#include <string>

namespace rare::llm {
namespace {

// As /proc/net/tcp and tcp6 write them.
constexpr char kListening[] = "0A";
constexpr char kLoopback6[] = "00000000000000000000000001000000";
constexpr char kMapped4[] = "0000000000000000FFFF0000";

bool is_loopback(const std::string& address) {
  // The last byte of the four comes first: 127.0.0.1 is 0100007F.
  if (address.size() == 8) return address.ends_with("7F");
  return address == kLoopback6 || (address.starts_with(kMapped4) && address.ends_with("7F"));
}

}  // namespace

int free_loopback_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  int port = 0;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    port = ntohs(address.sin_port);
  }
  close(fd);
  return port;
}

bool listens_beyond_loopback(int port) {
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream file(table);
    std::string line;
    std::getline(file, line);  // names of the columns
    while (std::getline(file, line)) {
      std::istringstream columns(line);
      std::string number, local, remote, state;
      columns >> number >> local >> remote >> state;
      const std::size_t colon = local.find(':');
      if (state != kListening || colon == std::string::npos) continue;
      int listening = 0;
      std::from_chars(local.data() + colon + 1, local.data() + local.size(), listening, 16);
      if (listening == port && !is_loopback(local.substr(0, colon))) return true;
    }
  }
  return false;
}

}  // namespace rare::llm
