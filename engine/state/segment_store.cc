#include "engine/state/segment_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "engine/state/checksum.h"
#include "engine/state/folder.h"

namespace rare::engine {
namespace {

constexpr std::size_t kChecksumBytes = 4;

// 0 or the system's error.
int write_at(int descriptor, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written =
        pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written < 0 ? errno : ENOSPC;
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return 0;
}

int read_at(int descriptor, std::string& bytes, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = pread(descriptor, bytes.data() + done, bytes.size() - done,
                              static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got < 0 ? errno : EIO;
    done += static_cast<std::size_t>(got);
  }
  return 0;
}

}  // namespace

SegmentStore::~SegmentStore() {
  for (Segment& segment : segments_) close_segment(segment);
}

Status SegmentStore::failure(const char* doing, int system_error) const {
  return file_error(doing, folder_ + "/ (records that wait for their turn)", system_error);
}

Result<SegmentStore::Segment*> SegmentStore::open_segment() {
  if (!segments_.empty() && segments_.back().descriptor >= 0 &&
      segments_.back().end < segment_bytes_) {
    return &segments_.back();
  }
  Segment segment;
  segment.descriptor = open_nameless(folder_);
  if (segment.descriptor < 0) return failure("cannot make a file in", errno);
  segments_.push_back(segment);
  return &segments_.back();
}

void SegmentStore::close_segment(Segment& segment) {
  if (segment.descriptor < 0) return;
  close(segment.descriptor);
  segment.descriptor = -1;
  on_disk_ -= segment.end;
}

// An emptied segment that is still written to begins again: where little waits, and never for long,
// there would else be a file for each piece.
void SegmentStore::one_less(Segment& segment) {
  if (--segment.left > 0) return;
  if (&segment == &segments_.back() && ftruncate(segment.descriptor, 0) == 0) {
    on_disk_ -= std::exchange(segment.end, 0);
  } else {
    close_segment(segment);
  }
}

Result<SegmentStore::Slot> SegmentStore::put(std::string_view bytes) {
  const std::uint32_t sum = checksum(bytes);
  std::string piece(reinterpret_cast<const char*>(&sum), kChecksumBytes);
  piece += bytes;
  const std::lock_guard lock(mutex_);
  Result<Segment*> segment = open_segment();
  if (!segment) return segment.status();
  if (const int error = write_at((*segment)->descriptor, piece, (*segment)->end); error != 0) {
    return failure("cannot write to", error);
  }
  const Slot slot{static_cast<std::uint32_t>(segments_.size() - 1),
                  static_cast<std::uint32_t>(bytes.size()), (*segment)->end};
  (*segment)->end += piece.size();
  on_disk_ += piece.size();
  ++(*segment)->left;
  return slot;
}

Result<std::string> SegmentStore::take(const Slot& slot) {
  std::string piece(kChecksumBytes + slot.bytes, '\0');
  {
    const std::lock_guard lock(mutex_);
    Segment& segment = segments_[slot.segment];
    if (const int error = read_at(segment.descriptor, piece, slot.offset); error != 0) {
      return failure("cannot read from", error);
    }
    one_less(segment);
  }
  std::uint32_t expected = 0;
  std::memcpy(&expected, piece.data(), kChecksumBytes);
  piece.erase(0, kChecksumBytes);
  if (checksum(piece) != expected) {
    return Status::run_fault(StatusCode::invalid_data,
                             "the disk gave back other bytes than were written to " + folder_ +
                                 "; the same command goes on from the last checkpoint");
  }
  return piece;
}

void SegmentStore::forget(const Slot& slot) {
  const std::lock_guard lock(mutex_);
  one_less(segments_[slot.segment]);
}

}  // namespace rare::engine
