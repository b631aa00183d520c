#include "engine/config/yaml_reader.h"

#include <yaml-cpp/yaml.h>

#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <string_view>

#include "engine/config/scalar.h"
#include "engine/text/utf8.h"

namespace rare::engine {
namespace {

constexpr std::string_view kCoreTag = "tag:yaml.org,2002:";
// Aliases repeat what they name; nested, they would fill the memory.
constexpr std::size_t kMostValues = 50'000;
// Whoever walks through values calls itself for each level.
constexpr std::size_t kDeepest = 100;

struct StopReading {
  Location where;
  std::string message;
  std::string hint;
};

std::size_t count_values(const ConfigValue& value) {
  std::size_t count = 1;
  for (const ConfigValue& item : value.items) count += count_values(item);
  for (const auto& [name, entry] : value.entries) count += count_values(entry);
  return count;
}

std::size_t levels_of(const ConfigValue& value) {
  std::size_t below = 0;
  for (const ConfigValue& item : value.items) below = std::max(below, levels_of(item));
  for (const auto& [name, entry] : value.entries) below = std::max(below, levels_of(entry));
  const bool holds_others =
      value.kind == ConfigValue::Kind::sequence || value.kind == ConfigValue::Kind::map;
  return below + (holds_others ? 1 : 0);
}

// Builds the value from the parser's events. Throws StopReading where going on makes no sense.
class Builder final : public YAML::EventHandler {
 public:
  // REQUIRES: `text` outlives the builder. Values are given a line and column when `located`.
  Builder(std::string_view text, std::string file, std::string folder, bool located,
          Diagnostics& diagnostics)
      : file_(std::move(file)),
        folder_(std::move(folder)),
        located_(located),
        diagnostics_(diagnostics),
        text_end_(text.data() + text.size()) {
    for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n')) {
      lines_.push_back(text.substr(0, end));
      text.remove_prefix(end + 1);
    }
    lines_.push_back(text);
  }

  ConfigValue take() { return std::move(root_); }

  // Where the innermost list or map begins that is not at its end.
  Location innermost_open() const { return open_.empty() ? Location{} : open_.back().value.where; }

  Location location(const YAML::Mark& mark) const {
    if (!located_ || mark.is_null()) return {file_, 0, 0};
    std::string_view line = line_at(mark.line + 1);
    auto bytes = std::min(line.size(), static_cast<std::size_t>(std::max(mark.column, 0)));
    int column = 1;
    for (char c : line.substr(0, bytes)) {
      if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++column;
    }
    return {file_, mark.line + 1, column};
  }

 private:
  struct Open {
    ConfigValue value;
    YAML::anchor_t anchor = YAML::NullAnchor;
    bool has_key = false;
    std::string key;
    Location key_where;
  };

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    ConfigValue value = made(mark);
    // The mark of a value that is left out points at whatever comes next.
    if (!open_.empty() && open_.back().has_key && !null_is_written(value.where)) {
      value.where = open_.back().key_where;
    }
    add(std::move(value), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw StopReading{location(mark), "an alias that stands inside what it names", {}};
    }
    ConfigValue copy = found->second;
    values_ += count_values(copy);
    check_size(mark);
    check_depth(mark, levels_of(copy));
    add(std::move(copy), YAML::NullAnchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    ConfigValue value = made(mark);
    value.kind = ConfigValue::Kind::scalar;
    value.text = text;
    value.quoted = tag == "!" || tag == std::string(kCoreTag) + "str";
    value.scalar = value.quoted ? Json(text) : core_schema_value(text);
    if (tag != "?" && !tag.empty()) {
      check_closing_quote(mark, value.where);
      if (!value.quoted) check_tag(value, tag);
    }
    if (value.scalar.is_null()) value.kind = ConfigValue::Kind::null;
    add(std::move(value), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    start(mark, tag, "seq", anchor, ConfigValue::Kind::sequence);
  }
  void OnSequenceEnd() override { end(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    start(mark, tag, "map", anchor, ConfigValue::Kind::map);
  }
  void OnMapEnd() override { end(); }

  void start(const YAML::Mark& mark, const std::string& tag, const char* expected_tag,
             YAML::anchor_t anchor, ConfigValue::Kind kind) {
    if (!open_.empty() && open_.back().value.kind == ConfigValue::Kind::map &&
        !open_.back().has_key) {
      throw StopReading{location(mark), "a key has to be a text, not a list or a map",
                        "texts that begin with '{' or '[' stand in quotes"};
    }
    bool standard = tag.empty() || tag == "?" || tag == std::string(kCoreTag) + expected_tag;
    if (!standard) unknown_tag(location(mark), tag);
    check_depth(mark, 1);
    Open opened;
    opened.value = made(mark);
    opened.value.kind = kind;
    opened.anchor = anchor;
    open_.push_back(std::move(opened));
  }

  void end() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    add(std::move(closed.value), closed.anchor);
  }

  void add(ConfigValue value, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) anchors_[anchor] = value;
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    Open& parent = open_.back();
    if (parent.value.kind == ConfigValue::Kind::sequence) {
      parent.value.items.push_back(std::move(value));
    } else if (!parent.has_key) {
      take_key(parent, std::move(value));
    } else {
      parent.has_key = false;
      if (parent.value.find(parent.key) != nullptr) {
        Location first = parent.value.key_location(parent.key);
        diagnostics_.error(parent.key_where, "duplicate key '" + parent.key + "'",
                           "first given at " + first.to_string());
        return;
      }
      parent.value.set(std::move(parent.key), parent.key_where, std::move(value));
    }
  }

