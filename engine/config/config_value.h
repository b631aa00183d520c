// A value of a pipeline file after merging and substitution: JSON with the place it came from.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/config/diagnostics.h"
#include "rare/json.h"

namespace rare::engine {

class ConfigValue {
 public:
  enum class Kind { null, scalar, sequence, map };

  // In the source file, where the type is complete: it holds pairs of itself.
  ConfigValue();
  ConfigValue(const ConfigValue&);
  ConfigValue(ConfigValue&&) noexcept;
  ConfigValue& operator=(const ConfigValue&);
  ConfigValue& operator=(ConfigValue&&) noexcept;
  ~ConfigValue();

  Kind kind = Kind::null;
  Location where;
  // scalar: as YAML's core schema reads a plain one (integer, number, boolean), text when quoted.
  Json scalar;
  // scalar: exactly as written, for parameters that are text ("model: 7" is the text "7").
  std::string text;
  // scalar: written in quotes or as a block, or tagged !!str; stays text whatever it looks like.
  bool quoted = false;
  // An error about this value has been reported: what is wrong with it besides is not worth saying.
  bool reported = false;
  std::vector<ConfigValue> items;                            // sequence
  std::vector<std::pair<std::string, ConfigValue>> entries;  // map, in file order
  std::vector<Location> entry_locations;                     // of each entry's key
  // Folder that relative input paths are resolved against: that of the file that names them.
  std::string folder;

  const ConfigValue* find(std::string_view key) const;
  ConfigValue* find(std::string_view key);
  // Location of the entry's key; of the map when there is no such entry.
  Location key_location(std::string_view key) const;
  // The whole value without locations.
  Json to_json() const;
  // For messages: "the text 'many'", "the integer 0", "a list", "a map", "nothing".
  std::string describe() const;

  // A map's entry, added or replaced.
  void set(std::string key, Location key_location, ConfigValue value);
  void erase(std::string_view key);
};

}  // namespace rare::engine
