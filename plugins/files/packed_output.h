// An output file that may be compressed: whole rows go into frames (frame_codec.h) of kFrameBytes,
// which end where a row ends.
//
// Where frames end follows from the rows alone, never from when the output was synced or an earlier
// start ended: equal rows give equal files. Rows that fill no frame yet are kept by whoever keeps
// the Place. Without compression it is the plain OutputFile.
// Thread-safety: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "frame_codec.h"
#include "output_file.h"
#include "rare/status.h"

namespace rare::files {

class PackedOutput {
 public:
  // Also what of a compressed output stands in the state at most; little, because every checkpoint
  // writes it anew.
  static constexpr std::size_t kFrameBytes = std::size_t{1} << 20;

  // How far the output has come. `bytes` counts rows as they were before they were packed.
  struct Place {
    std::uint64_t bytes = 0;
    std::uint64_t packed_bytes = 0;  // whole frames; equal to `bytes` without compression
    std::string tail;                // of `bytes`, what is in no frame yet
  };

  Status begin(const std::string& path, Compression compression);
  Status resume(const std::string& path, Compression compression, Place place);

  // REQUIRES: a whole row.
  Status append(std::string_view row);
  // Appends rows of the finished output, from `from` up to before `to`, which stand at the
  // beginnings of rows. REQUIRES: begin(); the ranges of several calls come in ascending order.
  Status append_finished(std::uint64_t from, std::uint64_t to);
  // All but the tail is on disk.
  Result<Place> sync();
  Status finalise();
  Status publish_copy();

  std::uint64_t size_bytes() const { return bytes_; }

 private:
  Result<std::string> last_frame(std::uint64_t packed_bytes) const;
  Status pack_tail();

  OutputFile file_;
  Compression compression_ = Compression::none;
  std::uint64_t bytes_ = 0;
  std::string tail_;
  std::unique_ptr<FrameReader> finished_;  // what append_finished() reads
};

}  // namespace rare::files