  void take_key(Open& parent, ConfigValue key) {
    if (key.kind != ConfigValue::Kind::scalar) {
      throw StopReading{key.where, "a key has to be a text, not " + key.describe(), {}};
    }
    parent.has_key = true;
    parent.key = std::move(key.text);
    parent.key_where = std::move(key.where);
  }

  // yaml-cpp takes the end of the file for the end of a quoted text.
  void check_closing_quote(const YAML::Mark& mark, const Location& where) const {
    std::string_view line = line_at(mark.line + 1);
    auto column = static_cast<std::size_t>(std::max(mark.column, 0));
    if (column >= line.size()) return;
    const char* at = line.data() + column;
    std::string_view rest(at, static_cast<std::size_t>(text_end_ - at));
    while (rest.starts_with('&') || rest.starts_with('!')) {  // an anchor, a tag
      std::size_t end = std::min(rest.find_first_of(" \t\r\n"), rest.size());
      rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n", end), rest.size()));
    }
    if (!rest.starts_with('"') && !rest.starts_with('\'')) return;
    char quote = rest.front();
    for (std::size_t i = 1; i < rest.size(); ++i) {
      if (rest[i] == '\\' && quote == '"') {
        ++i;
      } else if (rest[i] == quote) {
        if (quote == '"' || i + 1 >= rest.size() || rest[i + 1] != '\'') return;
        ++i;
      }
    }
    throw StopReading{where, "not valid YAML: a quote that is never closed", {}};
  }

  void check_tag(ConfigValue& value, const std::string& tag) {
    std::string name = tag.starts_with(kCoreTag) ? tag.substr(kCoreTag.size()) : "";
    bool fits = (name == "int" && value.scalar.is_number_integer()) ||
                (name == "float" && value.scalar.is_number()) ||
                (name == "bool" && value.scalar.is_boolean()) ||
                (name == "null" && value.scalar.is_null());
    if (fits) return;
    if (name == "int" || name == "float" || name == "bool" || name == "null") {
      diagnostics_.error(value.where, "expected a value that fits its tag '!!" + name + "', got " +
                                          value.describe());
      value.reported = true;
    } else {
      unknown_tag(value.where, tag);
    }
  }

  void unknown_tag(Location where, const std::string& tag) {
    diagnostics_.error(std::move(where), "unknown tag '" + tag + "'",
                       "values that begin with '!' stand in quotes");
  }

  bool null_is_written(const Location& where) const {
    std::string_view line = line_at(where.line);
    if (where.column < 1 || line.size() < static_cast<std::size_t>(where.column)) return false;
    line.remove_prefix(static_cast<std::size_t>(where.column) - 1);
    return line.starts_with('~') || line.starts_with("null") || line.starts_with("Null") ||
           line.starts_with("NULL");
  }

  std::string_view line_at(int line) const {
    auto index = static_cast<std::size_t>(line - 1);
    return line >= 1 && index < lines_.size() ? lines_[index] : std::string_view();
  }

  ConfigValue made(const YAML::Mark& mark) {
    ++values_;
    check_size(mark);
    ConfigValue value;
    value.where = location(mark);
    value.folder = folder_;
    return value;
  }

  void check_size(const YAML::Mark& mark) const {
    if (values_ <= kMostValues) return;
    throw StopReading{location(mark), "more than " + std::to_string(kMostValues) + " values",
                      "a pipeline file names data by path, it does not hold it"};
  }

  void check_depth(const YAML::Mark& mark, std::size_t levels) const {
    if (open_.size() + levels <= kDeepest) return;
    throw StopReading{location(mark),
                      "lists and maps nested more than " + std::to_string(kDeepest) + " deep",
                      "no pipeline needs that many levels; look for brackets that never close"};
  }

  std::string file_;
  std::string folder_;
  bool located_;
  Diagnostics& diagnostics_;
  const char* text_end_;
  std::vector<std::string_view> lines_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, ConfigValue> anchors_;
  ConfigValue root_;
  std::size_t values_ = 0;
};

Location location_of_byte(std::string_view text, const std::string& file, std::size_t at) {
  Location where{file, 1, 1};
  for (std::size_t i = 0; i < at; ++i) {
    if (text[i] == '\n') {
      ++where.line;
      where.column = 1;
    } else if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) {
      ++where.column;
    }
  }
  return where;
}

