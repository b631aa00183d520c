// Users and passwords in URLs: what no message and no file may show.
#pragma once

#include <string>
#include <string_view>

namespace rare::engine {

// "user:password" of the URL that `text` is, or empty. A view into `text`.
inline std::string_view url_user(std::string_view text) {
  const std::size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return {};
  const std::size_t begin = scheme_end + 3;
  const std::string_view authority = text.substr(begin, text.find_first_of("/?#", begin) - begin);
  const std::size_t end = authority.rfind('@');
  return end == std::string_view::npos ? std::string_view() : authority.substr(0, end);
}

// The URL with *** in their place; any other text as it is.
inline std::string without_url_user(const std::string& text) {
  const std::string_view user = url_user(text);
  if (user.empty()) return text;
  std::string result = text;
  return result.replace(static_cast<std::size_t>(user.data() - text.data()), user.size(), "***");
}

}  // namespace rare::engine
