#include "plugins/bm25/query_template.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace rare::bm25 {
namespace {

constexpr std::string_view kSpaces = " \t\r\n\f\v";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

}  // namespace

Result<QueryTemplate> QueryTemplate::parse(std::string_view text,
                                           const std::vector<Alias>& aliases) {
  QueryTemplate result;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t open = text.find("{{", at);
    if (open != at) result.pieces_.push_back({std::string(text.substr(at, open - at)), false});
    if (open == std::string_view::npos) break;
    const std::size_t close = text.find("}}", open);
    if (close == std::string_view::npos) {
      return Status(StatusCode::invalid_argument,
                    "the `{{` at character " + std::to_string(open + 1) +
                        " has no `}}`; write {{field}} for a field's text");
    }
    std::string name(trimmed(text.substr(open + 2, close - open - 2)));
    if (name.empty()) {
      return Status(StatusCode::invalid_argument,
                    "expected a field's name between `{{` and `}}`, found none");
    }
    const auto alias = std::find_if(aliases.begin(), aliases.end(),
                                    [&](const Alias& a) { return a.name == name; });
    if (alias != aliases.end()) name = alias->field;
    result.pieces_.push_back({std::move(name), true});
    at = close + 2;
  }
  return result;
}

Result<std::string> QueryTemplate::fill(const Record& record) const {
  std::string query;
  for (const Piece& piece : pieces_) {
    if (!piece.is_field) {
      query += piece.text;
      continue;
    }
    const Result<std::string_view> value = text_field(record, piece.text);
    if (!value) return value.status();
    query += *value;
  }
  return query;
}

}  // namespace rare::bm25
