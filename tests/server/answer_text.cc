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

}  // namespace

std::string text_of(std::uint64_t seed, int words) {
  Random random(seed);
  std::string text;
  for (int left = words; left > 0;) {
    const int length = left < 20 ? left : 12;
    std::string sentence;
    append_words(sentence, random, length);
    sentence.erase(0, 1);
    sentence[0] = static_cast<char>(sentence[0] - 'a' + 'A');
    if (!text.empty()) text += ' ';
    text += sentence + ".";
    left -= length;
  }
  return text;
}

std::string question_of(std::uint64_t seed) {
  Random random(seed);
  std::string text(kOpenings[random.below(kOpenings.size())]);
  append_words(text, random, 8);
  return text + "?";
}

Json value_for(const Json& schema, std::uint64_t seed, const std::string& name) {
  if (schema.contains("const")) return schema["const"];
  if (schema.contains("enum")) return schema["enum"][seed % schema["enum"].size()];
  Json type = schema.value("type", Json(schema.contains("properties") ? "object" : "string"));
  if (type.is_array()) type = type.at(0);
  if (type == "object") {
    Json object = Json::object();
    const Json properties = schema.value("properties", Json::object());
    for (const auto& [key, sub] : properties.items()) {
      object[key] = value_for(sub, derive_seed(seed, key, "property"), key);
    }
    return object;
  }
  if (type == "array") {
    Json list = Json::array();
    const std::uint64_t count = schema.value("minItems", std::uint64_t{1});
    for (std::uint64_t i = 0; i < count; ++i) {
      list.push_back(value_for(schema.value("items", Json::object()), seed + i, name));
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
