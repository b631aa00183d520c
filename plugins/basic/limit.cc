#include "limit.h"

#include <utility>

namespace rare::basic {

Spec Limit::spec() {
  return Spec("basic.limit")
      .summary("Lets the first records through, and filters the others.")
      .description("First means: in the order of the input, whatever the threads do.")
      .required_param(&Limit::count_, "count", "How many records to let through.")
      .at_least(0)
      .unit("records")
      .param(&Limit::skip_, "skip", 0, "How many records to filter before them.")
      .at_least(0)
      .unit("records")
      .gather();
}

Status Limit::process(Record record, Output& out) {
  const std::uint64_t place = seen_++;
  if (place < skip_) return out.filter("skip");
  if (place - skip_ >= count_) return out.filter("limit");
  return out.emit(std::move(record));
}

}  // namespace rare::basic
