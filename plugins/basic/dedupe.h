// basic.dedupe: of records that are equal, in all or in some fields, only the first.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "digest_set.h"
#include "rare/operator.h"
#include "rare/spec.h"

namespace rare::basic {

class Dedupe final : public Operator {
 public:
  static Spec spec();
  Status open(Context& context) override;
  Status process(Record record, Output& out) override;

 private:
  std::vector<std::string> field_;
  std::int64_t memory_limit_mb_ = 0;
  std::unique_ptr<DigestSet> seen_;
};

}  // namespace rare::basic
