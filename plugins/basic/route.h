// basic.route: leads each record to one of several outputs, by jq expressions.
#pragma once

#include <string>
#include <vector>

#include "jq_program.h"
#include "rare/operator.h"
#include "rare/spec.h"

namespace rare::basic {

class Route final : public Operator {
 public:
  static Spec spec();
  Status open(Context& context) override;
  Status process(Record record, Output& out) override;

 private:
  struct Way {
    std::string port;
    JqProgram condition;
  };
  Status add_ways(const Json& map);
  Result<const Way*> way_of(const Record& record);

  Json routes_;
  bool first_wins_ = false;
  std::vector<Way> ways_;
};

}  // namespace rare::basic
