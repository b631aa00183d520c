// A prompt with places that are filled from a record.
//
//   {{name}}                    the value of `name`
//   {{#passages}}...{{/passages}}  once for each item of the list `passages`
//   {{.}}                       in a loop over texts or numbers: the item itself
//   {{"{{"}}                    the characters {{ themselves
//
// Inside a loop a name means the item's field first, then what it means outside. The tag of a loop
// that stands alone on its line takes the line with it. `}}` outside a tag is plain text.
// Thread-safety: const after parse().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rare/json.h"
#include "rare/status.h"

namespace rare::prompt {

class PromptTemplate {
 public:
  // `label` is how messages call this template. Errors name line and column.
  static Result<PromptTemplate> parse(std::string label, std::string_view text);

  // Whether the template uses `name`, as a value or as a list, in a loop or outside.
  bool uses(std::string_view name) const;
  // The names outside loops and the lists of loops, in the order of the text.
  std::vector<std::string> names() const;
  // Whether one of its loops is over the list `name`.
  bool loops_over(std::string_view name) const;

  // Values come from `values`, and what is not there from `record`; both are JSON objects. Text is
  // put in as it is, any other value as JSON. A name that is in neither, or null, is an error.
  Result<std::string> render(const Json& values, const Json& record) const;

 private:
  struct Part {
    enum class Kind { text, value, loop };
    Kind kind;
    std::string text;             // the text itself, or the name
    std::vector<Part> body = {};  // of a loop
  };
  class Parser;

  static bool any_uses(const std::vector<Part>& parts, std::string_view name);
  Status render_parts(const std::vector<Part>& parts, const std::vector<const Json*>& scopes,
                      std::string& out) const;
  Status render_value(const std::string& name, const std::vector<const Json*>& scopes,
                      std::string& out) const;
  Status render_loop(const Part& loop, const std::vector<const Json*>& scopes,
                     std::string& out) const;

  std::string label_;
  std::vector<Part> parts_;
};

}  // namespace rare::prompt
