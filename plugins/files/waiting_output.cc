#include "waiting_output.h"

#include <filesystem>
#include <optional>
#include <utility>

#include "byte_reader.h"

namespace rare::files {

Result<std::unique_ptr<FinishedRows>> FinishedRows::open(const PartNames& names,
                                                         const MakeReader& make_reader) {
  std::unique_ptr<FinishedRows> rows(new FinishedRows(names, make_reader));
  if (Status opened = rows->open_part(); !opened) return opened;
  return rows;
}

Status FinishedRows::open_part() {
  const std::string file = names_.name(part_);
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error) return file_failure(file, "opening", error.value());
  reader_ = make_reader_();
  return reader_->open(file, {}, size);
}

Result<std::optional<Json>> FinishedRows::next() {
  for (;;) {
    Result<std::optional<Json>> row = reader_->next();
    if (!row) return row.status();
    if (*row) {
      count_ += 1;
      return row;
    }
    std::error_code ignored;
    const std::string next_file = names_.name(part_ + 1);
    if (next_file == names_.name(part_) || !std::filesystem::exists(next_file, ignored)) return row;
    part_ += 1;
    if (Status opened = open_part(); !opened) return opened;
  }
}

void WaitingOutput::name_files(const std::string& path) {
  names_ = PartNames(path, rows_per_file_ > 0);
  is_finished_ = false;
  finished_.reset();
}

Status WaitingOutput::begin(const std::string& path) {
  count_ = 0;
  name_files(path);
  if (Status begun = rows_.begin(path); !begun) return begun;
  if (rows_per_file_ == 0) early_.begin(copy_of(0));
  return Status();
}

Status WaitingOutput::resume(const std::string& path, OutputPlace place) {
  count_ = place.rows;
  early_.give_up();
  name_files(path);
  std::error_code missing, ignored;
  const std::uintmax_t size = std::filesystem::file_size(path + rows_.working_suffix(), missing);
  if (missing && std::filesystem::exists(names_.name(0), ignored)) {
    is_finished_ = true;
    if (Status named = rows_.name(path); !named) return named;
    return check_finished(place.rows);
  }
  std::uint64_t bytes = place.bytes;
  if (!missing) {
    const Result<std::uint64_t> end = end_of_rows(path + rows_.working_suffix(), size, place);
    if (!end) return end.status();
    bytes = *end;
  }
  Status resumed = rows_.resume(path, bytes, OutputFile::kNoFinished, {});
  // Of parts that a start which was killed could give no name.
  return resumed ? names_.remove_from(0, kCopySuffix) : resumed;
}

// Where the first `place.rows` of them end; an error where there are not so many.
Result<std::uint64_t> WaitingOutput::end_of_rows(const std::string& working_path,
                                                 std::uint64_t size, const OutputPlace& place) {
  ByteReader reader;
  if (Status opened = reader.open(working_path, 0, size); !opened) return opened;
  for (std::uint64_t rows = 0; rows < place.rows; ++rows) {
    const Result<std::size_t> end = reader.line_end(0, kMaxRecordBytes);
    if (!end) return end.status();
    const std::string_view row = reader.window().substr(0, *end);
    if (!row.ends_with('\n')) {
      return Status::run_fault(
          StatusCode::invalid_argument,
          working_path + ": expected the " + std::to_string(place.rows) + " rows (" +
              std::to_string(place.bytes) + " bytes) that an earlier start wrote, came " +
              std::to_string(rows) + " (" + std::to_string(size) +
              " bytes); put the file back, or make the output anew with --fresh (stored replies "
              "are used again)");
    }
    reader.consume(row.size());
  }
  return reader.offset();
}

// The rows are gone and files are there: they are what was made of them only if they hold as many.
Status WaitingOutput::check_finished(std::uint64_t rows) {
  Result<std::unique_ptr<FinishedRows>> finished = FinishedRows::open(names_, make_reader_);
  if (!finished) return finished.status();
  Result<std::optional<Json>> row = std::optional<Json>(Json());
  while (row && *row) row = (*finished)->next();
  if (row && (*finished)->count() == rows) return Status();
  return Status::run_fault(
      StatusCode::invalid_argument,
      names_.pattern() + ": expected the " + std::to_string(rows) +
          " rows that an earlier start wrote, here or in " + rows_.working_path() + ", came " +
          (row ? std::to_string((*finished)->count()) : row.status().message()) +
          "; put it back, or make the output anew with --fresh (stored replies are used again)");
}

