// An output that grows row by row and may be compressed: whole rows go into frames (frame_codec.h)
// of kFrameBytes, which end where a row ends.
//
// Where frames end follows from the rows alone, never from when the output was synced or an earlier
// start ended: equal rows give equal files. Rows that fill no frame yet are kept by whoever keeps
// the place. Without compression it is the plain OutputFile.
// Thread-safety: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "frame_codec.h"
#include "output_file.h"
#include "row_format.h"
#include "row_output.h"

namespace rare::files {

class PackedOutput final : public RowOutput {
 public:
  // Also what of a compressed output stands in the state at most; little, because every checkpoint
  // writes it anew.
  static constexpr std::size_t kFrameBytes = std::size_t{1} << 20;

  // `format` outlives the output.
  PackedOutput(const RowFormat& format, Compression compression,
               std::string working_suffix = kWorkingSuffix)
      : format_(format), compression_(compression), file_(std::move(working_suffix)) {}

  Status begin(const std::string& path) override;
  Status resume(const std::string& path, OutputPlace place) override;
  Status append(std::string_view row) override;
  Status append_finished(const OutputPlace& from, const OutputPlace& to) override;
  Result<OutputPlace> sync() override;
  OutputPlace place() const override { return {bytes_, bytes_, {}, rows_, {}}; }
  Status finalise() override;
  Status publish_copy() override;
  std::vector<std::string> locations() const override { return {file_.path()}; }
  // Ends the file under its working name, on disk. Nothing follows but finalise().
  Status complete();

 private:
  Status add(std::string_view bytes);
  Status check_finished(const OutputPlace& end) const;
  Status copy_rows(std::string row, std::uint64_t from, std::uint64_t to);
  Result<std::string> last_bytes(std::uint64_t packed_bytes) const;
  Result<std::uint64_t> finished_bytes(const std::string& path, std::uint64_t packed_bytes) const;
  Status pack_tail();

  const RowFormat& format_;
  const Compression compression_;
  OutputFile file_;
  std::uint64_t bytes_ = 0;
  std::uint64_t rows_ = 0;
  std::string tail_;
  std::unique_ptr<FrameReader> finished_;  // what append_finished() reads
};

}  // namespace rare::files
