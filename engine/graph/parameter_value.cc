#include "engine/graph/parameter_value.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "engine/config/name_list.h"
#include "engine/text/utf8.h"

namespace rare::engine {
namespace {

namespace fs = std::filesystem;
using Kind = ConfigValue::Kind;

struct Problem {
  const ConfigValue* value;
  std::string message;  // after "parameter 'x': "
  std::string hint;
};

std::string number_text(double value) {
  std::ostringstream text;
  text.precision(15);
  text << value;
  return text.str();
}

std::string quoted_list(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    text += i == 0 ? "" : i + 1 == names.size() ? " or " : ", ";
    text += "'" + names[i] + "'";
  }
  return text;
}

// What came, for messages; a secret's text is not shown.
std::string described(const ParamSpec& param, const ConfigValue& value) {
  if (param.secret && value.kind == Kind::scalar) return "something else";
  return value.describe();
}

Problem unexpected(const ParamSpec& param, const ConfigValue& value, std::string hint = {}) {
  return {&value, "expected " + expected_value(param) + ", got " + described(param, value),
          std::move(hint)};
}

std::string absolute_path(const ConfigValue& value) {
  if (value.text.empty() || value.text == "-") return value.text;  // "-": standard input
  return fs::absolute(fs::path(value.folder) / value.text).lexically_normal().string();
}

bool looks_like_path(const std::string& text) {
  for (const char* ending : {".txt", ".md", ".jinja"}) {
    if (text.ends_with(ending)) return true;
  }
  return text.find('/') != std::string::npos && text.find_first_of(" \t") == std::string::npos;
}

// As messages name it: the way that the file leads to it.
std::string shown_path(const ConfigValue& value) {
  return (fs::path(value.folder) / value.text).lexically_normal().string();
}

// The text itself, or the contents of the file that it names.
Json text_or_file(const ConfigValue& value) {
  constexpr std::size_t kLongestPath = 4096;
  const std::string& text = value.text;
  bool can_be_path =
      !text.empty() && text.size() < kLongestPath && text.find('\n') == std::string::npos;
  if (!can_be_path) return text;
  std::string path = absolute_path(value);
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    if (!looks_like_path(text)) return text;
    throw Problem{
        &value, "no file at '" + shown_path(value) + "'",
        "paths are relative to the file that names them; a text that is meant as it stands "
        "and looks like a path is written over several lines (|)"};
  }
  std::ifstream file(path, std::ios::binary);
  std::string contents(std::istreambuf_iterator<char>(file), {});
  if (!file || file.bad()) throw Problem{&value, "cannot read '" + shown_path(value) + "'", {}};
  if (find_non_text(contents) != std::string::npos) {
    throw Problem{
        &value, "expected UTF-8 text in '" + shown_path(value) + "', got other bytes", {}};
  }
  return contents;
}

Json file_or_name(const ConfigValue& value) {
  std::string path = value.text.empty() ? std::string() : absolute_path(value);
  std::error_code error;
  return fs::is_regular_file(path, error) ? std::move(path) : value.text;
}

Json text_value(const ParamSpec& param, const ConfigValue& value) {
  if (value.kind != Kind::scalar) throw unexpected(param, value);
  if (!param.choices.empty() && !contains(param.choices, value.text)) {
    std::string near = nearest_name(value.text, param.choices);
    throw unexpected(param, value, near.empty() ? "" : "did you mean '" + near + "'?");
  }
  switch (param.role) {
    case TextRole::input_path:
      return absolute_path(value);
    case TextRole::text_or_file:
      return text_or_file(value);
    case TextRole::file_or_name:
      return file_or_name(value);
    case TextRole::plain:
    case TextRole::output_path:
      break;
  }
  return value.text;
}

Json text_list_value(const ParamSpec& param, const ConfigValue& value) {
  Json list = Json::array();
  if (value.kind == Kind::scalar && param.text_or_list) {
    list.push_back(text_value(param, value));
    return list;
  }
  if (value.kind != Kind::sequence) throw unexpected(param, value);
  for (const ConfigValue& item : value.items) {
    if (item.kind != Kind::scalar) {
      throw Problem{&item, "expected a list of texts, got " + item.describe() + " in it", {}};
    }
    list.push_back(text_value(param, item));
  }
  return list;
}

Json number_value(const ParamSpec& param, const ConfigValue& value) {
  const bool fits = param.type == ParamType::integer ? value.scalar.is_number_integer()
                                                     : value.scalar.is_number();
  if (value.kind != Kind::scalar || !fits) throw unexpected(param, value);
  const auto number = value.scalar.get<double>();
  const bool too_small = param.minimum && number < *param.minimum;
  const bool too_large = param.maximum && number > *param.maximum;
  if (!std::isfinite(number)) throw unexpected(param, value);
  if (!too_small && !too_large) return value.scalar;
  const bool states_it =
      too_small ? param.stated_minimum().has_value() : param.stated_maximum().has_value();
  // A limit that nobody stated has to be named where it is met.
  const std::string limit = too_small ? "the least that it can be is " + number_text(*param.minimum)
                                      : "the most that it can be is " + number_text(*param.maximum);
  throw unexpected(param, value, states_it ? "" : limit);
}

Json typed_value(const ParamSpec& param, const ConfigValue& value) {
  switch (param.type) {
    case ParamType::boolean:
      if (value.kind != Kind::scalar || !value.scalar.is_boolean()) throw unexpected(param, value);
      return value.scalar;
    case ParamType::integer:
    case ParamType::number:
      return number_value(param, value);
    case ParamType::text_list:
      return text_list_value(param, value);
    case ParamType::json:
      return value.to_json();
    case ParamType::text:
    case ParamType::service:
    case ParamType::node:
      break;
  }
  return text_value(param, value);
}

std::string expected_number(const ParamSpec& param) {
  std::string text = param.type == ParamType::integer ? "an integer" : "a number";
  const std::optional<double> minimum = param.stated_minimum(), maximum = param.stated_maximum();
  if (minimum && maximum) {
    text += " from " + number_text(*minimum) + " to " + number_text(*maximum);
  } else if (minimum) {
    text += " of " + number_text(*minimum) + " or more";
  } else if (maximum) {
    text += " of " + number_text(*maximum) + " or less";
  }
  return param.unit.empty() ? text : text + " (" + param.unit + ")";
}

}  // namespace

std::string expected_value(const ParamSpec& param) {
  const std::string one = param.choices.empty() ? "a text" : quoted_list(param.choices);
  switch (param.type) {
    case ParamType::text:
      return one;
    case ParamType::boolean:
      return "true or false";
    case ParamType::integer:
    case ParamType::number:
      return expected_number(param);
    case ParamType::text_list:
      return (param.text_or_list ? "a text or a list of texts" : "a list of texts") +
             (param.choices.empty() ? "" : " (" + one + ")");
    case ParamType::json:
      return "any value";
    case ParamType::service:
      return "the name of a service";
    case ParamType::node:
      return "the name of a node";
  }
  return "a value";
}

std::optional<Json> parameter_value(const ParamSpec& param, const ConfigValue& value,
                                    const std::string& prefix, Diagnostics& diagnostics) {
  if (value.reported) return std::nullopt;
  if (value.kind == Kind::null) return Json();
  try {
    return typed_value(param, value);
  } catch (const Problem& problem) {
    diagnostics.error(problem.value->where,
                      prefix + "parameter '" + param.name + "': " + problem.message, problem.hint);
  }
  return std::nullopt;
}

}  // namespace rare::engine
