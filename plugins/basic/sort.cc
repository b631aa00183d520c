#include "sort.h"

#include <utility>

#include "sort_key.h"

namespace rare::basic {

Spec Sort::spec() {
  return Spec("basic.sort")
      .summary("Puts all records into the order of one or more of their fields.")
      .description(
          "Values are ordered as jq orders them: null (also where a record lacks the field), "
          "false, "
          "true, numbers, texts by code points, lists, objects. Records that are equal in this "
          "stay "
          "in the order they came in. What does not fit into `memory_limit_mb` is sorted on disk.")
      .param(&Sort::by_, "by", std::vector<std::string>{},
             "The field to sort by, or several: by the first, then by the second, ...")
      .or_single()
      .param(&Sort::key_, "key", "",
             "Instead of `by`: a jq expression over the record that gives what to sort by; several "
             "values compare one after another.")
      .param(&Sort::descending_, "descending", false, "Whether the largest comes first.")
      .param(&Sort::memory_limit_mb_, "memory_limit_mb", 256,
             "Most memory for records that wait; what is beyond it goes to files of the run's "
             "folder.")
      .range(1, 1048576)
      .unit("MiB")
      .no_effect_on_result()
      .reads_param("by")
      .gather();
}

Status Sort::open(Context& context) {
  if (by_.empty() == key_.empty()) {
    return Status(StatusCode::invalid_argument,
                  by_.empty() ? "give `by`, a field or a list of fields, or `key`, a jq expression"
                              : "`by` and `key` exclude each other: take one of them out");
  }
  if (!key_.empty()) {
    Result<JqProgram> program = JqProgram::compile("key", key_);
    if (!program) return program.status();
    program_ = std::move(*program);
  }
  sort_ = std::make_unique<ExternalSort>(
      context, static_cast<std::size_t>(memory_limit_mb_) << 20,
      descending_ ? ExternalSort::Direction::descending : ExternalSort::Direction::ascending);
  return Status();
}

Result<std::string> Sort::key_of(const Record& record) {
  std::string key;
  if (!program_) {
    for (const std::string& field : by_) {
      const Json* value = record.find(field);
      append_sort_key(value == nullptr ? Json() : *value, key);
    }
    return key;
  }
  const Result<std::vector<Json>> values = program_->run(JqInput(record.fields()));
  if (!values) return values.status();
  for (const Json& value : *values) append_sort_key(value, key);
  return key;
}

Status Sort::process(Record record, Output&) {
  Result<std::string> key = key_of(record);
  if (!key) return key.status();
  return sort_->add({std::move(*key), codec_.encode(record)});
}

Status Sort::finish(Output& out) {
  return sort_->drain([&](Entry entry) {
    Result<Record> record = codec_.decode(entry.payload);
    if (!record) return record.status();
    return out.emit(std::move(*record));
  });
}

}  // namespace rare::basic
