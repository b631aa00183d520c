#include "write_sink.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "json_element.h"

namespace rare::files {
namespace {

// Names go into messages, which are written as JSON themselves.
std::string shown(const std::string& name) {
  return Json(name).dump(-1, ' ', true, Json::error_handler_t::replace);
}

Status refused(const std::string& field, const std::string& expected, const std::string& came) {
  return Status(StatusCode::invalid_data,
                "field " + shown(field) + ": expected " + expected + ", came " + came);
}

Status check_name(const std::string& name) {
  if (first_invalid_utf8(name) == name.size()) return Status();
  return refused(name, "a name in UTF-8", "other bytes").with_raw(name);
}

// What JSON Lines cannot hold: nlohmann would throw for text that is no UTF-8, and write null for a
// number that is not finite. `field` is the record's own field that holds the value.
Status check_value(const std::string& field, const Json& value) {
  switch (value.type()) {
    case Json::value_t::string: {
      const std::string& text = value.get_ref<const std::string&>();
      const std::size_t at = first_invalid_utf8(text);
      if (at == text.size()) return Status();
      return refused(field, "UTF-8 text", "something else at byte " + std::to_string(at))
          .with_raw(text);
    }
    case Json::value_t::number_float:
      if (std::isfinite(value.get<double>())) return Status();
      return refused(field, "a finite number", "infinity or not-a-number");
    case Json::value_t::binary:
    case Json::value_t::discarded:
      return refused(field, "a JSON value", "binary data");
    case Json::value_t::array:
      for (const Json& item : value) {
        Status checked = check_value(field, item);
        if (!checked) return checked;
      }
      return Status();
    case Json::value_t::object:
      for (const auto& [name, item] : value.items()) {
        Status checked = check_name(name);
        if (checked) checked = check_value(field, item);
        if (!checked) return checked;
      }
      return Status();
    default:
      return Status();
  }
}

}  // namespace

Spec WriteSink::spec() {
  return Spec("files.write")
      .summary("Writes records to a JSON Lines file.")
      .description(
          "One object a line. The file grows as PATH.part and gets its name when the run is "
          "complete.")
      .required_param(&WriteSink::path_, "path", "The file to write; missing folders are made.")
      .output_path()
      .param(&WriteSink::format_, "format", "auto",
             "How the file is written; auto goes by its extension (.jsonl or .ndjson).")
      .choices({"auto", "jsonl"})
      .param(&WriteSink::fields_, "fields", Json::array(),
             "The fields to write, in this order; empty: all, sorted by name.");
}

Status WriteSink::open(Context& context, std::optional<Offset> committed) {
  context_ = &context;
  if (format_ == "auto" && !path_.ends_with(".jsonl") && !path_.ends_with(".ndjson")) {
    return Status::run_fault(StatusCode::invalid_argument,
                             path_ +
                                 ": expected the extension .jsonl or .ndjson, because JSON "
                                 "Lines is what is written; rename it, or say format: jsonl");
  }
  quoted_fields_.clear();
  for (const std::string& field : fields_) quoted_fields_.push_back(Json(field).dump());
  rows_ = 0;
  if (!committed) return file_.begin(path_);
  const Json& token = committed->token;
  if (!token.is_object() || !token.contains("bytes") || !token["bytes"].is_number_integer() ||
      !token.contains("rows") || !token["rows"].is_number_integer()) {
    return Status::run_fault(StatusCode::invalid_argument,
                             path_ +
                                 ": the offset kept by the earlier start cannot be understood; "
                                 "start with --fresh");
  }
  rows_ = token["rows"].get<std::uint64_t>();
  return file_.resume(path_, token["bytes"].get<std::uint64_t>());
}

Status WriteSink::accept(const Record& record) const {
  const Json& object = record.fields();
  if (!object.is_object()) {
    return Status(StatusCode::invalid_data,
                  std::string("expected a record that is an object, came ") + object.type_name());
  }
  if (!nesting_is_allowed(object)) {
    return Status(StatusCode::invalid_data, "expected a record nested at most " +
                                                std::to_string(kMaxNesting) +
                                                " deep, came a deeper one");
  }
  bool any = false;
  for (const auto& [name, value] : object.items()) {
    if (!fields_.empty() && std::find(fields_.begin(), fields_.end(), name) == fields_.end()) {
      continue;
    }
    any = true;
    Status checked = check_name(name);
    if (checked) checked = check_value(name, value);
    if (!checked) return checked;
  }
  if (any || fields_.empty()) return Status();
  return Status(StatusCode::invalid_data,
                "expected at least one of the fields that `fields` names, came a record with none "
                "of them; check the names");
}

std::string WriteSink::row_of(const Json& object) {
  if (fields_.empty()) return object.dump();
  std::string row = "{";
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const auto at = object.find(fields_[i]);
    if (at == object.end()) {
      if (warned_.insert(fields_[i]).second) {
        context_->log(LogLevel::warning, path_ + ": a row has no field " + quoted_fields_[i] +
                                             "; such rows are written without it");
      }
      continue;
    }
    if (row.size() > 1) row += ',';
    row += quoted_fields_[i];
    row += ':';
    row += at->dump();
  }
  row += '}';
  return row;
}

Status WriteSink::write(std::span<const Record> rows) {
  for (const Record& record : rows) {
    std::string row;
    try {
      row = row_of(record.fields());
    } catch (const Json::exception& error) {
      return Status::run_fault(StatusCode::internal,
                               path_ + ": record " + record.id().to_string() +
                                   " was not checked by accept(): " + error.what());
    }
    row += '\n';
    Status appended = file_.append(row);
    if (!appended) return appended;
    rows_ += 1;
  }
  return Status();
}

Result<Offset> WriteSink::sync() {
  Status synced = file_.sync();
  if (!synced) return synced;
  return Offset{Json{{"bytes", file_.size_bytes()}, {"rows", rows_}}};
}

Status WriteSink::finalise() { return file_.finalise(); }

Status WriteSink::publish_copy() { return file_.publish_copy(); }

}  // namespace rare::files
