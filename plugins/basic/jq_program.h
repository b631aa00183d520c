// A jq program, compiled once and run over records (jq's manual is the reference of the language).
//
// `input` finds nothing, and modules cannot be imported. A result that does not follow from the
// record (`now`, `env`) breaks a run's promise that it can be gone on with. As with the jq command,
// what a file ~/.jq defines is known to every program: libjq offers no way to leave it out.
//
// Thread-safety: one thread at a time for each program; programs of different threads are apart.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "jq_value.h"
#include "rare/json.h"
#include "rare/status.h"

namespace rare::basic {

class JqProgram {
 public:
  // The error names the expression and says what jq said. `what` is the parameter it comes from,
  // for this and later messages.
  static Result<JqProgram> compile(const std::string& what, const std::string& expression);

  // All its outputs, or a record fault with jq's message.
  Result<std::vector<Json>> run(const JqInput& input);
  // Whether any of its outputs is neither false nor null.
  Result<bool> holds(const JqInput& input);

  const std::string& expression() const { return expression_; }

 private:
  struct Teardown {
    void operator()(jq_state* state) const { jq_teardown(&state); }
  };
  using State = std::unique_ptr<jq_state, Teardown>;
  JqProgram(std::string what, std::string expression, State state);

  // Shows `take` each output until it returns false.
  Status each_output(const JqInput& input, const std::function<Result<bool>(const JqValue&)>& take);
  Status fault(const std::string& message) const;

  std::string what_, expression_;
  State state_;
};

}  // namespace rare::basic
