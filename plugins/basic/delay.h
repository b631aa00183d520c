// basic.delay: lets each record wait, on no thread. For demonstrations and tests.
#pragma once

#include <memory>

#include "rare/operator.h"
#include "rare/spec.h"
#include "timer.h"

namespace rare::basic {

// Thread-safety: process() may run for many records at once.
class Delay final : public AsyncOperator {
 public:
  static Spec spec();
  Status open(Context& context) override;
  Task<Status> process(Record record, Output& out) override;

 private:
  double ms_ = 0;
  std::unique_ptr<Timer> timer_;
};

}  // namespace rare::basic
