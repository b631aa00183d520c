#include "dedupe.h"

#include <utility>

#include "sort_key.h"

namespace rare::basic {

Spec Dedupe::spec() {
  return Spec("basic.dedupe")
      .summary("Lets the first of equal records through, and filters the others.")
      .description(
          "First means: in the order of the input, whatever the threads do. Values are equal when "
          "they are the same to the last character; 1 and 1.0 are. A record without one of the "
          "fields is a dead letter. What was seen is kept as digests of 128 bits, and past "
          "`memory_limit_mb` on disk.")
      .param(&Dedupe::field_, "field", std::vector<std::string>{},
             "The field, or fields, that are compared; empty: the whole record.")
      .or_single()
      .param(
          &Dedupe::memory_limit_mb_, "memory_limit_mb", 256,
          "Most memory for what was seen (about 64 bytes a record); past it, it is a file of the "
          "run's folder with this much memory as its cache.")
      .range(1, 1048576)
      .unit("MiB")
      .no_effect_on_result()
      .reads_param("field")
      .gather();
}

Status Dedupe::open(Context& context) {
  seen_ = std::make_unique<DigestSet>(context, static_cast<std::size_t>(memory_limit_mb_) << 20);
  return Status();
}

Status Dedupe::process(Record record, Output& out) {
  std::string key;
  for (const std::string& field : field_) {
    const Json* value = record.find(field);
    if (value == nullptr) {
      return Status(StatusCode::invalid_data, "the record has no field '" + field + "'");
    }
    append_sort_key(*value, key);
  }
  if (field_.empty()) append_sort_key(record.fields(), key);
  const Result<bool> is_new = seen_->insert(digest_of(key));
  if (!is_new) return is_new.status();
  return *is_new ? out.emit(std::move(record)) : out.filter("duplicate");
}

}  // namespace rare::basic
