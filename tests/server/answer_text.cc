#include "answer_text.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "rare/random.h"

namespace rare::testing {
namespace {

constexpr std::array<std::string_view, 64> kWords = {
    "signal",   "river",    "gradient", "mineral",    "orbit",    "enzyme",   "ledger",
    "canopy",   "polymer",  "treaty",   "voltage",    "sediment", "rhythm",   "lattice",
    "harvest",  "current",  "membrane", "archive",    "friction", "dialect",  "pressure",
    "cluster",  "mortar",   "spectrum", "migration",  "tariff",   "catalyst", "glacier",
    "kernel",   "vaccine",  "turbine",  "manuscript", "slowly",   "often",    "rarely",
    "together", "directly", "beneath",  "against",    "within",   "shapes",   "limits",
    "explains", "follows",  "measures", "replaces",   "absorbs",  "predicts", "narrow",
    "distant",  "stable",   "hidden",   "common",     "early",    "dense",    "uneven",
    "because",  "although", "whenever", "while",      "so",       "unless",   "until",
    "whereas"};

constexpr std::array<std::string_view, 6> kOpenings = {
    "Why would an engineer expect that",      "How does one decide whether",
    "Which observation would show that",      "What follows in practice when",
    "Under which conditions is it true that", "How could a student explain why"};

void append_words(std::string& text, Random& random, int words) {
  for (int i = 0; i < words; ++i) {
    text += ' ';
    text += kWords[random.below(kWords.size())];
  }
}

// Null: none.
const Json* member_of(const Json& schema, const char* name) {
  const auto at = schema.find(name);
  return at == schema.end() ? nullptr : &*at;
}

// Of several, the first.
std::string type_of(const Json& schema, bool has_properties) {
  const Json* type = member_of(schema, "type");
  if (type == nullptr) return has_properties ? "object" : "string";
  return (type->is_array() ? type->at(0) : *type).get<std::string>();
}

}  // namespace

std::string text_of(std::uint64_t seed, int words) {
  Random random(seed);
  std::string text;
  for (int left = words; left > 0;) {
    const int length = left < 20 ? left : 12;
    const std::size_t space = text.size();
    append_words(text, random, length);
    text[space + 1] = static_cast<char>(text[space + 1] - 'a' + 'A');
    text += '.';
    left -= length;
  }
  return text.erase(0, 1);
}

std::string question_of(std::uint64_t seed) {
  Random random(seed);
  std::string text(kOpenings[random.below(kOpenings.size())]);
  append_words(text, random, 8);
  return text + "?";
}

Json value_for(const Json& schema, std::uint64_t seed, const std::string& name) {
  if (const Json* value = member_of(schema, "const")) return *value;
  if (const Json* values = member_of(schema, "enum")) return (*values)[seed % values->size()];
  const Json* properties = member_of(schema, "properties");
  const std::string type = type_of(schema, properties != nullptr);
  if (type == "object") {
    Json object = Json::object();
    if (properties == nullptr) return object;
    for (const auto& [key, sub] : properties->items()) {
      object[key] = value_for(sub, derive_seed(seed, key, "property"), key);
    }
    return object;
  }
  if (type == "array") {
    Json list = Json::array();
    const Json* items = member_of(schema, "items");
    const std::uint64_t count = schema.value("minItems", std::uint64_t{1});
    for (std::uint64_t i = 0; i < count; ++i) {
      list.push_back(value_for(items == nullptr ? Json::object() : *items, seed + i, name));
    }
    return list;
  }
  if (type == "integer") {
    const int least = schema.value("minimum", 0);
    const int range = std::max(1, schema.value("maximum", least + 4) - least + 1);
    return least + static_cast<int>(seed % static_cast<std::uint64_t>(range));
  }
  if (type == "number") return schema.value("minimum", 0.0) + static_cast<double>(seed % 5) / 10;
  if (type == "boolean") return seed % 2 == 0;
  if (type == "null") return nullptr;
  return name.find("question") != std::string::npos ? question_of(seed) : text_of(seed, 14);
}

}  // namespace rare::testing
