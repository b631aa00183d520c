// What goes into a transfer and what comes out of it. Values; no thread-safety of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rare::net {

// Takes in a body that comes in pieces (text/event-stream). Called on the loop's thread.
class BodyReader {
 public:
  enum class Read {
    progress,   // something came
    heartbeat,  // a sign of life alone
    too_large,  // more than the reader keeps: ends the transfer
  };
  virtual ~BodyReader() = default;
  virtual Read read(std::string_view bytes) = 0;
};

struct HttpCall {
  std::string url;
  std::string method = "POST";       // POST, GET, PUT or DELETE
  std::string body;                  // of POST and PUT
  std::vector<std::string> headers;  // "Name: value"
  // A file of certificates (PEM) to trust; empty: those of the system.
  std::string ca_file;
  std::int64_t connect_timeout_ms = 30'000;
  std::int64_t timeout_ms = 1'800'000;  // of the whole transfer; 0: none
  // Give up when fewer than `low_speed_bytes` a second come for this long; 0: never. A reply that
  // is thought about for minutes before its first byte needs 0.
  std::int64_t low_speed_s = 0;
  std::int64_t low_speed_bytes = 1;
  std::size_t max_body_bytes = 64U << 20;
  // Gets the body in the place of HttpResult::body when the reply is an event stream with status
  // 200.
  std::shared_ptr<BodyReader> reader;
  // Give up when the reader makes no progress for this long after its first; 0: never.
  std::int64_t stall_ms = 0;
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
  bool streamed = false;                                     // HttpCall::reader has the body
  double first_piece_s = 0;  // from start to the reader's first progress

  // The header's value (name in lower case), or nothing.
  std::optional<std::string_view> header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return std::nullopt;
  }
};

}  // namespace rare::net
