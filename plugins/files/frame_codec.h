// Compressed files as a row of frames, each of which unpacks by itself: members of gzip (RFC 1952)
// or frames of zstd (RFC 8878). Put one behind the other they are one file that every tool reads.
//
// Equal bytes give equal frames: no time and no name is in them.
// Thread-safety: functions any thread; a FrameReader one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "byte_source.h"
#include "rare/status.h"

namespace rare::files {

enum class Compression { none, gzip, zstd };

// By the last extension, .gz or .zst.
Compression compression_of_path(std::string_view path);
// Without that extension.
std::string_view without_compression(std::string_view path);

// One whole frame; gzip at level 6, zstd at level 3 with a checksum. An error is a run fault (no
// memory).
Result<std::string> pack_frame(Compression compression, std::string_view bytes);

// By a file's first four bytes.
Compression compression_of_bytes(std::string_view first_bytes);

// What a file of frames holds, front to back. The file stays as it is while it is read.
class FrameReader : public ByteSource {
 public:
  // REQUIRES: a compression. A file that is damaged or ends within a frame is a run fault
  // (invalid_data) that names the path and gives `advice`.
  static Result<std::unique_ptr<FrameReader>> open(const std::string& path, Compression compression,
                                                   std::unique_ptr<ByteSource> packed,
                                                   std::string advice);
  // A finished output.
  static Result<std::unique_ptr<FrameReader>> open(const std::string& path,
                                                   Compression compression);

  // The next bytes, at least one and at most `most`; none at the end of the file.
  Result<std::string> read(std::size_t most);
  using ByteSource::read;
  // Leaves what stands before `offset`; what it holds less than that is a run fault. Whole frames
  // of zstd that say how much they hold, as ours do, are not unpacked for it.
  virtual Status skip_to(std::uint64_t offset) = 0;
  // How many bytes were given or left out.
  std::uint64_t offset() const { return offset_; }

 protected:
  std::uint64_t offset_ = 0;
};

}  // namespace rare::files
