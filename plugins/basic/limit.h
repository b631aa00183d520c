// basic.limit: the first records of the whole set.
#pragma once

#include <cstdint>

#include "rare/operator.h"
#include "rare/spec.h"

namespace rare::basic {

class Limit final : public Operator {
 public:
  static Spec spec();
  Status process(Record record, Output& out) override;

 private:
  std::uint64_t count_ = 0, skip_ = 0;
  std::uint64_t seen_ = 0;
};

}  // namespace rare::basic
