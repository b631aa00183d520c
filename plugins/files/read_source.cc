#include "read_source.h"

#include <utility>

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
  Spec spec("files.read");
  spec.summary("Reads records from files: JSON Lines, JSON, CSV, text, Markdown and Parquet.")
      .description(
          "JSON Lines (.jsonl, .ndjson): one object a line; blank lines are no records. JSON "
          "(.json): an array of objects, or one object. CSV (.csv) and TSV (.tsv): a row is a "
          "record, whose fields the header line names. Text (.txt) and Markdown (.md): a record is "
          "a file, a paragraph or a line. All are streamed, and unpacked when they are compressed "
          "by "
          "gzip or zstd. What cannot be read as a record becomes a dead letter that names file, "
          "line "
          "and column.")
      .required_param(
          &ReadSource::path_, "path",
          "A file, a pattern with *, ? and [...], a folder (all files in it and below it "
          "whose extension tells a format), a list of them; or - for standard input, "
          "which a run that ended early cannot read again.")
      .or_single()
      .input_path();
  return add_read_parameters<ReadSource>(spec);
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

Status ReadSource::open(Context& context, std::optional<Position> position) {
  if (Status status = find_files(); !status.ok()) return status;
  if (passed_over_ > 0) {
    context.log(LogLevel::info, std::to_string(passed_over_) +
                                    " files in folders are passed over: their extensions tell no "
                                    "format");
  }
  if (reads_standard_input_) {
    if (position) {
      return Status::run_fault(
          StatusCode::invalid_argument,
          "standard input cannot be read again, so the earlier start cannot go "
          "on: start with --fresh, or keep the input in a file");
    }
    context.log(LogLevel::warning,
                "standard input is read once: a run that ends early cannot go on, and begins anew "
                "with --fresh (stored replies are used again)");
  }
  if (position) return go_to(position->token);
  return open();
}

Status ReadSource::find_files() {
  Result<FoundFiles> found = find_input_files(path_, [this](const std::string& path) {
    return format_ != "auto" || tells_format(path, Purpose::read);
  });
  if (!found) return found.status();
  files_ = std::move(found->files);
  passed_over_ = found->passed_over;
  bytes_total_ = 0;
  reads_standard_input_ = false;
  for (const InputFile& file : files_) {
    if (file.size_bytes == kUnknownSize) {
      reads_standard_input_ = true;
    } else {
      bytes_total_ += file.size_bytes;
    }
  }
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
    const std::uint64_t before = reader_->position().offset;
    Result<std::optional<Json>> object = reader_->next();
    bytes_done_.store(bytes_before_ + reader_->file_offset(), std::memory_order_relaxed);
    if (!object) return with_place_in_file(object.status(), before);
    if (*object) return std::optional<Record>(Record(std::move(**object)));
    if (file_ + 1 == files_.size()) return std::optional<Record>();
    bytes_before_ += reader_->file_offset();
    file_ += 1;
    Status opened = open_reader(ReaderPosition());
    if (!opened) return opened;
  }
}

// Of a record that holds what is no character: the message's column counts what it was turned into.
Status ReadSource::with_place_in_file(const Status& status, std::uint64_t from) const {
  const auto byte = reader_->undecodable(from, reader_->position().offset);
  if (!byte || status.fault() == Fault::run) return status;
  return Status(status.code(), status.message() + " (what stands at byte " + std::to_string(*byte) +
                                   " of the file is no character of " + encoding_ + ")")
      .with_raw(status.raw().value_or(""));
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
  Progress progress{bytes_done_.load(std::memory_order_relaxed), bytes_total_, "bytes"};
  if (reads_standard_input_) progress.total.reset();
  return progress;
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
