#include "filter.h"

#include <utility>

namespace rare::basic {

Spec Filter::spec() {
  return Spec("basic.filter")
      .summary("Keeps the records for which a jq expression holds.")
      .description(
          "A record is kept, as it is, when any value that the expression gives is neither false "
          "nor "
          "null, as with jq's select. An expression that fails on a record makes it a dead letter.")
      .required_param(&Filter::where_, "where", "The jq expression, over the record.")
      .param(&Filter::reason_, "reason", "",
             "What the others are counted under; empty: `not (EXPRESSION)`.");
}

Status Filter::open(Context&) {
  Result<JqProgram> program = JqProgram::compile("where", where_);
  if (!program) return program.status();
  program_ = std::move(*program);
  if (reason_.empty()) reason_ = "not (" + where_ + ")";
  return Status();
}

Status Filter::process(Record record, Output& out) {
  const Result<bool> holds = program_->holds(JqInput(record.fields()));
  if (!holds) return holds.status();
  return *holds ? out.emit(std::move(record)) : out.filter(reason_);
}

}  // namespace rare::basic
