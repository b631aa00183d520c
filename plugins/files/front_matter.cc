#include "front_matter.h"

#include <yaml-cpp/yaml.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "cell_value.h"
#include "json_element.h"

namespace rare::files {
namespace {

constexpr int kMostValues = 10'000;
constexpr int kMostYamlNesting = 50;

class YamlConversion {
 public:
  Json convert(const YAML::Node& node, int depth = 0) {
    if (++values_ > kMostValues || depth > kMostYamlNesting) throw std::length_error("too large");
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        return scalar(node);
      case YAML::NodeType::Sequence: {
        Json list = Json::array();
        for (const YAML::Node& item : node) list.push_back(convert(item, depth + 1));
        return list;
      }
      case YAML::NodeType::Map: {
        Json object = Json::object();
        for (const auto& member : node) {
          object[member.first.as<std::string>()] = convert(member.second, depth + 1);
        }
        return object;
      }
      case YAML::NodeType::Null:
      case YAML::NodeType::Undefined:
        break;
    }
    return Json();
  }

 private:
  static Json scalar(const YAML::Node& node) {
    const std::string& text = node.Scalar();
    const bool is_plain = node.Tag() == "?";
    if (is_plain && (text == "null" || text == "~")) return Json();
    std::optional<Json> value = is_plain ? value_of_cell(text) : std::nullopt;
    return value ? std::move(*value) : Json(text);
  }

  int values_ = 0;
};

struct Line {
  std::string_view text;
  std::size_t next;
};

// Nothing behind the last line, which has no line break only if the text `is_whole`.
std::optional<Line> line_at(std::string_view text, std::size_t from, bool is_whole) {
  const std::size_t newline = text.find('\n', from);
  const bool has_break = newline != std::string_view::npos;
  if (!has_break && (!is_whole || from >= text.size())) return std::nullopt;
  const std::size_t end = has_break ? newline : text.size();
  std::string_view line = text.substr(from, end - from);
  while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
  return Line{line, has_break ? end + 1 : end};
}

}  // namespace

FrontMatter read_front_matter(std::string_view file_start, bool is_whole_file) {
  const std::optional<Line> opening = line_at(file_start, 0, is_whole_file);
  if (!opening || opening->text != "---") return {};
  std::size_t from = opening->next;
  std::optional<Line> line;
  for (std::size_t at = from; (line = line_at(file_start, at, is_whole_file)); at = line->next) {
    if (line->text != "---" && line->text != "...") continue;
    const std::string_view yaml = file_start.substr(from, at - from);
    if (first_invalid_utf8(yaml) != yaml.size()) return {};
    try {
      const YAML::Node node = YAML::Load(std::string(yaml));
      if (!node.IsMap()) return {};
      return {YamlConversion().convert(node), line->next};
    } catch (const std::exception&) {
      return {};
    }
  }
  return {};
}

}  // namespace rare::files
