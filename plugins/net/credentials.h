// Credentials as they travel, and texts without them.
#pragma once

#include <string>
#include <vector>

namespace rare::net {

// As `Authorization: Basic` carries it (RFC 4648, section 4).
std::string base64_of(const std::string& text);

// `text` with *** in the place of each of the secrets, in their order. None of them is empty.
std::string without_secrets(std::string text, const std::vector<std::string>& secrets);

}  // namespace rare::net
