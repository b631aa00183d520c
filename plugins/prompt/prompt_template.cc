#include "plugins/prompt/prompt_template.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace rare::prompt {

namespace {

constexpr std::string_view kOpen = "{{";
constexpr std::string_view kClose = "}}";
constexpr const char* kItem = ".";  // an item that is no object

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.' || c >= 0x80;
  });
}

std::string_view unpadded(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

const Json* find_in(const std::vector<const Json*>& scopes, const std::string& name) {
  for (const Json* scope : scopes) {
    const auto at = scope->find(name);
    if (at != scope->end()) return &*at;
  }
  return nullptr;
}

}  // namespace

class PromptTemplate::Parser {
 public:
  Parser(const std::string& label, std::string_view text) : label_(label), text_(text) {}

  Result<std::vector<Part>> parse() {
    while (true) {
      const std::size_t tag = text_.find(kOpen, at_);
      if (tag == std::string_view::npos) break;
      const std::size_t end = text_.find(kClose, tag);
      if (end == std::string_view::npos) return error(tag, "{{ is never closed by }}");
      add_text(text_.substr(at_, tag - at_));
      const Status status = take_tag(tag, end + kClose.size());
      if (!status.ok()) return status;
    }
    add_text(text_.substr(at_));
    if (!loop_.empty()) return error(loop_at_, "{{#" + loop_ + "}} has no {{/" + loop_ + "}}");
    return std::move(parts_);
  }

 private:
  std::vector<Part>& target() { return loop_.empty() ? parts_ : parts_.back().body; }

  void add_text(std::string_view text) {
    if (!text.empty()) target().push_back({Part::Kind::text, std::string(text)});
  }

  // REQUIRES: text_[begin, end) is a whole tag. Moves on behind it.
  Status take_tag(std::size_t begin, std::size_t end) {
    std::string_view inside =
        unpadded(text_.substr(begin + kOpen.size(), end - begin - kOpen.size() - kClose.size()));
    at_ = end;
    if (inside == "\"{{\"") {
      add_text(kOpen);
      return Status();
    }
    const char mark = inside.empty() ? ' ' : inside.front();
    if (mark == '#' || mark == '/') inside = unpadded(inside.substr(1));
    if (!is_name(inside)) {
      return error(begin, "\"" + std::string(text_.substr(begin, end - begin)) +
                              "\" is no {{name}}; write {{\"{{\"}} for plain braces");
    }
    if (mark == '#') return open_loop(begin, end, std::string(inside));
    if (mark == '/') return close_loop(begin, end, std::string(inside));
    target().push_back({Part::Kind::value, std::string(inside)});
    return Status();
  }

  Status open_loop(std::size_t begin, std::size_t end, std::string name) {
    if (!loop_.empty()) return error(begin, "a loop inside the loop over " + loop_);
    take_own_line(begin, end);
    parts_.push_back({Part::Kind::loop, name});
    loop_ = std::move(name);
    loop_at_ = begin;
    return Status();
  }

  Status close_loop(std::size_t begin, std::size_t end, const std::string& name) {
    if (name != loop_) return error(begin, "{{/" + name + "}} closes no {{#" + name + "}}");
    take_own_line(begin, end);
    loop_.clear();
    return Status();
  }

  void take_own_line(std::size_t begin, std::size_t end) {
    const bool starts_line = begin == 0 || text_[begin - 1] == '\n';
    if (starts_line && end < text_.size() && text_[end] == '\n') ++at_;
  }

  Status error(std::size_t where, const std::string& what) const {
    const std::string_view before = text_.substr(0, where);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::size_t line_start = before.rfind('\n');
    const std::size_t column =
        line_start == std::string_view::npos ? where + 1 : where - line_start;
    return Status::run_fault(StatusCode::invalid_argument,
                             label_ + ", line " + std::to_string(line) + ", column " +
                                 std::to_string(column) + ": " + what);
  }

  const std::string& label_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Part> parts_;
  std::string loop_;  // the open loop's list, or empty
  std::size_t loop_at_ = 0;
};

Result<PromptTemplate> PromptTemplate::parse(std::string label, std::string_view text) {
  PromptTemplate made;
  made.label_ = std::move(label);
  Result<std::vector<Part>> parts = Parser(made.label_, text).parse();
  if (!parts.ok()) return parts.status();
  made.parts_ = std::move(*parts);
  return made;
}

bool PromptTemplate::any_uses(const std::vector<Part>& parts, std::string_view name) {
  return std::any_of(parts.begin(), parts.end(), [name](const Part& part) {
    return (part.kind != Part::Kind::text && part.text == name) || any_uses(part.body, name);
  });
}

bool PromptTemplate::uses(std::string_view name) const { return any_uses(parts_, name); }

std::vector<std::string> PromptTemplate::names() const {
  std::vector<std::string> names;
  names.reserve(parts_.size());
  for (const Part& part : parts_) {
    if (part.kind != Part::Kind::text) names.push_back(part.text);
  }
  return names;
}

bool PromptTemplate::loops_over(std::string_view name) const {
  return std::any_of(parts_.begin(), parts_.end(), [name](const Part& part) {
    return part.kind == Part::Kind::loop && part.text == name;
  });
}

Result<std::string> PromptTemplate::render(const Json& values, const Json& record) const {
  std::string out;
  const Status status = render_parts(parts_, {&values, &record}, out);
  if (!status.ok()) return status;
  return out;
}

Status PromptTemplate::render_parts(const std::vector<Part>& parts,
                                    const std::vector<const Json*>& scopes,
                                    std::string& out) const {
  for (const Part& part : parts) {
    Status status;
    if (part.kind == Part::Kind::text) out += part.text;
    if (part.kind == Part::Kind::value) status = render_value(part.text, scopes, out);
    if (part.kind == Part::Kind::loop) status = render_loop(part, scopes, out);
    if (!status.ok()) return status;
  }
  return Status();
}

Status PromptTemplate::render_value(const std::string& name, const std::vector<const Json*>& scopes,
                                    std::string& out) const {
  const Json* value = find_in(scopes, name);
  if (value == nullptr || value->is_null()) {
    return Status(StatusCode::invalid_data, label_ + " asks for {{" + name +
                                                "}}, but the record has no field \"" + name + "\"");
  }
  out += value->is_string() ? value->get_ref<const std::string&>() : value->dump();
  return Status();
}

Status PromptTemplate::render_loop(const Part& loop, const std::vector<const Json*>& scopes,
                                   std::string& out) const {
  const Json* list = find_in(scopes, loop.text);
  if (list == nullptr || !list->is_array()) {
    return Status(StatusCode::invalid_data, label_ + " loops over {{#" + loop.text +
                                                "}}, but the record's \"" + loop.text + "\" is " +
                                                (list == nullptr ? "not there" : "no list"));
  }
  const bool uses_item = any_uses(loop.body, kItem);
  std::vector<const Json*> inner{nullptr};  // the item, and what it stands in
  inner.insert(inner.end(), scopes.begin(), scopes.end());
  for (const Json& item : *list) {
    if (!item.is_object() && !uses_item) {
      return Status(StatusCode::invalid_data,
                    label_ + " loops over {{#" + loop.text +
                        "}}, which holds something that is no object; {{.}} is such an item");
    }
    const Json itself = item.is_object() ? Json() : Json{{kItem, item}};
    inner.front() = item.is_object() ? &item : &itself;
    const Status status = render_parts(loop.body, inner, out);
    if (!status.ok()) return status;
  }
  return Status();
}

}  // namespace rare::prompt
