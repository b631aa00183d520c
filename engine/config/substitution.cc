#include "engine/config/substitution.h"

#include <cctype>
#include <cstdlib>

#include "engine/config/scalar.h"
#include "engine/text/utf8.h"

namespace rare::engine {
namespace {

bool is_variable_name(std::string_view name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front()))) return false;
  for (char c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_') return false;
  }
  return true;
}

// Where `part` of the scalar stands in its line; the scalar's own place when it is further down.
Location location_of_part(const ConfigValue& value, std::string_view part,
                          const Diagnostics& diagnostics) {
  Location where = value.where;
  std::string_view line = diagnostics.source_line(where.file, where.line);
  int column = 1;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if ((static_cast<unsigned char>(line[i]) & 0xC0) == 0x80) continue;
    if (column >= where.column && line.substr(i).starts_with(part)) {
      where.column = column;
      return where;
    }
    ++column;
  }
  return where;
}

// Appends the value of what stands between ${ and }; false when that is an error (reported).
bool expand(const ConfigValue& value, std::string_view body, std::string& result,
            Diagnostics& diagnostics) {
  std::size_t colon = body.find(':');
  std::string name(body.substr(0, colon));
  Location where = location_of_part(value, "${" + std::string(body) + "}", diagnostics);
  if (body.find("${") != std::string_view::npos) {
    diagnostics.error(where, "a default that holds another ${...}: '${" + std::string(body) + "}'",
                      "defaults are plain texts");
    return false;
  }
  if (!is_variable_name(name)) {
    diagnostics.error(where,
                      "expected the name of an environment variable in '${" + std::string(body) +
                          "}', got '" + name + "'",
                      "for the text itself write $${" + std::string(body) + "}");
    return false;
  }
  if (const char* set = std::getenv(name.c_str()); set != nullptr) {
    if (find_non_text(set) != std::string_view::npos) {
      diagnostics.error(where, "environment variable '" + name +
                                   "' is not UTF-8 text without control characters");
      return false;
    }
    result += set;
  } else if (colon != std::string_view::npos) {
    result += body.substr(colon + 1);
  } else {
    diagnostics.error(where, "environment variable '" + name + "' is not set",
                      "set it, or give a default: ${" + name +
                          ":...} (nothing after the colon: " + "an empty text)");
    return false;
  }
  return true;
}

void substitute_scalar(ConfigValue& value, Diagnostics& diagnostics) {
  std::string_view rest = value.text;
  std::string result;
  bool all_expanded = true;
  for (;;) {
    std::size_t start = rest.find("${");
    if (start == std::string_view::npos) break;
    if (start > 0 && rest[start - 1] == '$') {
      result += rest.substr(0, start - 1);
      result += "${";
      rest.remove_prefix(start + 2);
      continue;
    }
    result += rest.substr(0, start);
    std::size_t end = rest.find('}', start);
    if (end == std::string_view::npos) {
      diagnostics.error(location_of_part(value, rest.substr(start, 2), diagnostics),
                        "expected '}' after '${', got the end of the text",
                        "for the text itself write $${");
      value.reported = true;
      return;
    }
    all_expanded &= expand(value, rest.substr(start + 2, end - start - 2), result, diagnostics);
    rest.remove_prefix(end + 1);
  }
  value.reported = !all_expanded;
  if (!all_expanded) return;
  result += rest;
  value.text = std::move(result);
  bool stays_text = value.quoted || value.text.empty();
  value.scalar = stays_text ? Json(value.text) : core_schema_value(value.text);
  if (value.scalar.is_null()) value.kind = ConfigValue::Kind::null;
}

}  // namespace

void substitute_variables(ConfigValue& value, Diagnostics& diagnostics) {
  if (value.kind == ConfigValue::Kind::scalar && value.text.find("${") != std::string::npos) {
    substitute_scalar(value, diagnostics);
  }
  for (ConfigValue& item : value.items) substitute_variables(item, diagnostics);
  for (auto& [name, entry] : value.entries) substitute_variables(entry, diagnostics);
}

}  // namespace rare::engine
