#include "read_source.h"

#include <utility>

#include "json_path.h"

namespace rare::files {
namespace {

using Stage = ReaderPosition::Stage;

constexpr std::pair<Stage, const char*> kStages[] = {{Stage::start, "start"},
                                                     {Stage::inside, "inside"},
                                                     {Stage::end, "end"},
                                                     {Stage::broken, "broken"}};

const char* name_of(Stage stage) {
  for (const auto& [value, name] : kStages) {
    if (value == stage) return name;
  }
  return "start";
}

}  // namespace

Spec ReadSource::spec() {
  return Spec("files.read")
      .summary("Reads records from JSON Lines, JSON and Parquet files.")
      .description(
          "JSON Lines (.jsonl, .ndjson): one object a line; blank lines are no records. JSON "
          "(.json): an array of objects, or one object. Both are streamed, and unpacked "
          "when they are compressed by gzip or zstd. What cannot be read as an object becomes a "
          "dead "
          "letter that names file, line and column.")
      .required_param(&ReadSource::path_, "path",
                      "A file, a list of files, or patterns with *, ? and [...].")
      .or_single()
      .input_path()
      .param(&ReadSource::format_, "format", "auto",
             "How the files are written; auto goes by each file's extension.")
      .choices(formats_to_read())
      .param(&ReadSource::delimiter_, "delimiter", "auto",
             "csv, tsv: the character between cells, or tab; auto: a tab in tsv, else the one of "
             ", ; | and tab that the first line has most of.")
      .param(
          &ReadSource::columns_, "columns", Json::array(),
          "csv, tsv: the fields of files that have no header line. parquet: the columns to read; "
          "empty: all.")
      .param(
          &ReadSource::infer_, "infer", false,
          "csv, tsv: whether a cell without quotes that is a number as JSON writes it, true, false "
          "or empty becomes a number, true, false or null. Otherwise every cell is text.")
      .param(&ReadSource::split_, "split", "file",
             "text, markdown: what a record is. It has the fields text and path, and line where it "
             "is a part of its file.")
      .choices({"file", "paragraph", "line"})
      .param(&ReadSource::records_, "records", "",
             "json: where in each document the array of records stands, as names of members: "
             "$.data.items. Empty: the document is the array, or the only record.");
}

ReadSettings ReadSource::settings() const {
  ReadSettings settings;
  settings.delimiter = delimiter_ == "tab" || delimiter_ == "\\t" ? "\t" : delimiter_;
  settings.columns = columns_;
  settings.infer = infer_;
  settings.split = split_;
  settings.records = records_;
  return settings;
}

Status ReadSource::check_settings() const {
  if (const auto way = parse_json_path(records_); !way) {
    return Status::run_fault(StatusCode::invalid_argument, "records: " + way.status().message());
  }
  const std::string delimiter = settings().delimiter;
  if (delimiter == "auto") return Status();
  if (delimiter.size() == 1 && delimiter.find_first_of("\"\r\n") == std::string::npos) {
    return Status();
  }
  return Status::run_fault(StatusCode::invalid_argument,
                           "delimiter: expected one ASCII character other than a quote or a line "
                           "break, tab or auto, came " +
                               Json(delimiter).dump());
}

Status ReadSource::choose_formats() {
  if (Status checked = check_settings(); !checked) return checked;
  formats_.clear();
  for (const InputFile& file : files_) {
    const Result<const Format*> format = find_format(format_, file.path, Purpose::read);
    if (!format) return format.status();
    formats_.push_back(*format);
  }
  return Status();
}

Status ReadSource::open(Context&, std::optional<Position> position) {
  if (Status status = find_files(); !status.ok()) return status;
  if (position) return go_to(position->token);
  return open();
}

Status ReadSource::find_files() {
  Result<std::vector<InputFile>> found = find_input_files(path_);
  if (!found) return found.status();
  files_ = std::move(*found);
  bytes_total_ = 0;
  for (const InputFile& file : files_) bytes_total_ += file.size_bytes;
  return choose_formats();
}

Status ReadSource::open() {
  if (files_.empty()) {
    if (Status status = find_files(); !status.ok()) return status;
  }
  file_ = 0;
  bytes_before_ = 0;
  return open_reader(ReaderPosition());
}

Status ReadSource::go_to(const Json& token) {
  ReaderPosition from;
  try {
    file_ = token.at("file").get<std::size_t>();
    from.offset = token.at("offset").get<std::uint64_t>();
    from.line = token.at("line").get<std::uint64_t>();
    from.line_start = token.at("line_start").get<std::uint64_t>();
    from.ordinal = token.at("ordinal").get<std::uint64_t>();
    const std::string stage = token.at("stage").get<std::string>();
    for (const auto& [value, name] : kStages) {
      if (stage == name) from.stage = value;
    }
  } catch (const Json::exception& error) {
    return Status::run_fault(StatusCode::invalid_argument,
                             "the position kept by the earlier start cannot be understood (" +
                                 std::string(error.what()) + "); start with --fresh");
  }
  if (file_ >= files_.size()) {
    return Status::run_fault(
        StatusCode::invalid_argument,
        "path: the earlier start had read more files than are there now; put the input back as it "
        "was, or start with --fresh");
  }
  bytes_before_ = 0;
  for (std::size_t i = 0; i < file_; ++i) bytes_before_ += files_[i].size_bytes;
  return open_reader(from);
}

Status ReadSource::open_reader(const ReaderPosition& from) {
  const InputFile& file = files_[file_];
  reader_ = formats_[file_]->make_reader(settings());
  Status opened = reader_->open(file.path, from, file.size_bytes);
  bytes_done_.store(bytes_before_ + reader_->file_offset(), std::memory_order_relaxed);
  return opened;
}

Result<std::optional<Record>> ReadSource::next() {
  for (;;) {
    Result<std::optional<Json>> object = reader_->next();
    bytes_done_.store(bytes_before_ + reader_->file_offset(), std::memory_order_relaxed);
    if (!object) return object.status();
    if (*object) return std::optional<Record>(Record(std::move(**object)));
    if (file_ + 1 == files_.size()) return std::optional<Record>();
    bytes_before_ += files_[file_].size_bytes;
    file_ += 1;
    Status opened = open_reader(ReaderPosition());
    if (!opened) return opened;
  }
}

Position ReadSource::position() const {
  const ReaderPosition at = reader_->position();
  return Position{Json{{"file", file_},
                       {"stage", name_of(at.stage)},
                       {"offset", at.offset},
                       {"line", at.line},
                       {"line_start", at.line_start},
                       {"ordinal", at.ordinal}}};
}

std::optional<Progress> ReadSource::progress() const {
  return Progress{bytes_done_.load(std::memory_order_relaxed), bytes_total_, "bytes"};
}

Result<Json> ReadSource::identity() const {
  Json list = Json::array();
  for (const InputFile& file : files_) {
    Result<Json> one = identify(file);
    if (!one) return one.status();
    list.push_back(std::move(*one));
  }
  return list;
}

}  // namespace rare::files
