// basic.exec: an operator that is a program of the user's, in any language (docs/exec.md).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "exec_children.h"
#include "rare/operator.h"
#include "rare/spec.h"

namespace rare::basic {

// Thread-safety: process() may run for many records at once.
class Exec final : public AsyncOperator {
 public:
  static Spec spec();
  Status open(Context& context) override;
  Task<Status> process(Record record, Output& out) override;

 private:
  Status add_environment(std::vector<std::string>& environment) const;

  std::vector<std::string> command_;
  std::size_t programs_ = 1, batch_ = 1;
  double answer_timeout_s_ = 0;
  std::string folder_, version_;
  Json environment_;
  bool deterministic_ = false;
  std::unique_ptr<ExecChildren> children_;
};

}  // namespace rare::basic
