#include "read_source.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "json_element.h"

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

// A label is shown in lines, and kept for every record that is in work.
std::string_view shortened_label(std::string_view text) {
  constexpr std::size_t kMostBytes = 256;
  return text.substr(0, whole_characters(text, kMostBytes));
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
  spec.param(&ReadSource::id_field_, "id_field", "",
             "A field whose value is the record's name for people: dead letters, `explain` and "
             "messages show it. Who a record is, its place in the input says; values may repeat.");
  spec.param(&ReadSource::append_, "append", false,
             "Whether a run goes on when its input has grown: lines that were appended to files "
             "(jsonl, csv, tsv, text by lines) and new files follow what was read. A last line is "
             "read once it has its line break, or is a whole object of JSON.")
      .no_effect_on_result();
  return add_read_parameters<ReadSource>(spec).grows_by("append");
}

void ReadSource::follow(Json earlier, bool takes_more) {
  earlier_ = std::move(earlier);
  takes_more_ = takes_more;
}

Status ReadSource::open(Context& context, std::optional<Position> position) {
  context_ = &context;
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
  passed_over_ = found->passed_over;
  if (Status checked = check_settings(); !checked) return checked;
  if (Status divided = find_parts(found->files); !divided) return divided;
  bytes_total_ = 0;
  reads_standard_input_ = false;
  for (const InputPart& part : parts_) {
    const Result<const Format*> format = find_format(format_, part.file.path, Purpose::read);
    if (!format) return format.status();
    if (part.file.size_bytes == kUnknownSize) {
      reads_standard_input_ = true;
    } else {
      bytes_total_ += part.file.size_bytes - part.begin_bytes;
    }
  }
  return append_ && reads_standard_input_
             ? Status::run_fault(StatusCode::invalid_argument,
                                 "path: standard input cannot be read again, so no run goes on "
                                 "over it: take `append` out, or keep the input in a file")
             : Status();
}

Status ReadSource::find_parts(const std::vector<InputFile>& files) {
  if (!earlier_) {
    parts_ = parts_of(files, append_);
    return Status();
  }
  const PartReading reading{[this](const InputPart& part) { return make_reader(part); }, format_,
                            encoding_};
  Result<FollowedParts> followed = follow_parts(*earlier_, files, takes_more_, reading);
  if (!followed) return followed.status();
  parts_ = std::move(followed->parts);
  say_moved(followed->moved);
  return Status();
}

void ReadSource::say_moved(const std::vector<MovedFile>& moved) {
  if (moved.empty() || context_ == nullptr) return;
  const std::string others =
      moved.size() == 1 ? "" : " (and " + std::to_string(moved.size() - 1) + " more likewise)";
  context_->log(LogLevel::info, moved.front().to + ": is taken for what an earlier start read as " +
                                    moved.front().from + others +
                                    ": it begins with all that was read, and goes on behind it");
}

Status ReadSource::open() {
  if (parts_.empty()) {
    if (Status status = find_files(); !status.ok()) return status;
  }
  part_ = 0;
  bytes_before_ = 0;
  return open_reader(parts_.front().from);
}

Status ReadSource::go_to(const Json& token) {
  ReaderPosition from;
  try {
    part_ = token.at("file").get<std::size_t>();
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
  if (part_ >= parts_.size()) {
    return Status::run_fault(
        StatusCode::invalid_argument,
        "path: the earlier start had read more files than are there now; put the input back as it "
        "was, or start with --fresh");
  }
  bytes_before_ = 0;
  for (std::size_t i = 0; i < part_; ++i) {
    bytes_before_ += parts_[i].file.size_bytes - parts_[i].begin_bytes;
  }
  const bool is_at_start = from.stage == Stage::start;
  return open_reader(is_at_start ? parts_[part_].from : from);
}

Result<std::unique_ptr<RecordReader>> ReadSource::make_reader(const InputPart& part) const {
  const Result<const Format*> format = find_format(format_, part.file.path, Purpose::read);
  if (!format) return format.status();
  ReadSettings chosen = settings();
  chosen.leaves_unfinished_line = part.leaves_unfinished_line;
  return (*format)->make_reader(chosen);
}

Status ReadSource::open_reader(const ReaderPosition& from) {
  const InputPart& part = parts_[part_];
  Result<std::unique_ptr<RecordReader>> reader = make_reader(part);
  if (!reader) return reader.status();
  reader_ = std::move(*reader);
  Status opened = reader_->open(part.file.path, from, part.file.size_bytes);
  note_progress();
  return opened;
}

void ReadSource::note_progress() {
  const std::uint64_t begin = parts_[part_].begin_bytes;
  const std::uint64_t at = std::max(reader_->file_offset(), begin);
  bytes_done_.store(bytes_before_ + at - begin, std::memory_order_relaxed);
}

Record ReadSource::labelled(Json object) const {
  Record record(std::move(object));
  if (id_field_.empty()) return record;
  const Json* const label = record.find(id_field_);
  if (label == nullptr || label->is_null()) return record;
  if (label->is_string()) {
    record.set_label(shortened_label(label->get_ref<const std::string&>()));
  } else if (label->is_primitive()) {
    record.set_label(label->dump());
  }
  return record;
}

void ReadSource::say_unfinished_line() {
  const std::optional<std::uint64_t> line = reader_->unfinished_line();
  if (!line || context_ == nullptr) return;
  context_->log(LogLevel::warning,
                parts_[part_].file.path + ":" + std::to_string(*line) +
                    ": what stands here has no line break yet and is left: a start that finds one "
                    "reads it");
}

Result<std::optional<Record>> ReadSource::next() {
  for (;;) {
    const std::uint64_t before = reader_->position().offset;
    Result<std::optional<Json>> object = reader_->next();
    note_progress();
    if (!object) return with_place_in_file(object.status(), before);
    if (*object) return std::optional<Record>(labelled(std::move(**object)));
    const Result<bool> more = open_next_part();
    if (!more) return more.status();
    if (!*more) return std::optional<Record>();
  }
}

Result<bool> ReadSource::open_next_part() {
  if (part_ + 1 == parts_.size()) {
    if (!std::exchange(has_ended_, true)) say_unfinished_line();
    return false;
  }
  say_unfinished_line();
  bytes_before_ = bytes_done_.load(std::memory_order_relaxed);
  part_ += 1;
  if (Status opened = open_reader(parts_[part_].from); !opened) return opened;
  return true;
}

Result<std::uint64_t> ReadSource::skip(std::uint64_t most) {
  std::uint64_t skipped = 0;
  for (;;) {
    const Result<std::uint64_t> of_part = reader_->skip(most - skipped);
    note_progress();
    if (!of_part) return of_part.status();
    skipped += *of_part;
    if (skipped == most) return skipped;
    const Result<bool> more = open_next_part();
    if (!more) return more.status();
    if (!*more) return skipped;
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
  return Position{Json{{"file", part_},
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

Result<Json> ReadSource::identity() const { return identify_parts(parts_); }

}  // namespace rare::files
