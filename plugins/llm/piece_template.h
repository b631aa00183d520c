// What the chunks of one stream have in common: the same bytes around a piece of text.
//
// An endpoint sends an event for each token, all of them equal but for a few letters. One that fits
// the template of an earlier one needs no parser: its piece is cut out. Thread-safety: immutable
// values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace simdjson::dom {
class element;
}

namespace rare::llm {

class PieceTemplate {
 public:
  // Of `event`, which was parsed as `chunk`: nothing unless it has one choice, its delta one text
  // that is not empty, and all else is such that saying it again says nothing new.
  static std::optional<PieceTemplate> of(std::string_view event,
                                         const simdjson::dom::element& chunk);

  // Appends the piece of an event that differs from the first one in nothing else. False, and
  // nothing appended, for any other event, and for what is no JSON.
  bool append_piece(std::string_view event, std::string& text) const;

  const std::string& field() const { return field_; }  // of the choice's delta
  std::int64_t choice() const { return choice_; }      // its index

 private:
  std::string before_, after_, field_;
  std::int64_t choice_ = 0;
};

}  // namespace rare::llm
