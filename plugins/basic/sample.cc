#include "sample.h"

#include <utility>

#include "rare/random.h"

namespace rare::basic {

Spec Sample::spec() {
  return Spec("basic.sample")
      .summary("Keeps a share of the records, chosen by the run's seed.")
      .description(
          "Whether a record is kept follows from the run's `seed`, its id and the node's name, and "
          "from nothing else: a second run keeps the same ones. The share is met on average.")
      .required_param(&Sample::share_, "share", "How many of the records to keep.")
      .range(0, 1);
}

Status Sample::open(Context& context) {
  seed_ = context.seed();
  purpose_ = "basic.sample " + context.name();
  return Status();
}

Status Sample::process(Record record, Output& out) {
  Random random(derive_seed(seed_, record.id().to_string(), purpose_));
  // The upper 53 bits: every double of [0, 1) that is a multiple of 2^-53, equally often.
  const double drawn = static_cast<double>(random.next() >> 11) * 0x1p-53;
  if (drawn < share_) return out.emit(std::move(record));
  return out.filter("not in the sample");
}

}  // namespace rare::basic
