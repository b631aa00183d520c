#include "record_layout.h"

#include <algorithm>
#include <utility>

namespace rare::look {
namespace {

constexpr std::size_t kIndent = 2;

constexpr std::string_view kEnd = "\x1b[0m";

std::string dumped(const Json& value) {
  return value.dump(2, ' ', false, Json::error_handler_t::replace);
}

// Whether `at` stands in one of the ranges; `next` goes along.
bool within(const std::vector<TextRange>& ranges, std::size_t& next, std::size_t at) {
  while (next < ranges.size() && ranges[next].end <= at) ++next;
  return next < ranges.size() && ranges[next].begin <= at;
}

std::size_t first_behind(const std::vector<TextRange>& ranges, std::size_t at) {
  const auto found = std::partition_point(ranges.begin(), ranges.end(),
                                          [&](const TextRange& range) { return range.end <= at; });
  return static_cast<std::size_t>(found - ranges.begin());
}

bool value_holds(const Json& value, const Needle& needle) {
  if (value.is_string()) {
    return needle.find(value.get_ref<const std::string&>()) != std::string::npos;
  }
  if (!value.is_structured()) return needle.find(value.dump()) != std::string::npos;
  return std::any_of(value.begin(), value.end(),
                     [&](const Json& item) { return value_holds(item, needle); });
}

}  // namespace

RecordLayout::RecordLayout(const FoundRecord& record, const FieldRoles& roles, std::size_t columns)
    : columns_(columns) {
  if (!record.fields.is_object()) {
    add(Kind::fault, "cannot be read as a record: " + record.fault, nullptr, 0);
    add(Kind::text, record.raw, nullptr, kIndent);
    return;
  }
  const Json& fields = record.fields;
  QuestionWords words;
  if (const auto question = fields.find(roles.question);
      question != fields.end() && question->is_string()) {
    words = QuestionWords(question->get_ref<const std::string&>());
  }
  const std::vector<std::string> first = {roles.id,   roles.question,  roles.scenario,
                                          roles.text, roles.negatives, roles.reasoning};
  for (const std::string& name : first) {
    if (fields.contains(name)) add_field(name, fields[name], words, roles);
  }
  for (const auto& [name, value] : fields.items()) {
    if (std::find(first.begin(), first.end(), name) == first.end()) {
      add_field(name, value, words, roles);
    }
  }
  if (fields.empty()) add(Kind::fault, "a record without fields", nullptr, 0);
}

void RecordLayout::add_field(const std::string& name, const Json& value, const QuestionWords& words,
                             const FieldRoles& roles) {
  const QuestionWords* marks = name == roles.text || name == roles.negatives ? &words : nullptr;
  add(Kind::name, name, nullptr, 0);
  if (value.is_string()) {
    add(Kind::text, value.get<std::string>(), marks, kIndent);
  } else if (value.is_array() && !value.empty() &&
             std::all_of(value.begin(), value.end(),
                         [](const Json& item) { return item.is_string(); })) {
    std::size_t number = 0;
    for (const Json& item : value) {
      add(Kind::text, std::to_string(++number) + ". " + item.get<std::string>(), marks, kIndent);
    }
  } else {
    add(Kind::text, dumped(value), nullptr, kIndent);
  }
}

void RecordLayout::add(Kind kind, std::string text, const QuestionWords* words,
                       std::size_t indent) {
  // In a narrow terminal nothing is left for it.
  if (columns_ > 0 && columns_ <= 4 * indent) indent = 0;
  Block block{kind, std::move(text), {}, indent};
  if (words != nullptr) block.marks = words->in(block.text);
  const std::size_t index = blocks_.size();
  for (const TextRange& range : broken(block.text, columns_ == 0 ? 0 : columns_ - indent)) {
    lines_.push_back({index, range});
  }
  blocks_.push_back(std::move(block));
}

std::string RecordLayout::line(std::size_t index, const Painting& painting) const {
  const Line& line = lines_[index];
  const Block& block = blocks_[line.block];
  std::string text(block.indent, ' ');
  const std::string_view part = std::string_view(block.text).substr(0, line.range.end);
  const std::vector<TextRange> found = needle_.all_in(block.text, line.range);
  std::size_t next_mark = first_behind(block.marks, line.range.begin);
  std::size_t next_found = first_behind(found, line.range.begin);
  const std::string_view plain = block.kind == Kind::name    ? "\x1b[1m"
                                 : block.kind == Kind::fault ? "\x1b[1;7m"
                                                             : "";
  std::string_view now;
  if (painting.any && !plain.empty()) text += now = plain;
  for (std::size_t at = line.range.begin; at < line.range.end;) {
    const ShownCharacter shown = character_at(part, at);
    const std::string_view wanted = within(found, next_found, at) ? "\x1b[7m"
                                    : within(block.marks, next_mark, at)
                                        ? (painting.colour ? "\x1b[33m" : "\x1b[4m")
                                        : plain;
    if (painting.any && wanted != now) {
      if (!now.empty()) text += kEnd;
      text += now = wanted;
    }
    if (shown.told.empty())
      text += part.substr(at, shown.end - at);
    else
      text += shown.told;
    at = shown.end;
  }
  if (!now.empty()) text += kEnd;
  return text;
}

std::size_t RecordLayout::find(std::size_t from) const {
  for (auto line = lines_.begin() + static_cast<std::ptrdiff_t>(std::min(from, lines_.size()));
       line != lines_.end();) {
    const auto behind = std::partition_point(
        line, lines_.end(), [&](const Line& other) { return other.block == line->block; });
    // Once for the rest of a text, which may have a hundred thousand lines.
    const std::size_t at = needle_.find(blocks_[line->block].text, line->range.begin);
    if (at != std::string::npos) {
      const auto after = std::partition_point(
          line, behind, [&](const Line& other) { return other.range.begin <= at; });
      return static_cast<std::size_t>(after - lines_.begin()) - 1;
    }
    line = behind;
  }
  return std::string::npos;
}

bool holds(const FoundRecord& record, const std::string& field, const Needle& needle) {
  if (!record.fields.is_object())
    return field.empty() && needle.find(record.raw) != std::string::npos;
  if (field.empty()) return value_holds(record.fields, needle);
  const auto value = record.fields.find(field);
  return value != record.fields.end() && value_holds(*value, needle);
}

}  // namespace rare::look
