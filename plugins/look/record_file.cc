#include "record_file.h"

#include <algorithm>
#include <fstream>
#include <utility>
#include <variant>
#include <vector>

#include "line_places.h"
#include "plugins/files/byte_reader.h"
#include "plugins/files/format.h"
#include "plugins/files/frame_codec.h"
#include "plugins/files/input_files.h"
#include "plugins/files/json_element.h"
#include "plugins/files/record_reader.h"

namespace rare::look {
namespace {

constexpr std::uint64_t kBytesAtATime = std::uint64_t{16} << 20;
constexpr std::uint64_t kRecordsAtATime = 2000;
constexpr std::uint64_t kRecordsBetweenPlaces = 500;

class PlainLines final : public RecordFile {
 public:
  explicit PlainLines(std::unique_ptr<LineFile> lines) : lines_(std::move(lines)) {}

  Result<std::optional<FoundRecord>> record(std::uint64_t number) override {
    Result<std::optional<std::string>> line = lines_->line(number);
    if (!line) return line.status();
    if (!*line) return std::optional<FoundRecord>();
    std::string& text = **line;
    if (number == 0) text.erase(0, files::byte_order_mark_bytes(text));
    if (text.ends_with('\r')) text.pop_back();
    const std::size_t bytes = text.size();
    FoundRecord found;
    if (bytes >= kMaxLineBytes) {
      found.fault = "longer than " + std::to_string(kMaxLineBytes) + " bytes";
    } else {
      text.append(files::ByteReader::kPaddingBytes, ' ');
      std::variant<Json, files::ParseProblem> parsed =
          parser_.parse_object(std::string_view(text).substr(0, bytes));
      if (Json* fields = std::get_if<Json>(&parsed)) {
        found.fields = std::move(*fields);
        return std::optional<FoundRecord>(std::move(found));
      }
      const files::ParseProblem& problem = std::get<files::ParseProblem>(parsed);
      found.fault = "column " + std::to_string(problem.byte + 1) + ": expected " +
                    problem.expected + ", came " + problem.came;
    }
    found.raw = text.substr(0, std::min(bytes, files::kMaxRawBytes));
    return std::optional<FoundRecord>(std::move(found));
  }
  Result<bool> look_on() override { return lines_->scan(kBytesAtATime); }
  std::uint64_t seen() const override { return lines_->places().records; }
  bool complete() const override { return lines_->complete(); }
  double share_seen() const override {
    return lines_->size_bytes() == 0 ? 1
                                     : static_cast<double>(lines_->places().scanned) /
                                           static_cast<double>(lines_->size_bytes());
  }
  bool keep() const override { return lines_->keep(); }

 private:
  std::unique_ptr<LineFile> lines_;
  files::ElementParser parser_;
};

// Of a format that only its reader can tell apart into records.
class ReadRecords final : public RecordFile {
 public:
  ReadRecords(std::string path, const files::Format& format, files::ReadSettings settings,
              std::uint64_t end, bool packed)
      : path_(std::move(path)),
        format_(format),
        settings_(std::move(settings)),
        end_(end),
        packed_(packed) {}

  Status open() {
    places_.push_back({});
    scout_ = format_.make_reader(settings_);
    return scout_->open(path_, {}, end_);
  }

