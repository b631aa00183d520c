#include "flatten.h"

#include <utility>

namespace rare::basic {

Spec Flatten::spec() {
  return Spec("basic.flatten")
      .summary("Makes one record for each item of a list.")
      .description(
          "Each new record has the other fields of the old one, and the item in place of the list. "
          "A "
          "record with an empty list is filtered; one without the list is a dead letter.")
      .required_param(&Flatten::field_, "field", "The field that holds the list.")
      .param(&Flatten::output_key_, "output_key", "",
             "The field for the item; empty: that of the list, which is gone in any case.")
      .param(
          &Flatten::overwrite_, "overwrite", false,
          "Whether the field `output_key` may be replaced where a record already has it, instead "
          "of stopping the run.")
      .reads_param("field")
      .writes_param("output_key");
}

Status Flatten::open(Context&) {
  if (output_key_.empty()) output_key_ = field_;
  return Status();
}

Status Flatten::process(Record record, Output& out) {
  const Json* found = record.find(field_);
  if (found == nullptr || !found->is_array()) {
    return Status(StatusCode::invalid_data,
                  "field '" + field_ + "': expected a list, " +
                      (found == nullptr ? "the record has no such field"
                                        : "got " + std::string(found->type_name())));
  }
  if (output_key_ != field_ && !overwrite_ && record.has(output_key_)) {
    return Status::run_fault(StatusCode::invalid_argument,
                             "the record already has a field '" + output_key_ +
                                 "'; give the item another name with `output_key`, or allow it to "
                                 "be replaced with `overwrite: true`");
  }
  if (found->empty()) return out.filter("'" + field_ + "' is an empty list");
  // Out of the record first, so that the copies do not carry the whole list.
  Json items = std::move(record.mutable_fields()[field_]);
  record.erase(field_);
  for (Json& item : items) {
    Record one = record;
    one[output_key_] = std::move(item);
    const Status status = out.emit(std::move(one));
    if (!status.ok()) return status;
  }
  return Status();
}

}  // namespace rare::basic
