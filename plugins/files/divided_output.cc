#include "divided_output.h"

#include <filesystem>

namespace rare::files {

Status DividedOutput::begin(const std::string& path) {
  names_ = PartNames(path, true);
  part_ = bytes_of_earlier_parts_ = 0;
  first_.reset();
  Status begun = begin_part();
  return begun ? remove_unwanted(1) : begun;
}

Status DividedOutput::begin_part() {
  output_ = make_part_();
  return output_->begin(names_.name(part_));
}

// A part has its working name until the output ends, and from then on its own.
Result<std::uint64_t> DividedOutput::size_of_full(std::uint64_t part) const {
  if (const auto size = size_of(working_name(part)); size) return *size;
  if (const auto size = size_of(names_.name(part)); size) return *size;
  return Status::run_fault(
      StatusCode::invalid_argument,
      working_name(part) +
          ": expected what an earlier start wrote, came no file; put it back, or make the output "
          "anew with --fresh (stored replies are used again)");
}

Status DividedOutput::resume(const std::string& path, OutputPlace place) {
  names_ = PartNames(path, true);
  part_ = place.part;
  bytes_of_earlier_parts_ = place.bytes_of_earlier_parts;
  std::uint64_t bytes = 0;
  for (std::uint64_t part = 0; part < part_; ++part) {
    const Result<std::uint64_t> size = size_of_full(part);
    if (!size) return size.status();
    bytes += *size;
  }
  if (bytes != bytes_of_earlier_parts_) {
    return Status::run_fault(
        StatusCode::invalid_argument,
        names_.pattern() + ": expected the " + std::to_string(bytes_of_earlier_parts_) +
            " bytes that an earlier start wrote into its first " + std::to_string(part_) +
            " files, came " + std::to_string(bytes) +
            "; put them back, or make the output anew with --fresh (stored replies are used "
            "again)");
  }
  if (Status held = hold_first(); !held) return held;
  output_ = make_part_();
  Status resumed = output_->resume(names_.name(part_), std::move(place));
  return resumed ? remove_unwanted(part_ + 1) : resumed;
}

// Working files from `part` on, and copies that a start which was killed could give no name.
Status DividedOutput::remove_unwanted(std::uint64_t part) const {
  Status removed = names_.remove_from(part, kWorkingSuffix);
  return removed ? names_.remove_from(0, kCopySuffix) : removed;
}

Status DividedOutput::hold_first() {
  first_.reset();
  if (part_ == 0) return Status();
  const auto size = size_of(working_name(0));
  if (!size) return Status();  // all of it has ended
  first_ = std::make_unique<OutputFile>();
  return first_->resume(names_.name(0), *size, OutputFile::kNoFinished, {});
}

Status DividedOutput::append(std::string_view row) {
  if (output_->place().rows == rows_per_file_) {
    if (Status ended = end_part(); !ended) return ended;
  }
  return output_->append(row);
}

Status DividedOutput::end_part() {
  if (Status completed = output_->complete(); !completed) return completed;
  output_.reset();
  const Result<std::uint64_t> size = size_of_full(part_);
  if (!size) return size.status();
  bytes_of_earlier_parts_ += *size;
  part_ += 1;
  if (!first_) {
    if (Status held = hold_first(); !held) return held;
  }
  return begin_part();
}

Status DividedOutput::append_finished(const OutputPlace&, const OutputPlace&) {
  return Status::run_fault(StatusCode::internal,
                           names_.pattern() + ": rows of several files are not taken over");
}

Result<OutputPlace> DividedOutput::sync() {
  Result<OutputPlace> place = output_->sync();
  if (!place) return place.status();
  place->part = part_;
  place->bytes_of_earlier_parts = bytes_of_earlier_parts_;
  return place;
}

OutputPlace DividedOutput::place() const {
  OutputPlace place = output_->place();
  place.part = part_;
  place.bytes_of_earlier_parts = bytes_of_earlier_parts_;
  return place;
}

// Each part whose working file is there waits for its name; a start that dies between two of them
// goes on with the next.
Status DividedOutput::finalise() {
  for (std::uint64_t part = 0; part < part_; ++part) {
    if (!size_of(working_name(part))) continue;
    if (Status named = put_in_place(working_name(part), names_.name(part)); !named) return named;
  }
  first_.reset();
  if (Status finalised = output_->finalise(); !finalised) return finalised;
  return names_.remove_from(part_ + 1);
}

Status DividedOutput::publish_copy() {
  for (std::uint64_t part = 0; part < part_; ++part) {
    const auto size = size_of(working_name(part));
    if (!size) continue;
    OutputFile other;
    OutputFile& file = part == 0 && first_ ? *first_ : other;
    if (&file == &other) {
      Status opened = file.resume(names_.name(part), *size, OutputFile::kNoFinished, {});
      if (!opened) return opened;
    }
    if (Status copied = file.publish_copy({}); !copied) return copied;
  }
  if (Status copied = output_->publish_copy(); !copied) return copied;
  return names_.remove_from(part_ + 1);
}

}  // namespace rare::files
