// Bytes in JSON, which holds text alone: those that are not UTF-8 stand as base64 (RFC 4648) beside
// a null.
// Thread-safety: pure functions.
#pragma once

#include <string>

namespace rare::engine {

std::string base64(const std::string& bytes);
bool is_utf8(const std::string& bytes);

}  // namespace rare::engine
