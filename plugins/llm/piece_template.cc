#include "plugins/llm/piece_template.h"

#include <simdjson.h>

#include <algorithm>
#include <utility>

namespace rare::llm {
namespace {

// The only choice, with a delta that is an object, or null. Lists of log-probabilities grow with
// each event, also with one that is equal.
const Json* choice_of(const Json& chunk) {
  const auto choices = chunk.find("choices");
  if (chunk.contains("error") || choices == chunk.end()) return nullptr;
  if (!choices->is_array() || choices->size() != 1) return nullptr;
  const Json& choice = choices->front();
  if (!choice.is_object()) return nullptr;
  const auto lists = choice.find("logprobs");
  if (lists != choice.end() && !lists->is_null()) return nullptr;
  const auto delta = choice.find("delta");
  return delta != choice.end() && delta->is_object() ? &choice : nullptr;
}

// The field whose text differs from event to event; none where another one may, too.
std::string varying_field(const Json& delta) {
  std::string field;
  for (const auto& [name, value] : delta.items()) {
    if (name == "role" || value.is_null()) continue;
    if (!value.is_string()) return {};
    if (value.get_ref<const std::string&>().empty()) continue;
    if (!field.empty()) return {};
    field = name;
  }
  return field;
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

std::optional<PieceTemplate> PieceTemplate::of(std::string_view event, const Json& chunk) {
  const Json* choice = choice_of(chunk);
  if (choice == nullptr) return std::nullopt;
  const Json& delta = choice->at("delta");
  PieceTemplate made;
  made.field_ = varying_field(delta);
  if (made.field_.empty()) return std::nullopt;
  const auto& piece = delta.at(made.field_).get_ref<const std::string&>();
  const std::string name = '"' + made.field_ + "\":";
  const std::string written = '"' + piece + '"';
  const std::size_t named = event.find(name);
  if (named == std::string_view::npos) return std::nullopt;
  const std::size_t at = event.find(written, named + name.size());
  if (at == std::string_view::npos) return std::nullopt;
  made.before_ = event.substr(0, at + 1);
  made.after_ = event.substr(at + written.size() - 1);
  if (const auto index = choice->find("index"); index != choice->end()) {
    if (!index->is_number_integer()) return std::nullopt;
    made.choice_ = index->get<std::int64_t>();
  }
  // Where nothing is escaped, what stands there once is the piece.
  const bool is_plain = event.find('\\') == std::string_view::npos;
  if (is_plain && event.find(written) == event.rfind(written)) return made;
  // The same letters may stand elsewhere in the event: only with another piece at this very place
  // does it show that it is the piece's.
  const std::string longer = piece + " and more";
  Json expected = chunk;
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
