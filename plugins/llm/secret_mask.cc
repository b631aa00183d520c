#include "plugins/llm/secret_mask.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "plugins/llm/json_text.h"
#include "plugins/net/credentials.h"

namespace rare::llm {
namespace {

constexpr std::size_t kShortestSecret = 6;

// user:password of the URL as it stands there, or empty.
std::string user_info(const std::string& url) {
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string::npos) return {};
  const std::size_t begin = scheme_end + 3;
  const std::string authority = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  const std::size_t end = authority.rfind('@');
  return end == std::string::npos ? std::string() : authority.substr(0, end);
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const char* digits = text.data() + i + 1;
    const bool is_code = text[i] == '%' && i + 2 < text.size() &&
                         std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2;
    decoded += is_code ? static_cast<char>(value) : text[i];
    if (is_code) i += 2;
  }
  return decoded;
}

}  // namespace

SecretMask::SecretMask(const ChatOptions& options) {
  add(options.api_key);
  for (const std::string& header : options.headers) {
    const std::string value = header.substr(std::min(header.find(": ") + 2, header.size()));
    add(value);
    add(value.substr(value.find(' ') + 1));  // behind "Bearer" or "Basic"
  }
  for (const std::string& url : options.endpoints) {
    const std::string info = user_info(url);
    if (info.empty()) continue;
    add(info);
    add(info.substr(info.find(':') + 1));
    const std::string plain = percent_decoded(info);
    add(plain);
    add(plain.substr(plain.find(':') + 1));
    add(net::base64_of(plain));  // as `Authorization: Basic` carries it
  }
  std::sort(secrets_.begin(), secrets_.end(), [](const std::string& a, const std::string& b) {
    return std::pair(b.size(), a) < std::pair(a.size(), b);
  });
  secrets_.erase(std::unique(secrets_.begin(), secrets_.end()), secrets_.end());
}

void SecretMask::add(const std::string& secret) {
  if (secret.size() < kShortestSecret) return;
  secrets_.push_back(secret);
  // As JSON has it, and as servers that escape slashes, too, write it there.
  const std::string quoted = dump_json(secret);
  secrets_.push_back(quoted.substr(1, quoted.size() - 2));
  std::string slashed;
  for (const char c : secrets_.back()) slashed += c == '/' ? std::string("\\/") : std::string(1, c);
  secrets_.push_back(std::move(slashed));
}

std::string SecretMask::hidden(std::string text) const {
  return net::without_secrets(std::move(text), secrets_);
}

}  // namespace rare::llm
