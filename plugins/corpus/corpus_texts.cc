#include "plugins/corpus/corpus_texts.h"

#include <optional>

namespace rare::corpus {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\f\v";

Status cannot_use(const std::string& field, const std::string& what) {
  return Status(StatusCode::invalid_data, "expected text in the field `" + field + "`, " + what);
}

// What the corpus calls a record; empty: nothing.
std::string id_of(const Record& record, const std::string& field) {
  const Json* id = field.empty() ? nullptr : record.find(field);
  if (id == nullptr) return {};
  if (id->is_string()) return id->get<std::string>();
  return id->is_number_integer() ? id->dump() : std::string();
}

}  // namespace

Result<std::string_view> text_field(const Record& record, const std::string& field) {
  const Json* value = record.find(field);
  if (value == nullptr) return cannot_use(field, "but the record has no such field");
  if (!value->is_string()) {
    return cannot_use(field, std::string("found ") + value->type_name());
  }
  const auto& text = value->get_ref<const std::string&>();
  if (text.find_first_not_of(kBlanks) == std::string::npos) {
    return cannot_use(field, "found empty text");
  }
  return std::string_view(text);
}

Status read_texts(RecordStream& records, const CorpusFields& fields,
                  const std::function<bool()>& stopped, ReadProgress& progress,
                  const TakeText& take) {
  progress.records = progress.skipped = 0;
  while (true) {
    if (stopped()) return Status::cancelled();
    Result<std::optional<Record>> next = records.next();
    if (!next) return next.status();
    if (!next->has_value()) break;
    const Result<std::string_view> text = text_field(**next, fields.text);
    if (!text) ++progress.skipped;
    Status status = take(text ? *text : std::string_view(), id_of(**next, fields.id));
    if (!status.ok()) return status;
    ++progress.records;
  }
  if (progress.records > 0 && progress.skipped == progress.records) {
    return Status(StatusCode::invalid_data, "none of its " + std::to_string(progress.records) +
                                                " records has text in the field `" + fields.text +
                                                "`; `field` names the field that holds the text");
  }
  return Status();
}

}  // namespace rare::corpus