// They get the working name when all of them are there: a start that dies before that finds the
// finished output as it was.
Status WaitingOutput::wait_again() {
  Result<std::unique_ptr<FinishedRows>> finished = FinishedRows::open(names_, make_reader_);
  if (!finished) return finished.status();
  OutputFile again;
  const std::string copy = rows_.path() + kCopySuffix;
  if (Status begun = again.begin(copy); !begun) return begun;
  while ((*finished)->count() < count_) {
    const Result<std::optional<Json>> row = (*finished)->next();
    if (!row) return row.status();
    if (!*row) return check_finished(count_);
    if (Status appended = again.append((*row)->dump() + "\n"); !appended) return appended;
  }
  if (Status ended = again.finalise(); !ended) return ended;
  if (Status named = put_in_place(copy, rows_.working_path()); !named) return named;
  is_finished_ = false;
  return rows_.resume(rows_.path(), again.size_bytes(), OutputFile::kNoFinished, {});
}

Status WaitingOutput::append(std::string_view row) {
  if (is_finished_) {
    if (Status waits = wait_again(); !waits) return waits;
  }
  if (Status appended = rows_.append(row); !appended) return appended;
  count_ += 1;
  early_.take(row);
  return Status();
}

Status WaitingOutput::append_finished(const OutputPlace& from, const OutputPlace& to) {
  if (!finished_) {
    Result<std::unique_ptr<FinishedRows>> opened = FinishedRows::open(names_, make_reader_);
    if (!opened) return opened.status();
    finished_ = std::move(*opened);
  }
  while (finished_->count() < to.rows) {
    const bool passes = finished_->count() < from.rows;
    Result<std::optional<Json>> row = finished_->next();
    if (!row || !*row) {
      return Status::run_fault(
          StatusCode::invalid_data,
          names_.pattern() + ": expected " + std::to_string(to.rows) + " rows, came " +
              std::to_string(finished_->count()) +
              (row ? std::string() : " (" + row.status().message() + ")") +
              "; put the whole file back, or make the output anew with --fresh");
    }
    if (passes) continue;
    if (Status appended = append((*row)->dump() + "\n"); !appended) return appended;
  }
  return Status();
}

Result<OutputPlace> WaitingOutput::sync() {
  if (is_finished_) return place();
  if (Status synced = rows_.sync(); !synced) return synced;
  early_.wait();
  return place();
}

// Rows are never cut: what is appended ends with a line break, and so does what resume() keeps.
Status WaitingOutput::for_each_row(const std::function<Status(std::string_view)>& take) {
  ByteReader reader;
  Status status = reader.open(rows_.working_path(), 0, rows_.size_bytes());
  while (status) {
    const std::string_view window = reader.window();
    const std::size_t end = window.find('\n');
    if (end != std::string_view::npos) {
      status = take(window.substr(0, end));
      reader.consume(end + 1);
      continue;
    }
    Result<bool> more = reader.fill();
    if (!more || !*more) return more.status();
  }
  if (status.code() != StatusCode::invalid_data) return status;
  return Status::run_fault(StatusCode::invalid_data,
                           rows_.working_path() + ": " + status.message() +
                               "; the rows that wait there are damaged: make the output anew with "
                               "--fresh (stored replies are used again)");
}

std::uint64_t WaitingOutput::files() const {
  if (rows_per_file_ == 0 || count_ == 0) return 1;
  return (count_ - 1) / rows_per_file_ + 1;
}

std::vector<std::string> WaitingOutput::locations() const { return names_.first(files()); }

Status WaitingOutput::survey_rows() {
  if (!file_->surveys()) return Status();
  return for_each_row([this](std::string_view row) {
    Status fits = file_->survey(row);
    if (fits.code() != StatusCode::invalid_argument) return fits;
    return Status::run_fault(fits.code(), rows_.path() + ": " + fits.message());
  });
}

// Under names of their own until all are there.
Status WaitingOutput::write_copies() {
  std::uint64_t part = 0;
  std::uint64_t rows = 0;
  Status status = file_->open(copy_of(part));
  if (!status) return status;
  status = for_each_row([&](std::string_view row) -> Status {
    if (rows_per_file_ > 0 && rows == rows_per_file_) {
      if (Status closed = file_->close(); !closed) return closed;
      if (Status opened = file_->open(copy_of(++part)); !opened) return opened;
      rows = 0;
    }
    ++rows;
    return file_->add(row);
  });
  return status ? file_->close() : status;
}

Status WaitingOutput::write_files() {
  Status status;
  if (!early_.finish(count_)) {
    file_->forget();
    status = survey_rows();
    if (status) status = write_copies();
  }
  for (std::uint64_t part = 0; status && part < files(); ++part) {
    status = put_in_place(copy_of(part), names_.name(part));
  }
  return status ? names_.remove_from(files()) : status;
}

// A start that dies between the files' names and the end of the rows does it all again.
Status WaitingOutput::finalise() {
  if (is_finished_) return Status();
  if (Status synced = rows_.sync(); !synced) return synced;
  if (Status written = write_files(); !written) return written;
  if (Status discarded = rows_.discard(); !discarded) return discarded;
  is_finished_ = true;
  return Status();
}

Status WaitingOutput::publish_copy() { return is_finished_ ? Status() : write_files(); }

}  // namespace rare::files