  Result<std::optional<FoundRecord>> record(std::uint64_t number) override {
    if (number >= seen_) return std::optional<FoundRecord>();
    // To a place of a packed file all before it has to be unpacked: it is only gone back for.
    const bool far = !packed_ && number >= next_ + kRecordsBetweenPlaces;
    if (!walker_ || number < next_ || far) {
      const std::size_t place = static_cast<std::size_t>(number / kRecordsBetweenPlaces);
      walker_ = format_.make_reader(settings_);
      next_ = place * kRecordsBetweenPlaces;
      if (Status opened = walker_->open(path_, places_[place], end_); !opened) {
        walker_.reset();
        return opened;
      }
    }
    for (;;) {
      Result<std::optional<Json>> read = walker_->next();
      if (!read && read.status().fault() == Fault::run) return read.status();
      if (read && !*read) {
        return Status::run_fault(StatusCode::unavailable,
                                 path_ + " changed while it was read; open it again");
      }
      if (next_++ < number) continue;
      FoundRecord found;
      if (read) {
        found.fields = std::move(**read);
      } else {
        found.fault = read.status().message();
        found.raw = read.status().raw().value_or("");
      }
      return std::optional<FoundRecord>(std::move(found));
    }
  }
  Result<bool> look_on() override {
    for (std::uint64_t i = 0; i < kRecordsAtATime && !complete_; ++i) {
      const Result<std::optional<Json>> read = scout_->next();
      if (!read && read.status().fault() == Fault::run) {
        complete_ = true;
        return read.status();
      }
      if (read && !*read) {
        complete_ = true;
      } else if (++seen_ % kRecordsBetweenPlaces == 0) {
        places_.push_back(scout_->position());
      }
    }
    return !complete_;
  }
  std::uint64_t seen() const override { return seen_; }
  bool complete() const override { return complete_; }
  double share_seen() const override {
    if (complete_ || end_ == 0) return 1;
    return std::min(1.0, static_cast<double>(scout_->file_offset()) / static_cast<double>(end_));
  }

 private:
  std::string path_;
  const files::Format& format_;
  files::ReadSettings settings_;
  std::uint64_t end_;
  bool packed_;
  std::unique_ptr<files::RecordReader> scout_, walker_;
  std::uint64_t next_ = 0;  // what walker_ gives next
  std::uint64_t seen_ = 0;
  bool complete_ = false;
  std::vector<files::ReaderPosition> places_;  // one every kRecordsBetweenPlaces records
};

bool is_packed(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string start(4, '\0');
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(file.gcount()));
  return files::compression_of_bytes(start) != files::Compression::none;
}

}  // namespace

std::unique_ptr<RecordFile> records_of(std::unique_ptr<LineFile> lines) {
  return std::make_unique<PlainLines>(std::move(lines));
}

Result<bool> is_plain_lines(const std::string& path, const files::ReadParameters& parameters) {
  const Result<const files::Format*> format =
      files::find_format(parameters.format_, path, files::Purpose::read);
  if (!format) return format.status();
  if ((*format)->name != "jsonl" || parameters.encoding_ != "utf-8") return false;
  return !is_packed(path);
}

Result<std::unique_ptr<RecordFile>> RecordFile::open(const std::string& path,
                                                     const files::ReadParameters& parameters,
                                                     std::optional<std::uint64_t> end) {
  if (Status fine = parameters.check_settings(); !fine) return fine;
  const Result<files::FoundFiles> found =
      files::find_input_files({path}, [](const std::string&) { return true; });
  if (!found) return found.status();
  if (path == files::kStandardInput || found->files.size() != 1) {
    return Status::run_fault(StatusCode::invalid_argument,
                             "expected one file that can be read again and again, came " + path);
  }
  const files::InputFile& file = found->files.front();
  const Result<bool> plain = is_plain_lines(file.path, parameters);
  if (!plain) return plain.status();
  if (*plain) {
    Result<std::unique_ptr<LineFile>> lines = LineFile::open(file.path, end, true);
    if (!lines) return lines.status();
    return std::unique_ptr<RecordFile>(std::make_unique<PlainLines>(std::move(*lines)));
  }
  const Result<const files::Format*> format =
      files::find_format(parameters.format_, file.path, files::Purpose::read);
  if (!format) return format.status();
  auto records = std::make_unique<ReadRecords>(
      file.path, **format, parameters.settings(),
      std::min(end.value_or(file.size_bytes), file.size_bytes), is_packed(file.path));
  if (Status opened = records->open(); !opened) return opened;
  return std::unique_ptr<RecordFile>(std::move(records));
}

}  // namespace rare::look
