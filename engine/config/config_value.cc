#include "engine/config/config_value.h"

#include "engine/text/utf8.h"

namespace rare::engine {

ConfigValue::ConfigValue() = default;
ConfigValue::ConfigValue(const ConfigValue&) = default;
ConfigValue::ConfigValue(ConfigValue&&) noexcept = default;
ConfigValue& ConfigValue::operator=(const ConfigValue&) = default;
ConfigValue& ConfigValue::operator=(ConfigValue&&) noexcept = default;
ConfigValue::~ConfigValue() = default;

const ConfigValue* ConfigValue::find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name == key) return &value;
  }
  return nullptr;
}

ConfigValue* ConfigValue::find(std::string_view key) {
  return const_cast<ConfigValue*>(std::as_const(*this).find(key));
}

Location ConfigValue::key_location(std::string_view key) const {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].first == key) return entry_locations[i];
  }
  return where;
}

Json ConfigValue::to_json() const {
  switch (kind) {
    case Kind::null:
      return nullptr;
    case Kind::scalar:
      return scalar;
    case Kind::sequence: {
      Json list = Json::array();
      for (const ConfigValue& item : items) list.push_back(item.to_json());
      return list;
    }
    case Kind::map: {
      Json object = Json::object();
      for (const auto& [name, value] : entries) object[name] = value.to_json();
      return object;
    }
  }
  return nullptr;
}

std::string ConfigValue::describe() const {
  switch (kind) {
    case Kind::null:
      return "nothing";
    case Kind::sequence:
      return "a list";
    case Kind::map:
      return "a map";
    case Kind::scalar:
      break;
  }
  if (scalar.is_boolean()) return "the boolean " + text;
  if (scalar.is_number_integer()) return "the integer " + text;
  if (scalar.is_number()) return "the number " + text;
  constexpr std::size_t kShown = 60;
  if (text.size() <= kShown) return "the text '" + text + "'";
  return "the text '" + std::string(beginning_of(text, kShown)) + "...'";
}

void ConfigValue::set(std::string key, Location key_location, ConfigValue value) {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].first != key) continue;
    entries[i].second = std::move(value);
    entry_locations[i] = std::move(key_location);
    return;
  }
  entries.emplace_back(std::move(key), std::move(value));
  entry_locations.push_back(std::move(key_location));
}

void ConfigValue::erase(std::string_view key) {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].first != key) continue;
    entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(i));
    entry_locations.erase(entry_locations.begin() + static_cast<std::ptrdiff_t>(i));
    return;
  }
}

}  // namespace rare::engine
