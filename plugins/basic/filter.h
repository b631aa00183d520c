// basic.filter: keeps the records for which a jq expression holds.
#pragma once

#include <optional>
#include <string>

#include "jq_program.h"
#include "rare/operator.h"
#include "rare/spec.h"

namespace rare::basic {

// The record itself goes on untouched: no number of it goes through jq and back.
class Filter final : public Operator {
 public:
  static Spec spec();
  Status open(Context& context) override;
  Status process(Record record, Output& out) override;

 private:
  std::string where_, reason_;
  std::optional<JqProgram> program_;
};

}  // namespace rare::basic
