// An output that is a file of at most so many rows, and another one behind it, and so on. All of
// them have their working names until the whole output ends.
//
// A file that is full is ended and on disk before a row of the next one is committed. The next
// start counts the bytes of those that are full, and cuts back the one that grows.
// Thread-safety: one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "output_file.h"
#include "packed_output.h"
#include "part_names.h"
#include "row_output.h"

namespace rare::files {

class DividedOutput final : public RowOutput {
 public:
  using MakePart = std::function<std::unique_ptr<PackedOutput>()>;
  // REQUIRES: rows_per_file > 0.
  DividedOutput(MakePart make_part, std::uint64_t rows_per_file)
      : make_part_(std::move(make_part)), rows_per_file_(rows_per_file), names_("", false) {}

  Status begin(const std::string& path) override;
  Status resume(const std::string& path, OutputPlace place) override;
  Status append(std::string_view row) override;
  Status append_finished(const OutputPlace& from, const OutputPlace& to) override;
  // Rows would have to move from file to file: who wants others in the midst makes all anew.
  bool can_append_finished() const override { return false; }
  Result<OutputPlace> sync() override;
  OutputPlace place() const override;
  Status finalise() override;
  Status publish_copy() override;
  std::vector<std::string> locations() const override { return names_.first(part_ + 1); }

 private:
  std::string working_name(std::uint64_t part) const { return names_.name(part) + kWorkingSuffix; }
  Status remove_unwanted(std::uint64_t part) const;
  Status end_part();
  Status begin_part();
  Result<std::uint64_t> size_of_full(std::uint64_t part) const;
  Status hold_first();

  MakePart make_part_;
  std::uint64_t rows_per_file_;
  PartNames names_;
  std::uint64_t part_ = 0;
  std::uint64_t bytes_of_earlier_parts_ = 0;
  std::unique_ptr<PackedOutput> output_;  // the part that grows
  // The lock on the first part's working file, which keeps others from the whole output.
  std::unique_ptr<OutputFile> first_;
};

}  // namespace rare::files
