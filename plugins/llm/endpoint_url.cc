#include "plugins/llm/endpoint_url.h"

#include <cctype>
#include <string_view>

namespace rare::llm {
namespace {

// Whether a segment of the path names a version: v1, v2, v1beta.
bool names_version(std::string_view path) {
  for (std::size_t at = path.find("/v"); at != std::string_view::npos;
       at = path.find("/v", at + 1)) {
    if (at + 2 < path.size() && std::isdigit(static_cast<unsigned char>(path[at + 2]))) return true;
  }
  return false;
}

// The URL as messages may show it: *** for what stands before an @, with a scheme or without one.
std::string without_user(const std::string& url) {
  const std::size_t scheme_end = url.find("://");
  const std::size_t host_at = scheme_end == std::string::npos ? 0 : scheme_end + 3;
  const std::size_t user_end = url.rfind('@');
  if (user_end == std::string::npos || user_end < host_at) return url;
  return url.substr(0, host_at) + "***" + url.substr(user_end);
}

}  // namespace

Result<std::string> chat_completions_url(const std::string& base_url) {
  std::string url = base_url;
  const std::size_t scheme_end = url.find("://");
  const std::string scheme = url.substr(0, scheme_end == std::string::npos ? 0 : scheme_end);
  if (scheme != "http" && scheme != "https") {
    return Status(
        StatusCode::invalid_argument,
        "\"" + without_user(base_url) + "\" is no URL: expected http://HOST... or https://HOST...");
  }
  if (scheme_end + 3 == url.size() || url[scheme_end + 3] == '/') {
    return Status(StatusCode::invalid_argument, "\"" + without_user(base_url) + "\" names no host");
  }
  while (url.ends_with('/')) url.pop_back();
  if (url.ends_with("/chat/completions")) return url;
  const std::size_t path_at = url.find('/', scheme_end + 3);
  const bool versioned =
      path_at != std::string::npos && names_version(std::string_view(url).substr(path_at));
  return url + (versioned ? "/chat/completions" : "/v1/chat/completions");
}

std::string endpoint_name(const std::string& url) {
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string::npos) return "the endpoint";
  const std::size_t host_at = scheme_end + 3;
  std::string host = url.substr(host_at, url.find_first_of("/?#", host_at) - host_at);
  const std::size_t user_end = host.rfind('@');
  if (user_end != std::string::npos) host.erase(0, user_end + 1);
  return url.substr(0, host_at) + host;
}

}  // namespace rare::llm
