// basic.sample: keeps a share of the records, chosen by the run's seed.
#pragma once

#include <cstdint>
#include <string>

#include "rare/operator.h"
#include "rare/spec.h"

namespace rare::basic {

// Each record is drawn for by itself, from the seed, its id and the node's name: neither order nor
// threads nor other records matter, and two samplings of one pipeline are independent.
class Sample final : public Operator {
 public:
  static Spec spec();
  Status open(Context& context) override;
  Status process(Record record, Output& out) override;

 private:
  double share_ = 0;
  std::uint64_t seed_ = 0;
  std::string purpose_;
};

}  // namespace rare::basic
