#include "json_element.h"

#include <simdjson.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <utility>

#include "byte_reader.h"

namespace rare::files {
namespace {

static_assert(simdjson::SIMDJSON_PADDING <= ByteReader::kPaddingBytes);

struct TooDeep {};

std::string text_of(std::string_view view) { return std::string(view); }

Json convert(simdjson::dom::element element, int depth) {
  using Type = simdjson::dom::element_type;
  switch (element.type()) {
    case Type::OBJECT: {
      if (depth == kMaxNesting) throw TooDeep();
      // Named: value_unsafe() of the temporary refers into it.
      const simdjson::dom::object members = element.get_object().value_unsafe();
      Json::object_t object;
      for (const auto [key, value] : members) {
        object.insert_or_assign(text_of(key), convert(value, depth + 1));
      }
      return Json(std::move(object));
    }
    case Type::ARRAY: {
      if (depth == kMaxNesting) throw TooDeep();
      const simdjson::dom::array items = element.get_array().value_unsafe();
      Json::array_t array;
      array.reserve(items.size());
      for (const simdjson::dom::element item : items) array.push_back(convert(item, depth + 1));
      return Json(std::move(array));
    }
    case Type::STRING:
      return Json(text_of(element.get_string().value_unsafe()));
    case Type::INT64: {
      // nlohmann's parser makes what has no sign unsigned.
      const std::int64_t number = element.get_int64().value_unsafe();
      return number < 0 ? Json(number) : Json(static_cast<std::uint64_t>(number));
    }
    case Type::UINT64:
      return Json(element.get_uint64().value_unsafe());
    case Type::DOUBLE:
      return Json(element.get_double().value_unsafe());
    case Type::BOOL:
      return Json(element.get_bool().value_unsafe());
    case Type::NULL_VALUE:
      break;
  }
  return Json();
}

// Messages end up in JSON files and on terminals: printable ASCII only, and short.
std::string printable(std::string_view text) {
  constexpr std::size_t kMostBytes = 200;
  std::string clean;
  for (const char c : text.substr(0, kMostBytes)) clean += (c >= 0x20 && c < 0x7f) ? c : '?';
  if (text.size() > kMostBytes) clean += "...";
  return clean;
}

// "[json.exception.parse_error.101] parse error at line 1, column 5: syntax error while parsing
// value - unexpected end of input; expected '[', '{', or a literal" is cut to what a user needs.
ParseProblem problem_of(const Json::parse_error& error) {
  ParseProblem problem;
  problem.byte = error.byte > 0 ? error.byte - 1 : 0;
  std::string_view what = error.what();
  const std::size_t context = what.find("syntax error while parsing ");
  if (context != std::string_view::npos) what.remove_prefix(context + 27);
  std::string_view place = "JSON";
  const std::size_t dash = what.find(" - ");
  if (dash != std::string_view::npos) {
    place = what.substr(0, dash);
    what.remove_prefix(dash + 3);
  }
  const std::size_t expected = what.rfind("; expected ");
  const bool names_expected = expected != std::string_view::npos;
  problem.expected = names_expected ? printable(what.substr(expected + 11)) : "well-formed JSON";
  if (names_expected) what = what.substr(0, expected);
  what = what.substr(0, what.find("; last read: "));
  if (what.starts_with("unexpected ")) what.remove_prefix(11);
  problem.came = printable(what) + " (in the " + std::string(place) + ")";
  return problem;
}

ParseProblem too_deep() {
  return {0, "objects and arrays nested at most " + std::to_string(kMaxNesting) + " deep",
          "deeper ones"};
}

const char* kind_of(const Json& value) {
  switch (value.type()) {
    case Json::value_t::array:
      return "an array";
    case Json::value_t::string:
      return "a string";
    case Json::value_t::boolean:
      return "true or false";
    case Json::value_t::null:
      return "null";
    default:
      return "a number";
  }
}

bool shallow(const Json& value, int levels_left) {
  if (!value.is_structured()) return true;
  if (levels_left == 0) return false;
  for (const Json& item : value) {
    if (!shallow(item, levels_left - 1)) return false;
  }
  return true;
}

std::variant<Json, ParseProblem> parse_again(std::string_view text) {
  const std::size_t invalid = first_invalid_utf8(text);
  if (invalid < text.size()) {
    char came[32];
    std::snprintf(came, sizeof(came), "the byte 0x%02x",
                  static_cast<unsigned>(static_cast<unsigned char>(text[invalid])));
    return ParseProblem{invalid, "UTF-8", came};
  }
  // nlohmann takes a NUL byte for the end, and would pass over what follows.
  const std::size_t nul = text.find('\0');
  try {
    Json value = Json::parse(text.substr(0, nul));
    if (nul != std::string_view::npos) return ParseProblem{nul, "JSON", "a NUL byte"};
    if (!nesting_is_allowed(value)) return too_deep();
    return value;
  } catch (const Json::parse_error& error) {
    return problem_of(error);
  } catch (const std::exception&) {
    // The one other thing that nlohmann refuses.
    return ParseProblem{0, "numbers within the range of a 64-bit floating-point number",
                        "a number beyond it"};
  }
}

}  // namespace

struct ElementParser::State {
  simdjson::dom::parser parser;
};

ElementParser::ElementParser() : state_(std::make_unique<State>()) {}
ElementParser::~ElementParser() = default;
ElementParser::ElementParser(ElementParser&&) noexcept = default;

std::variant<Json, ParseProblem> ElementParser::parse_object(std::string_view text) {
  std::variant<Json, ParseProblem> result;
  simdjson::dom::element element;
  const simdjson::error_code error =
      state_->parser.parse(text.data(), text.size(), false).get(element);
  if (error == simdjson::DEPTH_ERROR) return too_deep();
  if (error) {
    result = parse_again(text);
  } else {
    try {
      result = convert(element, 0);
    } catch (const TooDeep&) {
      return too_deep();
    }
  }
  if (const Json* value = std::get_if<Json>(&result); value && !value->is_object()) {
    const std::size_t start = text.find_first_not_of(" \t\r\n");
    return ParseProblem{start == std::string_view::npos ? 0 : start, "a JSON object",
                        kind_of(*value)};
  }
  return result;
}

std::size_t whole_characters(std::string_view text, std::size_t most_bytes) {
  if (text.size() <= most_bytes) return text.size();
  while (most_bytes > 0 && (static_cast<unsigned char>(text[most_bytes]) & 0xC0) == 0x80) {
    --most_bytes;
  }
  return most_bytes;
}

std::size_t first_invalid_utf8(std::string_view text) {
  if (simdjson::validate_utf8(text.data(), text.size())) return text.size();
  const auto byte = [&text](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto follows = [&byte](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
    return byte(i) >= low && byte(i) <= high;
  };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned lead = byte(i);
    if (lead < 0x80) {
      i += 1;
    } else if (lead >= 0xc2 && lead <= 0xdf && follows(i + 1)) {
      i += 2;
    } else if (lead >= 0xe0 && lead <= 0xef && follows(i + 2) &&
               follows(i + 1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf)) {
      i += 3;
    } else if (lead >= 0xf0 && lead <= 0xf4 && follows(i + 2) && follows(i + 3) &&
               follows(i + 1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf)) {
      i += 4;
    } else {
      return i;
    }
  }
  return text.size();
}

bool nesting_is_allowed(const Json& value) { return shallow(value, kMaxNesting); }

}  // namespace rare::files
