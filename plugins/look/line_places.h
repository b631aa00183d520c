// Where the records of a file of JSON Lines begin: a sparse index, built while the file is looked
// at and kept beside it, so that the five millionth record of ten gigabytes is there at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rare/status.h"

namespace rare::look {

// A record is a line that is not blank; they are counted from 0.
struct LinePlaces {
  struct Entry {
    std::uint64_t record;
    std::uint64_t offset;  // of its line
  };
  // Record 0 is not among them: it is looked for from the beginning.
  std::vector<Entry> entries;
  std::uint64_t records = 0;  // that begin before `scanned`
  std::uint64_t scanned = 0;  // bytes; a line begins there, or the file ends
};

// What tells a file from another in its place, and from itself after a change.
struct FileFacts {
  std::uint64_t size_bytes = 0, inode = 0;
  std::int64_t changed_ns = 0;  // its bytes; a copy or an unpacked file may bring an old time
  std::int64_t status_changed_ns = 0;  // bytes or anything else; nobody can set it
  bool operator==(const FileFacts&) const = default;
};

// How far apart places are at least.
inline constexpr std::uint64_t kBytesBetweenPlaces = std::uint64_t{256} << 10;
// A line that is longer is not held: what is given of it is its beginning.
inline constexpr std::uint64_t kMaxLineBytes = std::uint64_t{256} << 20;

bool is_blank(std::string_view line);

// The lines of one plain file, by their number. Thread-safety: one thread at a time. Owns its
// descriptor.
class LineFile {
 public:
  // Looks at the first `end` bytes, or all that the file has. Places that were kept beside it are
  // taken over where they are of the very same file, unchanged; `use_kept`: whether at all.
  static Result<std::unique_ptr<LineFile>> open(const std::string& path,
                                                std::optional<std::uint64_t> end, bool use_kept);
  ~LineFile();
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  std::uint64_t size_bytes() const { return end_; }
  const LinePlaces& places() const { return places_; }
  bool complete() const { return places_.scanned == end_; }
  // Looks at about `bytes` more. False when there is no more.
  Result<bool> scan(std::uint64_t bytes);
  // As scan(), by somebody who read the same lines already. REQUIRES: `record` and `offset` grow.
  void note(std::uint64_t record, std::uint64_t offset, std::uint64_t length);

  // A record's line without its end. Nothing: it has not been scanned yet, or there are fewer. The
  // record behind the last one is at hand; what was read is kept for those near it.
  Result<std::optional<std::string>> line(std::uint64_t record);
  // Bytes as they stand in the file; fewer at its end.
  Result<std::string> bytes(std::uint64_t offset, std::size_t most) const;

  // Keeps the places beside the file (kept_path()), whole or not at all, if there are any. False:
  // it cannot be written there, which costs nothing but time.
  bool keep() const;
  static std::string kept_path(const std::string& path);

 private:
  LineFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  void take_kept();
  // What the file has from there on, as much as is at hand; empty at its end. Valid until the next.
  Result<std::string_view> at_hand(std::uint64_t offset);
  // The line that begins where was scanned to.
  void take_line(std::uint64_t line_end, bool blank);
  Status failure(int error) const;

  std::string path_;
  int descriptor_;
  std::uint64_t end_ = 0;
  std::uint64_t size_ = 0;  // of the whole file
  FileFacts facts_;
  LinePlaces places_;
  std::uint64_t kept_scanned_ = 0;
  LinePlaces::Entry next_{0, 0};  // behind the line that was given last
  std::string chunk_;             // what was read last
  std::uint64_t chunk_offset_ = 0;
};

}  // namespace rare::look
