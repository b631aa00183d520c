// basic.sort: all records in the order of one or more of their fields.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "external_sort.h"
#include "jq_program.h"
#include "rare/operator.h"
#include "rare/spec.h"
#include "record_codec.h"

namespace rare::basic {

class Sort final : public Operator {
 public:
  static Spec spec();
  Status open(Context& context) override;
  Status process(Record record, Output& out) override;
  Status finish(Output& out) override;

 private:
  Result<std::string> key_of(const Record& record);

  std::vector<std::string> by_;
  std::string key_;
  bool descending_ = false;
  std::int64_t memory_limit_mb_ = 0;

  std::optional<JqProgram> program_;
  std::unique_ptr<ExternalSort> sort_;
  RecordCodec codec_;
};

}  // namespace rare::basic
