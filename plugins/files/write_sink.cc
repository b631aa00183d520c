#include "write_sink.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "divided_output.h"
#include "json_rows.h"
#include "packed_output.h"
#include "rare/provenance.h"
#include "row_fields.h"
#include "waiting_output.h"

namespace rare::files {
Spec WriteSink::spec() {
  return Spec("files.write")
      .summary("Writes records to a JSON Lines, JSON, CSV or Parquet file.")
      .description(
          "JSON Lines has one object a line; JSON one array of them; CSV and TSV a header line and "
          "a row for each record. The file grows as PATH.part and gets its name when the run is "
          "complete. A compressed one is a row of frames of 1 MiB of rows, which any tool unpacks. "
          "Parquet, and CSV without `fields`, is written whole when the run is complete; until "
          "then its rows wait in PATH.part.")
      .required_param(&WriteSink::path_, "path", "The file to write; missing folders are made.")
      .output_path()
      .saves("path")
      .param(&WriteSink::format_, "format", "auto",
             "How the file is written; auto goes by its extension.")
      .choices(formats_to_write())
      .param(
          &WriteSink::compression_, "compression", "auto",
          "auto goes by a last extension .gz or .zst; in a Parquet file, whose pages are packed, "
          "it is zstd. snappy, lz4 and brotli are known to Parquet alone.")
      .choices({"auto", "none", "gzip", "zstd", "snappy", "lz4", "brotli"})
      .param(&WriteSink::fields_, "fields", Json::array(),
             "The fields to write, in this order; empty: all, sorted by name.")
      .param(&WriteSink::rows_per_file_, "max_records_per_file", 0,
             "0: one file. Otherwise files of at most so many records, whose names have a number "
             "from 00000 before the extension: rare.jsonl becomes rare-00000.jsonl and so on.")
      .param(
          &WriteSink::schema_, "schema", Json::object(),
          "parquet: the columns by name, with their types: bool, int32, int64, uint64, float, "
          "double, string, json, binary, date, time, timestamp, decimal(P, S), [TYPE], map(TYPE) "
          "or a map of names and types. A record that does not fit is a dead letter. Empty: what "
          "all rows hold decides.")
      .param(&WriteSink::meta_, "meta", false,
             "Write a last field `_rare` that says where the row comes from: `id` of the record "
             "(what `explain` takes), `replies` (keys in the reply store), and by node `models` "
             "and `prompts` (SHA-256 of system text, line break and prompt).");
}

// Once: a preview asks for rows without open(), and from many threads.
Status WriteSink::choose_format() const {
  std::call_once(chosen_, [this] {
    const Result<const Format*> found = find_format(format_, path_, Purpose::write);
    if (!found) {
      choice_ = found.status();
      return;
    }
    format_of_file_ = *found;
    if (Status known = check_compression(); !known) {
      choice_ = std::move(known);
      return;
    }
    // The rows of CSV, which `make_rows` makes, are not what waits for a file written whole.
    const bool are_rows_checked =
        format_of_file_->make_rows != nullptr && !format_of_file_->wants_fields;
    if (is_written_whole(*format_of_file_, settings()) && !are_rows_checked) {
      rows_ = std::make_unique<JsonLineRows>();  // as which they wait for their file
      return;
    }
    Result<std::unique_ptr<RowFormat>> rows = format_of_file_->make_rows(settings());
    if (rows) {
      rows_ = std::move(*rows);
    } else {
      choice_ = Status::run_fault(rows.status().code(), path_ + ": " + rows.status().message());
    }
  });
  return choice_;
}

Status WriteSink::check_compression() const {
  const bool is_of_pages =
      compression_ == "snappy" || compression_ == "lz4" || compression_ == "brotli";
  if (!is_of_pages || format_of_file_->packs_itself) return Status();
  return Status::run_fault(StatusCode::invalid_argument,
                           path_ + ": expected none, gzip or zstd for a file of " +
                               format_of_file_->name + ", came `compression: " + compression_ +
                               "`, which packs the pages of Parquet files alone");
}

WriteSettings WriteSink::settings() const {
  WriteSettings settings{fields_, schema_, compression_, compression()};
  if (!meta_) return settings;
  if (!fields_.empty()) settings.fields.emplace_back(kProvenanceField);
  if (!schema_.empty()) settings.schema.emplace(kProvenanceField, "json");
  return settings;
}

Status WriteSink::open(Context& context, std::optional<Offset> committed) {
  context_ = &context;
  if (Status chosen = choose_format(); !chosen) return chosen;
  // What is finished takes the place of what bears its name, be it /dev/stdout.
  std::error_code unknown;
  const std::filesystem::file_status there = std::filesystem::status(path_, unknown);
  // A folder is refused where the output is begun.
  if (std::filesystem::exists(there) && !std::filesystem::is_regular_file(there) &&
      !std::filesystem::is_directory(there)) {
    return Status::run_fault(StatusCode::invalid_argument,
                             path_ +
                                 ": expected the name of a file, came a device, pipe or socket: "
                                 "name a file, and `cat` it when the run has ended");
  }
  Result<std::unique_ptr<RowOutput>> output = make_output();
  if (!output) return output.status();
  output_ = std::move(*output);
  if (!committed) return output_->begin(path_);
  Result<OutputPlace> place = place_of(*committed);
  return place ? output_->resume(path_, std::move(*place)) : place.status();
}

Result<std::unique_ptr<RowOutput>> WriteSink::make_output() const {
  if (is_written_whole(*format_of_file_, settings())) {
    const Format* format = format_of_file_;
    Result<std::unique_ptr<WholeFile>> file = format->make_file(settings());
    if (!file) {
      return Status::run_fault(file.status().code(), path_ + ": " + file.status().message());
    }
    ReadSettings as_written;
    as_written.infer = true;
    return std::unique_ptr<RowOutput>(std::make_unique<WaitingOutput>(
        std::move(*file), [format, as_written] { return format->make_reader(as_written); },
        rows_per_file_, working_suffix_));
  }
  const auto make_part = [this] {
    return std::make_unique<PackedOutput>(*rows_, compression(), working_suffix_);
  };
  if (rows_per_file_ == 0) return std::unique_ptr<RowOutput>(make_part());
  return std::unique_ptr<RowOutput>(std::make_unique<DividedOutput>(make_part, rows_per_file_));
}

std::vector<std::string> WriteSink::locations() const {
  return output_ ? output_->locations() : std::vector<std::string>{location()};
}

bool WriteSink::in_place_up_to(const Offset& end) const {
  const Json& token = end.token;
  const auto number = [&token](const char* key) {
    return token.is_object() ? token.value(key, std::uint64_t{0}) : 0;
  };
  std::uint64_t files = number("part") + 1;
  if (rows_per_file_ > 0 && !token.contains("part") && number("rows") > 0) {
    files = (number("rows") - 1) / rows_per_file_ + 1;
  }
  const std::vector<std::string> names = this->names().first(files);
  return std::all_of(names.begin(), names.end(), OutputFile::in_place);
}

// Of the bytes that are appended: a format that packs its own is no concern of them.
Compression WriteSink::compression() const {
  if (format_of_file_->packs_itself) return Compression::none;
  if (compression_ == "gzip") return Compression::gzip;
  if (compression_ == "zstd") return Compression::zstd;
  return compression_ == "none" ? Compression::none : compression_of_path(path_);
}

Result<OutputPlace> WriteSink::place_of(const Offset& offset) const {
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
  OutputPlace place{number("bytes"), number("bytes"), {}, number("rows"), {}};
  if (is_packed) {
    place.packed_bytes = number("packed_bytes");
    place.tail = token["tail"].get<std::string>();
  }
  if (holds("end_sha256", &Json::is_string)) place.end_digest = token["end_sha256"];
  if (holds("part", &Json::is_number_integer) &&
      holds("bytes_of_earlier_parts", &Json::is_number_integer)) {
    place.part = number("part");
    place.bytes_of_earlier_parts = number("bytes_of_earlier_parts");
  }
  return place;
}

Status WriteSink::accept(const Record& record) const { return encode(record).status(); }

Result<std::string> WriteSink::encode(const Record& record) const {
  if (Status chosen = choose_format(); !chosen) return chosen;
  const Json& object = record.fields();
  if (!object.is_object()) {
    return Status(StatusCode::invalid_data,
                  std::string("expected a record that is an object, came ") + object.type_name());
  }
  // What operators noted for another sink of the run is no field of the records; what was read is.
  const bool has_notes = meta_ || (context_ != nullptr && context_->keeps_provenance());
  Result<std::vector<RowField>> fields = row_fields(object, fields_, has_notes);
  if (!fields) return fields.status();
  warn_of_missing_fields(object);
  if (!meta_) return rows_->encode(*fields);
  static const std::string kName = kProvenanceField;
  const Json provenance = provenance_of(record);
  fields->push_back({&kName, &provenance});
  return rows_->encode(*fields);
}

Json WriteSink::provenance_of(const Record& record) const {
  const Json* noted = record.find(kProvenanceField);
  Json provenance = noted != nullptr && noted->is_object() ? *noted : Json::object();
  provenance["id"] = record.id().to_string();
  return provenance;
}

void WriteSink::warn_of_missing_fields(const Json& object) const {
  if (context_ == nullptr) return;  // a preview shows the row
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
                               path_ + ": record " + record.id().described() +
                                   " was not checked by accept(): " + row.status().message());
    }
    Status written = write_encoded(std::span(&*row, 1));
    if (!written) return written;
  }
  return Status();
}

