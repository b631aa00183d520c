#include "engine/state/difference.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>

namespace rare::engine {
namespace {

using Text = std::optional<std::string>;  // a value as text; nothing: not set

constexpr std::size_t kShown = 60;   // bytes of a value
constexpr std::size_t kBefore = 20;  // of these, before the first difference

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

// At most kShown bytes from shortly before `differs`, cut between characters.
std::string shortened(const std::string& text, std::size_t differs) {
  if (text.size() <= kShown) return text;
  std::size_t begin = differs > kBefore ? differs - kBefore : 0;
  begin = std::min(begin, text.size() - kShown);
  while (begin > 0 && continues_character(text[begin])) --begin;
  std::size_t end = std::min(begin + kShown, text.size());
  while (end < text.size() && continues_character(text[end])) ++end;
  return (begin > 0 ? "..." : "") + text.substr(begin, end - begin) +
         (end < text.size() ? "..." : "");
}

std::string shown(const Text& value, std::size_t differs) {
  return value ? shortened(*value, differs) : "not set";
}

std::size_t first_difference(const Text& before, const Text& now) {
  if (!before || !now) return 0;
  const auto length = std::min(before->size(), now->size());
  std::size_t at = 0;
  while (at < length && (*before)[at] == (*now)[at]) ++at;
  return at;
}

Text text_of(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::nullopt;
  return found->dump(-1, ' ', false, Json::error_handler_t::replace);
}

using Name = std::function<std::string(const std::string& key)>;

std::string itself(const std::string& key) { return key; }

// The flattened key "/0/size" as people read it: by the `path` of the element, where it has one.
std::string place_of(const std::string& key, const Json& before, const Json& now) {
  if (!key.starts_with('/')) return key;
  const std::size_t slash = key.rfind('/');
  const std::string member = key.substr(slash + 1);
  const Json::json_pointer path(key.substr(0, slash) + "/path");
  for (const Json* whole : {&before, &now}) {
    if (member == "path" || !whole->contains(path) || !whole->at(path).is_string()) continue;
    return whole->at(path).get<std::string>() + ", " + member;
  }
  return key.substr(1);
}

std::string object_difference(const Json& before, const Json& now, std::size_t limit,
                              const Name& name) {
  std::map<std::string, int> keys;
  for (const auto& [key, value] : before.items()) keys[key] = 0;
  for (const auto& [key, value] : now.items()) keys[key] = 0;
  std::string lines;
  std::size_t count = 0;
  for (const auto& [key, unused] : keys) {
    const Text old_value = text_of(before, key);
    const Text new_value = text_of(now, key);
    if (old_value == new_value || ++count > limit) continue;
    const std::size_t differs = first_difference(old_value, new_value);
    if (!lines.empty()) lines += "\n";
    lines += "  " + name(key) + ": was " + shown(old_value, differs) + ", now " +
             shown(new_value, differs);
  }
  if (count > limit) lines += "\n  and " + std::to_string(count - limit) + " more";
  return lines;
}

}  // namespace

std::string differing_keys(const Json& before, const Json& now, std::size_t limit) {
  if (!before.is_object() || !now.is_object()) return differing_paths(before, now, limit);
  return object_difference(before, now, limit, itself);
}

std::string differing_settings(const Json& before, Json now, const Json& defaults) {
  for (const auto& [key, value] : defaults.items()) {
    const auto found = now.find(key);
    if (found != now.end() && *found == value && !before.contains(key)) now.erase(found);
  }
  return differing_keys(before, now);
}

std::string differing_paths(const Json& before, const Json& now, std::size_t limit) {
  if (before == now) return "";
  if (before.is_structured() && now.is_structured()) {
    const std::string lines =
        object_difference(before.flatten(), now.flatten(), limit,
                          [&](const std::string& key) { return place_of(key, before, now); });
    // Flattened, an empty list and an empty object look alike.
    if (!lines.empty()) return lines;
  }
  return object_difference({{"value", before}}, {{"value", now}}, limit, itself);
}

}  // namespace rare::engine
