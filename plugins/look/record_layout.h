// A record as lines of a terminal: each field under its name, the words of the question marked in
// the passages.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "field_roles.h"
#include "record_file.h"
#include "terminal_text.h"
#include "text_marks.h"

namespace rare::look {

// How parts are made to stand out. Without colour only by what every terminal has.
struct Painting {
  bool any = false;  // control sequences at all
  bool colour = false;
};

// Holds the record's texts once, and for each line where it is in them. Thread-safety: immutable
// values, but for mark().
class RecordLayout {
 public:
  RecordLayout() = default;
  // `columns`: 0: lines are as long as the texts have them.
  RecordLayout(const FoundRecord& record, const FieldRoles& roles, std::size_t columns);

  std::size_t line_count() const { return lines_.size(); }
  std::string line(std::size_t index, const Painting& painting) const;
  // Marks what is searched for; the first line that has it, from line `from` on; npos: none has.
  void mark(const Needle& needle) { needle_ = needle; }
  std::size_t find(std::size_t from) const;

 private:
  enum class Kind { name, text, fault };
  struct Block {
    Kind kind;
    std::string text;
    std::vector<TextRange> marks;
    std::size_t indent;
  };
  struct Line {
    std::size_t block;
    TextRange range;
  };
  void add(Kind kind, std::string text, const QuestionWords* words, std::size_t indent);
  void add_field(const std::string& name, const Json& value, const QuestionWords& words,
                 const FieldRoles& roles);

  std::size_t columns_ = 0;
  std::vector<Block> blocks_;
  std::vector<Line> lines_;
  Needle needle_;
};

// Whether any field, or the one that is named, holds it.
bool holds(const FoundRecord& record, const std::string& field, const Needle& needle);

}  // namespace rare::look
