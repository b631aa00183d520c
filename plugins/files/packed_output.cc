#include "packed_output.h"

#include <algorithm>
#include <utility>

namespace rare::files {
namespace {
constexpr std::size_t kCopyBytes = std::size_t{1} << 20;
}  // namespace

Status PackedOutput::begin(const std::string& path, Compression compression) {
  compression_ = compression;
  bytes_ = 0;
  tail_.clear();
  finished_.reset();
  return file_.begin(path);
}

Status PackedOutput::resume(const std::string& path, Compression compression, Place place) {
  compression_ = compression;
  bytes_ = place.bytes;
  tail_ = std::move(place.tail);
  finished_.reset();
  if (compression == Compression::none) return file_.resume(path, bytes_, bytes_);
  Result<std::string> last = last_frame(place.packed_bytes);
  if (!last) return last.status();
  return file_.resume(path, place.packed_bytes, place.packed_bytes + last->size());
}

Status PackedOutput::append(std::string_view row) {
  bytes_ += row.size();
  if (compression_ == Compression::none) return file_.append(row);
  if (file_.is_finished()) {
    // The last frame gives way to a fuller one, even if these rows do not fill it.
    if (Status reopened = file_.append({}); !reopened) return reopened;
  }
  tail_ += row;
  return tail_.size() >= kFrameBytes ? pack_tail() : Status();
}

Status PackedOutput::pack_tail() {
  Result<std::string> frame = pack_frame(compression_, tail_);
  if (!frame) return frame.status();
  tail_.clear();
  return file_.append(*frame);
}

Status PackedOutput::append_finished(std::uint64_t from, std::uint64_t to) {
  if (from >= to) return Status();
  if (compression_ == Compression::none) {
    bytes_ += to - from;
    return file_.append_finished(from, to);
  }
  if (!finished_) {
    auto opened = FrameReader::open(file_.path(), compression_);
    if (!opened) return opened.status();
    finished_ = std::move(*opened);
  }
  std::string row;  // the beginning of the one that the next bytes end
  while (finished_->offset() < to) {
    const bool passes = finished_->offset() < from;
    const std::uint64_t left = (passes ? from : to) - finished_->offset();
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
    if (passes) continue;
    std::string_view rest = *bytes;
    for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      row += rest.substr(0, end + 1);
      if (Status appended = append(row); !appended) return appended;
      row.clear();
      rest.remove_prefix(end + 1);
    }
    row += rest;
  }
  return Status();
}

Result<PackedOutput::Place> PackedOutput::sync() {
  Status synced = file_.sync();
  if (!synced) return synced;
  return Place{bytes_, file_.size_bytes(), tail_};
}

// What ends the file. An output without rows is an empty frame: no bytes at all are neither gzip
// nor zstd.
Result<std::string> PackedOutput::last_frame(std::uint64_t packed_bytes) const {
  const bool nothing_left = tail_.empty() && packed_bytes > 0;
  if (compression_ == Compression::none || nothing_left) return std::string();
  return pack_frame(compression_, tail_);
}

Status PackedOutput::finalise() {
  if (file_.is_finished()) return file_.finalise();
  Result<std::string> last = last_frame(file_.size_bytes());
  if (!last) return last.status();
  if (Status appended = file_.append(*last); !appended) return appended;
  return file_.finalise();
}

Status PackedOutput::publish_copy() {
  Result<std::string> last = last_frame(file_.size_bytes());
  return last ? file_.publish_copy(*last) : last.status();
}

}  // namespace rare::files
