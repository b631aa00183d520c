// basic.count: how many records there are, in all or for each value of a field.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "external_sort.h"
#include "rare/operator.h"
#include "rare/spec.h"

namespace rare::basic {

class Count final : public Operator {
 public:
  static Spec spec();
  Status open(Context& context) override;
  Status process(Record record, Output& out) override;
  Status finish(Output& out) override;

 private:
  struct Group {
    std::string value;  // CBOR: of the first record of the group
    std::uint64_t count = 0;
  };
  // Moves the groups in memory into the sort.
  Status spill();

  std::string field_;
  std::int64_t memory_limit_mb_ = 0;

  std::uint64_t count_ = 0;
  std::map<std::string, Group> groups_;  // by sort key
  std::size_t used_bytes_ = 0;
  std::unique_ptr<ExternalSort> sort_;
};

}  // namespace rare::basic