// A line at or before `line` that is indented with a tab, or 0.
int tab_indented_line(const Diagnostics& diagnostics, const std::string& file, int line) {
  for (int at = line + 1; at >= std::max(1, line - 1); --at) {
    std::string_view text = diagnostics.source_line(file, at);
    std::size_t first = text.find_first_not_of(' ');
    if (first != std::string_view::npos && text[first] == '\t') return at;
  }
  return 0;
}

void report_syntax(const Builder& builder, const YAML::Exception& error, const std::string& file,
                   Diagnostics& diagnostics) {
  Location where = builder.location(error.mark);
  if (int line = tab_indented_line(diagnostics, file, where.line); line > 0) {
    std::string_view text = diagnostics.source_line(file, line);
    diagnostics.error({file, line, static_cast<int>(text.find('\t')) + 1},
                      "not valid YAML: a tab in the indentation",
                      "YAML is indented with spaces only");
    return;
  }
  if (error.msg == YAML::ErrorMsg::END_OF_SEQ_FLOW ||
      error.msg == YAML::ErrorMsg::END_OF_MAP_FLOW) {
    bool is_list = error.msg == YAML::ErrorMsg::END_OF_SEQ_FLOW;
    diagnostics.error(builder.innermost_open(),
                      std::string("not valid YAML: ") +
                          (is_list ? "a '[' without its ']'" : "a '{' without its '}'"),
                      "or a ',' is missing between two of its parts");
    return;
  }
  std::string hint;
  if (error.msg.find("map") != std::string::npos) {
    hint =
        "look at the indentation here and above, and for a missing ':', quote or bracket;\n"
        "a text that holds ': ' or ' #' stands in quotes";
  }
  diagnostics.error(where, "not valid YAML: " + error.msg, hint);
}

std::optional<ConfigValue> read(const std::string& text, Builder& builder, const std::string& file,
                                Diagnostics& diagnostics) {
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return ConfigValue{};
    ConfigValue value = builder.take();
    if (parser.HandleNextDocument(builder)) {
      diagnostics.error(builder.take().where, "a second document in one file",
                        "each pipeline is a file of its own; take out the '---'");
      return std::nullopt;
    }
    return value;
  } catch (const StopReading& stop) {
    diagnostics.error(stop.where, stop.message, stop.hint);
  } catch (const YAML::Exception& error) {
    report_syntax(builder, error, file, diagnostics);
  }
  return std::nullopt;
}

}  // namespace

std::optional<ConfigValue> read_yaml(const std::string& text, const std::string& file,
                                     const std::string& folder, Diagnostics& diagnostics) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  std::string body = text.starts_with(kByteOrderMark) ? text.substr(3) : text;
  diagnostics.add_source(file, body);
  if (std::size_t at = find_non_text(body); at != std::string::npos) {
    diagnostics.error(location_of_byte(body, file, at),
                      "expected UTF-8 text without control characters, got byte " +
                          std::to_string(static_cast<unsigned char>(body[at])));
    return std::nullopt;
  }
  Builder builder(body, file, folder, true, diagnostics);
  std::optional<ConfigValue> value = read(body, builder, file, diagnostics);
  if (value && value->where.file.empty()) value->where = {file, 0, 0};  // an empty file
  return value;
}

std::optional<ConfigValue> read_setting_value(const std::string& text, const std::string& option,
                                              Diagnostics& diagnostics) {
  if (std::size_t at = find_non_text(text); at != std::string::npos) {
    diagnostics.error({option, 0, 0}, "expected UTF-8 text without control characters, got byte " +
                                          std::to_string(static_cast<unsigned char>(text[at])));
    return std::nullopt;
  }
  bool must_be_yaml =
      !text.empty() && std::string_view("{[\"'").find(text.front()) != std::string_view::npos;
  Diagnostics attempt;
  Builder builder(text, option, "", false, attempt);
  std::optional<ConfigValue> value = read(text, builder, option, attempt);
  if (value && attempt.ok()) {
    if (value->where.file.empty()) value->where = {option, 0, 0};
    return value;
  }
  if (must_be_yaml) {
    const std::string reason = attempt.ok() ? "" : attempt.errors().front().message;
    const bool is_syntax = reason.find("more than") == std::string::npos;
    diagnostics.error(
        {option, 0, 0},
        "the value is not valid YAML: " +
            (is_syntax ? std::string("it begins with '") + text.front() + "'" : reason),
        "texts that begin with '{', '[' or a quote stand in quotes themselves");
    return std::nullopt;
  }
  ConfigValue plain;
  plain.kind = ConfigValue::Kind::scalar;
  plain.where = {option, 0, 0};
  plain.scalar = text;
  plain.text = text;
  return plain;
}

}  // namespace rare::engine
