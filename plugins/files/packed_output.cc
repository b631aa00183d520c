#include "packed_output.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "byte_source.h"

namespace rare::files {
namespace {

constexpr std::size_t kCopyBytes = std::size_t{1} << 20;

// Finds where rows end in bytes that come piece by piece.
class RowEnds {
 public:
  explicit RowEnds(bool quotes_hide_breaks) : quotes_hide_breaks_(quotes_hide_breaks) {}

  // How many of the bytes belong to the row that they begin or go on with; npos: all, and it does
  // not end here.
  std::size_t next(std::string_view bytes) {
    if (!quotes_hide_breaks_) {
      const std::size_t end = bytes.find('\n');
      return end == std::string_view::npos ? end : end + 1;
    }
    for (std::size_t at = bytes.find_first_of("\"\n"); at != std::string_view::npos;
         at = bytes.find_first_of("\"\n", at + 1)) {
      if (bytes[at] == '"') {
        is_quoted_ = !is_quoted_;
      } else if (!is_quoted_) {
        return at + 1;
      }
    }
    return std::string_view::npos;
  }

 private:
  const bool quotes_hide_breaks_;
  bool is_quoted_ = false;
};

}  // namespace

Status PackedOutput::begin(const std::string& path) {
  bytes_ = rows_ = 0;
  tail_.clear();
  finished_.reset();
  Status begun = file_.begin(path);
  return begun ? add(format_.head()) : begun;
}

Status PackedOutput::resume(const std::string& path, OutputPlace place) {
  bytes_ = place.bytes;
  rows_ = place.rows;
  tail_ = std::move(place.tail);
  finished_.reset();
  const std::uint64_t there = compression_ == Compression::none ? bytes_ : place.packed_bytes;
  const Result<std::uint64_t> finished = finished_bytes(path, there);
  if (!finished) return finished.status();
  return file_.resume(path, there, *finished, place.end_digest);
}

// The size of the file that has ended behind its first `packed_bytes`. Another version of the
// library that compresses may have made another last frame of the same bytes.
Result<std::uint64_t> PackedOutput::finished_bytes(const std::string& path,
                                                   std::uint64_t packed_bytes) const {
  const Result<std::string> last = last_bytes(packed_bytes);
  if (!last) return last.status();
  const std::uint64_t expected = packed_bytes + last->size();
  std::error_code error;
  const std::uintmax_t found = std::filesystem::file_size(path, error);
  if (compression_ == Compression::none || error || found <= packed_bytes || found == expected) {
    return expected;
  }
  Result<std::unique_ptr<FileBytes>> bytes = FileBytes::open(path, packed_bytes, found);
  if (!bytes) return expected;  // nobody needs it while the working file is there
  Result<std::unique_ptr<FrameReader>> frames =
      FrameReader::open(path, compression_, std::move(*bytes), "");
  if (!frames) return frames.status();
  const std::string unpacked = tail_ + format_.end(rows_ > 0);
  std::string there;
  while (there.size() <= unpacked.size()) {
    const Result<std::string> more = (*frames)->read(unpacked.size() + 1 - there.size());
    if (!more) return expected;  // it is another file
    if (more->empty()) break;
    there += *more;
  }
  return there == unpacked ? found : expected;
}

Status PackedOutput::append(std::string_view row) {
  if (rows_++ > 0 || format_.first_bytes().empty()) return add(row);
  std::string first(format_.first_bytes());
  first += row.substr(first.size());
  return add(first);
}

Status PackedOutput::add(std::string_view bytes) {
  bytes_ += bytes.size();
  if (compression_ == Compression::none) return file_.append(bytes);
  if (file_.is_finished()) {
    // The last frame gives way to a fuller one, even if these rows do not fill it.
    if (Status reopened = file_.append({}); !reopened) return reopened;
  }
  tail_ += bytes;
  return tail_.size() >= kFrameBytes ? pack_tail() : Status();
}

Status PackedOutput::pack_tail() {
  Result<std::string> frame = pack_frame(compression_, tail_);
  if (!frame) return frame.status();
  tail_.clear();
  return file_.append(*frame);
}

// A row that is the first here, or was it there, begins as its new place wants it.
Status PackedOutput::append_finished(const OutputPlace& from, const OutputPlace& to) {
  if (Status same = check_finished(to); !same) return same;
  if (from.bytes >= to.bytes) return Status();
  std::string begins;
  if (!format_.first_bytes().empty() && (rows_ == 0) != (from.rows == 0)) {
    begins = rows_ == 0 ? std::string(format_.first_bytes()) : std::string(format_.later_bytes());
  }
  const std::uint64_t start = from.bytes + begins.size();
  rows_ += to.rows - from.rows;
  if (compression_ != Compression::none) return copy_rows(std::move(begins), start, to.bytes);
  if (Status added = add(begins); !added) return added;
  bytes_ += to.bytes - start;
  return file_.append_finished(start, to.bytes);
}

// Rows that somebody put into the finished output, or took out of it, would be cut.
Status PackedOutput::check_finished(const OutputPlace& end) const {
  if (end.end_digest.empty()) return Status();  // not the output's end
  if (compression_ != Compression::none) {
    return file_.check_finished(end.packed_bytes, OutputFile::kNoFinished, end.end_digest);
  }
  const std::uint64_t behind = format_.end(end.rows > 0).size();
  return file_.check_finished(end.bytes, end.bytes + behind, end.end_digest);
}

// `row`: the beginning of the first one, which stands before `from`.
Status PackedOutput::copy_rows(std::string row, std::uint64_t from, std::uint64_t to) {
  if (!finished_) {
    auto opened = FrameReader::open(file_.path(), compression_);
    if (!opened) return opened.status();
    finished_ = std::move(*opened);
  }
  if (Status skipped = finished_->skip_to(from); !skipped) return skipped;
  RowEnds ends(format_.quotes_hide_breaks());
  while (finished_->offset() < to) {
    const std::uint64_t left = to - finished_->offset();
    Result<std::string> bytes = finished_->read(std::min<std::uint64_t>(kCopyBytes, left));
    if (!bytes) return bytes.status();
    if (bytes->empty()) {
      return Status::run_fault(StatusCode::invalid_data,
                               file_.path() + ": expected " + std::to_string(to) +
                                   " bytes when unpacked, came " +
                                   std::to_string(finished_->offset()) +
                                   "; put the whole file back, or make the output anew with "
                                   "--fresh");
    }
    std::string_view rest = *bytes;
    for (std::size_t end = ends.next(rest); end != std::string_view::npos; end = ends.next(rest)) {
      row += rest.substr(0, end);
      if (Status added = add(row); !added) return added;
      row.clear();
      rest.remove_prefix(end);
    }
    row += rest;
  }
  return Status();
}

Result<OutputPlace> PackedOutput::sync() {
  if (Status synced = file_.sync(); !synced) return synced;
  Result<std::string> digest = file_.end_digest();
  if (!digest) return digest.status();
  return OutputPlace{bytes_, file_.size_bytes(), tail_, rows_, std::move(*digest)};
}

// What ends the file. A compressed one without rows is an empty frame: no bytes at all are neither
// gzip nor zstd.
Result<std::string> PackedOutput::last_bytes(std::uint64_t packed_bytes) const {
  const std::string end = format_.end(rows_ > 0);
  if (compression_ == Compression::none) return end;
  const std::string last = tail_ + end;
  if (last.empty() && packed_bytes > 0) return std::string();
  return pack_frame(compression_, last);
}

Status PackedOutput::complete() {
  if (file_.is_finished()) return Status();
  Result<std::string> last = last_bytes(file_.size_bytes());
  if (!last) return last.status();
  if (Status appended = file_.append(*last); !appended) return appended;
  return file_.sync();
}

Status PackedOutput::finalise() {
  Status completed = complete();
  return completed ? file_.finalise() : completed;
}

Status PackedOutput::publish_copy() {
  Result<std::string> last = last_bytes(file_.size_bytes());
  return last ? file_.publish_copy(*last) : last.status();
}

}  // namespace rare::files
