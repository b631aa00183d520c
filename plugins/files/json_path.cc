#include "json_path.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "rare/json.h"

namespace rare::files {
namespace {

// A name behind a dot, or a JSON string in brackets; takes it off the path.
std::optional<std::string> take_name(std::string_view& path) {
  if (path.starts_with('.')) {
    path.remove_prefix(1);
    const std::size_t size = std::min(path.find_first_of(".["), path.size());
    std::string name(path.substr(0, size));
    path.remove_prefix(size);
    if (name.empty() || name.find('*') != std::string::npos) return std::nullopt;
    return name;
  }
  if (!path.starts_with("[\"")) return std::nullopt;
  const std::size_t end = path.find("\"]");
  if (end == std::string_view::npos) return std::nullopt;
  Json name = Json::parse(path.substr(1, end), nullptr, false);
  if (!name.is_string()) return std::nullopt;
  path.remove_prefix(end + 2);
  return name.get<std::string>();
}

}  // namespace

Result<std::vector<std::string>> parse_json_path(std::string_view path) {
  std::vector<std::string> names;
  std::string_view rest = path;
  if (rest.starts_with('$')) rest.remove_prefix(1);
  while (!rest.empty()) {
    const std::size_t at = path.size() - rest.size();
    std::optional<std::string> name = take_name(rest);
    if (!name) {
      return Status(
          StatusCode::invalid_argument,
          "expected names alone, as in $.data.items or $[\"data\"], came something else at "
          "character " +
              std::to_string(at + 1) + " of " + std::string(path));
    }
    names.push_back(std::move(*name));
  }
  return names;
}

}  // namespace rare::files
