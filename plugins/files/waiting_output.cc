#include "waiting_output.h"

#include <filesystem>
#include <optional>
#include <utility>

#include "byte_reader.h"

namespace rare::files {

Status WaitingOutput::begin(const std::string& path) {
  count_ = 0;
  finished_.reset();
  if (Status begun = rows_.begin(path); !begun) return begun;
  early_.begin(copy_path());
  return Status();
}

Status WaitingOutput::resume(const std::string& path, OutputPlace place) {
  count_ = place.rows;
  finished_.reset();
  early_.give_up();
  Status resumed = rows_.resume(path, place.bytes, OutputFile::kAnySize);
  if (!resumed) return resumed;
  // Of a start that was killed: it may be large.
  std::error_code ignored;
  std::filesystem::remove(copy_path(), ignored);
  return rows_.is_finished() ? check_finished(place.rows) : Status();
}

// The rows are gone and a file is there: it is what was made of them only if it holds as many.
Status WaitingOutput::check_finished(std::uint64_t rows) {
  if (Status opened = open_finished(); !opened) return opened;
  Result<std::optional<Json>> row = std::optional<Json>(Json());
  while (row && *row) row = finished_->next();
  if (row && finished_->position().ordinal == rows) return Status();
  return Status::run_fault(
      StatusCode::invalid_argument,
      rows_.path() + ": expected the " + std::to_string(rows) +
          " rows that an earlier start wrote, in this file or in " + rows_.working_path() +
          ", came " +
          (row ? std::to_string(finished_->position().ordinal) : row.status().message()) +
          "; put the file back, or make the output anew with --fresh (stored replies are used "
          "again)");
}

Status WaitingOutput::open_finished() {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(rows_.path(), error);
  if (error) return file_failure(rows_.path(), "opening", error.value());
  finished_ = make_reader_();
  return finished_->open(rows_.path(), {}, size);
}

Status WaitingOutput::append(std::string_view row) {
  if (rows_.is_finished()) {
    return Status::run_fault(StatusCode::invalid_argument,
                             rows_.path() +
                                 ": is finished, and a file of this format takes no more rows; "
                                 "write to another path, or make it anew with --fresh");
  }
  if (Status appended = rows_.append(row); !appended) return appended;
  count_ += 1;
  early_.take(row);
  return Status();
}

Status WaitingOutput::append_finished(const OutputPlace& from, const OutputPlace& to) {
  if (!finished_) {
    if (Status opened = open_finished(); !opened) return opened;
  }
  while (finished_->position().ordinal < to.rows) {
    const bool passes = finished_->position().ordinal < from.rows;
    Result<std::optional<Json>> row = finished_->next();
    if (!row || !*row) {
      return Status::run_fault(
          StatusCode::invalid_data,
          rows_.path() + ": expected " + std::to_string(to.rows) + " rows, came " +
              std::to_string(finished_->position().ordinal) +
              (row ? std::string() : " (" + row.status().message() + ")") +
              "; put the whole file back, or make the output anew with --fresh");
    }
    if (passes) continue;
    if (Status appended = append((*row)->dump() + "\n"); !appended) return appended;
  }
  return Status();
}

Result<OutputPlace> WaitingOutput::sync() {
  if (Status synced = rows_.sync(); !synced) return synced;
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

Status WaitingOutput::write_file(const std::string& copy) {
  file_->forget();
  Status status;
  if (file_->surveys()) {
    status = for_each_row([this](std::string_view row) {
      Status fits = file_->survey(row);
      if (fits.code() != StatusCode::invalid_argument) return fits;
      return Status::run_fault(fits.code(), rows_.path() + ": " + fits.message());
    });
  }
  if (status) status = file_->open(copy);
  if (status) status = for_each_row([this](std::string_view row) { return file_->add(row); });
  return status ? file_->close() : status;
}

Status WaitingOutput::put_file_in_place() {
  const std::string copy = copy_path();
  if (!early_.finish(count_)) {
    if (Status written = write_file(copy); !written) return written;
  }
  return put_in_place(copy, rows_.path());
}

// A start that dies between the file's name and the end of the rows does it all again.
Status WaitingOutput::finalise() {
  if (rows_.is_finished()) return Status();
  if (Status synced = rows_.sync(); !synced) return synced;
  if (Status placed = put_file_in_place(); !placed) return placed;
  return rows_.discard();
}

Status WaitingOutput::publish_copy() {
  return rows_.is_finished() ? Status() : put_file_in_place();
}

}  // namespace rare::files
