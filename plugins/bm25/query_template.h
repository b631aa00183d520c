// A search query made from a record's fields: "{{question}} {{title}}".
// Thread-safety: immutable after parse().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/corpus/corpus_texts.h"
#include "rare/record.h"
#include "rare/status.h"

namespace rare::bm25 {

class QueryTemplate {
 public:
  // A name that stands for a field with another name.
  struct Alias {
    std::string name;
    std::string field;
  };

  // Text in double braces is a field's name, spaces around it do not count; all else stands for
  // itself. Fails on braces that are not closed and on an empty name.
  static Result<QueryTemplate> parse(std::string_view text, const std::vector<Alias>& aliases = {});

  // Fails when a field is missing or not text; the message names the field and what came.
  Result<std::string> fill(const Record& record) const;

 private:
  struct Piece {
    std::string text;
    bool is_field;
  };
  std::vector<Piece> pieces_;
};

using corpus::text_field;

}  // namespace rare::bm25