Status WriteSink::write_encoded(std::span<const std::string> rows) {
  for (const std::string& row : rows) {
    if (Status appended = output_->append(row); !appended) return appended;
  }
  return Status();
}

std::optional<Offset> WriteSink::position() const {
  if (!output_->can_append_finished()) return std::nullopt;
  const OutputPlace place = output_->place();
  return Offset{Json{{"bytes", place.bytes}, {"rows", place.rows}}};
}

Status WriteSink::copy_finished(const Offset& from, const Offset& to) {
  const Result<OutputPlace> begin = place_of(from);
  if (!begin) return begin.status();
  const Result<OutputPlace> end = place_of(to);
  return end ? output_->append_finished(*begin, *end) : end.status();
}

Result<Offset> WriteSink::sync() {
  Result<OutputPlace> place = output_->sync();
  if (!place) return place.status();
  Offset offset{Json{{"bytes", place->bytes}, {"rows", place->rows}}};
  if (!place->end_digest.empty()) offset.token["end_sha256"] = place->end_digest;
  if (!output_->can_append_finished()) {
    offset.token["part"] = place->part;
    offset.token["bytes_of_earlier_parts"] = place->bytes_of_earlier_parts;
  }
  if (compression() != Compression::none) {
    offset.token["packed_bytes"] = place->packed_bytes;
    offset.token["tail"] = std::move(place->tail);
  }
  return offset;
}

Status WriteSink::finalise() { return output_->finalise(); }

Status WriteSink::publish_copy() { return output_->publish_copy(); }

}  // namespace rare::files
