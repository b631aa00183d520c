// What goes into a transfer and what comes out of it. Values; no thread-safety of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rare::net {

struct HttpCall {
  std::string url;
  std::string method = "POST";  // POST or GET
  std::string body;
  std::vector<std::string> headers;  // "Name: value"
  std::int64_t connect_timeout_ms = 30'000;
  std::int64_t timeout_ms = 1'800'000;  // of the whole transfer; 0: none
  // Give up when fewer than `low_speed_bytes` a second come for this long; 0: never. A reply that
  // is thought about for minutes before its first byte needs 0.
  std::int64_t low_speed_s = 0;
  std::int64_t low_speed_bytes = 1;
  std::size_t max_body_bytes = 64U << 20;
};

enum class TransferFailure {
  none,           // a whole reply came, whatever its status
  no_connection,  // nothing listens there, or the name is unknown
  timeout,
  cut,        // the connection ended before the reply did
  untrusted,  // the server's certificate is not accepted
  too_large,  // more than max_body_bytes
  cancelled,
  other,
};

struct HttpResult {
  TransferFailure failure = TransferFailure::none;
  std::string error;  // what libcurl says about the failure
  int status = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  double seconds = 0;                                        // from start to end of the transfer

  // The header's value (name in lower case), or nothing.
  std::optional<std::string_view> header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return std::nullopt;
  }
};

}  // namespace rare::net
