#include "write_sink.h"

#include <algorithm>
#include <utility>

#include "json_element.h"
#include "rare/provenance.h"
#include "row_text.h"

namespace rare::files {
Spec WriteSink::spec() {
  return Spec("files.write")
      .summary("Writes records to a JSON Lines file.")
      .description(
          "One object a line. The file grows as PATH.part and gets its name when the run is "
          "complete. A compressed one is a row of frames of 1 MiB of rows, which any tool unpacks.")
      .required_param(&WriteSink::path_, "path", "The file to write; missing folders are made.")
      .output_path()
      .saves("path")
      .param(&WriteSink::format_, "format", "auto",
             "How the file is written; auto goes by its extension (.jsonl or .ndjson).")
      .choices({"auto", "jsonl"})
      .param(&WriteSink::compression_, "compression", "auto",
             "auto goes by a last extension .gz or .zst.")
      .choices({"auto", "none", "gzip", "zstd"})
      .param(&WriteSink::fields_, "fields", Json::array(),
             "The fields to write, in this order; empty: all, sorted by name.")
      .param(&WriteSink::meta_, "meta", false,
             "Write a last field `_rare` that says where the row comes from: `id` of the record "
             "(what `explain` takes), `replies` (keys in the reply store), and by node `models` "
             "and `prompts` (SHA-256 of system text, line break and prompt).");
}

Status WriteSink::open(Context& context, std::optional<Offset> committed) {
  context_ = &context;
  const std::string_view name = without_compression(path_);
  if (format_ == "auto" && !name.ends_with(".jsonl") && !name.ends_with(".ndjson")) {
    return Status::run_fault(StatusCode::invalid_argument,
                             path_ +
                                 ": expected the extension .jsonl or .ndjson (and .gz or .zst "
                                 "behind it), because JSON Lines is what is written; rename it, or "
                                 "say format: jsonl");
  }
  rows_ = 0;
  if (!committed) return file_.begin(path_, compression());
  Result<Place> place = place_of(*committed);
  if (!place) return place.status();
  rows_ = place->rows;
  return file_.resume(path_, compression(), std::move(place->output));
}

Compression WriteSink::compression() const {
  if (compression_ == "gzip") return Compression::gzip;
  if (compression_ == "zstd") return Compression::zstd;
  return compression_ == "none" ? Compression::none : compression_of_path(path_);
}

Result<WriteSink::Place> WriteSink::place_of(const Offset& offset) const {
  const Json& token = offset.token;
  const auto holds = [&token](const char* key, bool (Json::*is_right)() const) {
    return token.is_object() && token.contains(key) && (token[key].*is_right)();
  };
  const bool is_packed = holds("tail", &Json::is_string);
  if (!holds("bytes", &Json::is_number_integer) || !holds("rows", &Json::is_number_integer) ||
      (is_packed && !holds("packed_bytes", &Json::is_number_integer))) {
    return Status::run_fault(StatusCode::invalid_argument,
                             path_ +
                                 ": the offset kept by the earlier start cannot be understood; "
                                 "start with --fresh");
  }
  const auto number = [&token](const char* key) { return token[key].get<std::uint64_t>(); };
  Place place{{number("bytes"), number("bytes"), {}}, number("rows")};
  if (is_packed) {
    place.output.packed_bytes = number("packed_bytes");
    place.output.tail = token["tail"].get<std::string>();
  }
  return place;
}

Status WriteSink::accept(const Record& record) const { return encode(record).status(); }

Result<std::string> WriteSink::encode(const Record& record) const {
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
  std::string row;
  Status status = fields_.empty() ? append_all(row, object) : append_selected(row, object);
  if (status.ok() && meta_) status = append_provenance(row, record);
  if (!status.ok()) return status;
  row += row.empty() ? "{}\n" : "}\n";
  row.shrink_to_fit();  // it may wait for long, and is what the committer's window counts
  return row;
}

// Both leave out the closing bracket, and the opening one when there is no field.
Status WriteSink::append_all(std::string& row, const Json& object) const {
  for (auto at = object.begin(); at != object.end(); ++at) {
    if (leaves_out(at.key())) continue;
    row += row.empty() ? '{' : ',';
    Status appended = append_field(row, at.key(), at.value());
    if (!appended) return appended;
  }
  return Status();
}

Status WriteSink::append_selected(std::string& row, const Json& object) const {
  for (const std::string& field : fields_) {
    const auto at = object.find(field);
    if (at == object.end()) continue;
    row += row.empty() ? '{' : ',';
    Status appended = append_field(row, field, *at);
    if (!appended) return appended;
  }
  if (row.empty()) {
    return Status(StatusCode::invalid_data,
                  "expected at least one of the fields that `fields` names, came a record with "
                  "none of them; check the names");
  }
  warn_of_missing_fields(object);
  return Status();
}

// What operators noted for another sink of the run is no field of the records; what was read is.
bool WriteSink::leaves_out(const std::string& field) const {
  if (field != kProvenanceField) return false;
  return meta_ || (context_ != nullptr && context_->keeps_provenance());
}

Status WriteSink::append_provenance(std::string& row, const Record& record) const {
  const Json* noted = record.find(kProvenanceField);
  Json provenance = noted != nullptr && noted->is_object() ? *noted : Json::object();
  provenance["id"] = record.id().to_string();
  row += row.empty() ? '{' : ',';
  return append_field(row, kProvenanceField, provenance);
}

void WriteSink::warn_of_missing_fields(const Json& object) const {
  for (const std::string& field : fields_) {
    if (object.contains(field)) continue;
    {
      const std::lock_guard lock(mutex_);
      if (!warned_.insert(field).second) continue;
    }
    context_->log(LogLevel::warning, path_ + ": a row has no field " + Json(field).dump() +
                                         "; such rows are written without it");
  }
}

Status WriteSink::write(std::span<const Record> rows) {
  for (const Record& record : rows) {
    Result<std::string> row = encode(record);
    if (!row.ok()) {
      return Status::run_fault(StatusCode::internal,
                               path_ + ": record " + record.id().to_string() +
                                   " was not checked by accept(): " + row.status().message());
    }
    Status written = write_encoded(std::span(&*row, 1));
    if (!written) return written;
  }
  return Status();
}

Status WriteSink::write_encoded(std::span<const std::string> rows) {
  for (const std::string& row : rows) {
    Status appended = file_.append(row);
    if (!appended) return appended;
    rows_ += 1;
  }
  return Status();
}

std::optional<Offset> WriteSink::position() const {
  return Offset{Json{{"bytes", file_.size_bytes()}, {"rows", rows_}}};
}

Status WriteSink::copy_finished(const Offset& from, const Offset& to) {
  const Result<Place> begin = place_of(from);
  if (!begin) return begin.status();
  const Result<Place> end = place_of(to);
  if (!end) return end.status();
  Status copied = file_.append_finished(begin->output.bytes, end->output.bytes);
  if (copied) rows_ += end->rows - begin->rows;
  return copied;
}

Result<Offset> WriteSink::sync() {
  Result<PackedOutput::Place> place = file_.sync();
  if (!place) return place.status();
  Offset offset = *position();
  if (compression() != Compression::none) {
    offset.token["packed_bytes"] = place->packed_bytes;
    offset.token["tail"] = std::move(place->tail);
  }
  return offset;
}

Status WriteSink::finalise() { return file_.finalise(); }

Status WriteSink::publish_copy() { return file_.publish_copy(); }

}  // namespace rare::files
