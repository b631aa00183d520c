// basic.flatten: one record for each item of a list.
#pragma once

#include <string>

#include "rare/operator.h"
#include "rare/spec.h"

namespace rare::basic {

class Flatten final : public Operator {
 public:
  static Spec spec();
  Status open(Context& context) override;
  Status process(Record record, Output& out) override;

 private:
  std::string field_, output_key_;
  bool overwrite_ = false;
};

}  // namespace rare::basic
