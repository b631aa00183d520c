// Bytes in JSON, which holds text alone: those that are not UTF-8 stand as base64 (RFC 4648) beside
// a null.
// Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string>

namespace rare::engine {

std::string base64(const std::string& bytes);
// What base64() was given; nothing of a text that it cannot have made.
std::optional<std::string> bytes_of_base64(const std::string& text);
bool is_utf8(const std::string& bytes);

}  // namespace rare::engine
