#include "plugins/llm/piece_template.h"

#include <simdjson.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "rare/json.h"

namespace rare::llm {
namespace {

namespace dom = simdjson::dom;

using simdjson::SUCCESS;

// Which of them counts, the parser does not say.
bool has_equal_names(dom::object members) {
  std::vector<std::string_view> names;
  for (const auto [name, value] : members) names.push_back(name);
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

// The only choice, with a delta that is an object, or nothing. Lists of log-probabilities grow with
// each event, also with one that is equal.
std::optional<dom::object> choice_of(const dom::element& chunk) {
  dom::array choices;
  dom::object choice, delta;
  dom::element other;
  if (chunk["error"].get(other) == SUCCESS) return std::nullopt;
  if (chunk["choices"].get(choices) != SUCCESS || choices.size() != 1) return std::nullopt;
  if ((*choices.begin()).get(choice) != SUCCESS) return std::nullopt;
  if (choice["logprobs"].get(other) == SUCCESS && !other.is_null()) return std::nullopt;
  if (choice["delta"].get(delta) != SUCCESS) return std::nullopt;
  for (const dom::object object : {dom::object(chunk), choice, delta}) {
    if (has_equal_names(object)) return std::nullopt;
  }
  return choice;
}

// The field whose text differs from event to event; without a name where another one may, too.
std::pair<std::string, std::string> varying_field(dom::object delta) {
  std::pair<std::string, std::string> found;
  for (const auto [name, value] : delta) {
    if (name == "role" || value.is_null()) continue;
    std::string_view text;
    if (value.get(text) != SUCCESS) return {};
    if (text.empty()) continue;
    if (!found.first.empty()) return {};
    found.first = name;
    found.second = text;
  }
  return found;
}

bool is_written_as_it_reads(std::string_view piece) {
  bool is_ascii = true;
  for (const char c : piece) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || c == '"' || c == '\\') return false;
    is_ascii = is_ascii && byte < 0x80;
  }
  return is_ascii || simdjson::validate_utf8(piece.data(), piece.size());
}

}  // namespace

std::optional<PieceTemplate> PieceTemplate::of(std::string_view event, const dom::element& chunk) {
  const std::optional<dom::object> choice = choice_of(chunk);
  if (!choice) return std::nullopt;
  const auto [field, piece] = varying_field((*choice)["delta"].get_object());
  if (field.empty()) return std::nullopt;
  PieceTemplate made;
  made.field_ = field;
  const std::string name = '"' + made.field_ + "\":";
  const std::string written = '"' + piece + '"';
  const std::size_t named = event.find(name);
  if (named == std::string_view::npos) return std::nullopt;
  const std::size_t at = event.find(written, named + name.size());
  if (at == std::string_view::npos) return std::nullopt;
  made.before_ = event.substr(0, at + 1);
  made.after_ = event.substr(at + written.size() - 1);
  if (dom::element index; (*choice)["index"].get(index) == SUCCESS) {
    if (index.get(made.choice_) != SUCCESS) return std::nullopt;
  }
  // Where nothing is escaped, what stands there once is the piece.
  const bool is_plain = event.find('\\') == std::string_view::npos;
  if (is_plain && event.find(written) == event.rfind(written)) return made;
  // The same letters may stand elsewhere in the event: only with another piece at this very place
  // does it show that it is the piece's.
  const std::string longer = piece + " and more";
  Json expected = Json::parse(event, nullptr, false);
  if (!expected.is_object()) return std::nullopt;
  expected["choices"][0]["delta"][made.field_] = longer;
  const Json other = Json::parse(made.before_ + longer + made.after_, nullptr, false);
  if (other != expected) return std::nullopt;
  return made;
}

bool PieceTemplate::append_piece(std::string_view event, std::string& text) const {
  if (event.size() < before_.size() + after_.size()) return false;
  if (!event.starts_with(before_) || !event.ends_with(after_)) return false;
  const std::size_t bytes = event.size() - before_.size() - after_.size();
  const std::string_view piece = event.substr(before_.size(), bytes);
  if (is_written_as_it_reads(piece)) {
    text += piece;
    return true;
  }
  // With its quotation marks, which are the last byte before it and the first behind it.
  const std::string_view quoted = event.substr(before_.size() - 1, bytes + 2);
  const Json read = Json::parse(quoted, nullptr, false);
  if (!read.is_string()) return false;
  text += read.get_ref<const std::string&>();
  return true;
}

}  // namespace rare::llm
