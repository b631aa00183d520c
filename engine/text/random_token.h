// Names that nobody can guess and nobody draws twice.
#pragma once

#include <sys/random.h>

#include <array>
#include <string>

#include "rare/status.h"

namespace rare::engine {

// 128 bits of the system's random source as 32 lower-case hexadecimal digits. Any thread.
inline Result<std::string> random_token() {
  std::array<unsigned char, 16> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return Status::run_fault(StatusCode::internal, "the system gives no random bytes");
  }
  constexpr char kDigits[] = "0123456789abcdef";
  std::string token;
  for (const unsigned char byte : bytes) token += {kDigits[byte >> 4], kDigits[byte & 15]};
  return token;
}

}  // namespace rare::engine
