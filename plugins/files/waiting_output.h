// Rows that wait as lines of JSON in PATH.part, which is committed like any output, until all of
// them are there; then the file is in place whole, or several of at most so many rows, and they go.
// A start that has seen all rows of one file come writes it on the side (early_file.h), any other
// one from the rows that wait.
//
// Where a finished output gets more rows, those that it holds wait again. They are counted and not
// measured: as lines they may be longer or shorter than they were.
// Thread-safety: one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "early_file.h"
#include "output_file.h"
#include "part_names.h"
#include "record_reader.h"
#include "row_output.h"
#include "whole_file.h"

namespace rare::files {

// `make_reader` reads what was written.
using MakeReader = std::function<std::unique_ptr<RecordReader>()>;

// The rows of a finished output, over all of its files.
class FinishedRows {
 public:
  static Result<std::unique_ptr<FinishedRows>> open(const PartNames& names,
                                                    const MakeReader& make_reader);
  // The next row; nothing behind the last one.
  Result<std::optional<Json>> next();
  std::uint64_t count() const { return count_; }  // given so far

 private:
  FinishedRows(const PartNames& names, const MakeReader& make_reader)
      : names_(names), make_reader_(make_reader) {}
  Status open_part();

  const PartNames names_;
  const MakeReader make_reader_;
  std::uint64_t part_ = 0;
  std::uint64_t count_ = 0;
  std::unique_ptr<RecordReader> reader_;
};

class WaitingOutput final : public RowOutput {
 public:
  // `rows_per_file`: 0: all in one.
  WaitingOutput(std::unique_ptr<WholeFile> file, MakeReader make_reader,
                std::uint64_t rows_per_file = 0, std::string working_suffix = kWorkingSuffix,
                EarlyFile::Holding holding = {})
      : file_(std::move(file)),
        make_reader_(std::move(make_reader)),
        rows_per_file_(rows_per_file),
        names_("", false),
        rows_(std::move(working_suffix)),
        early_(*file_, holding) {}

  Status begin(const std::string& path) override;
  Status resume(const std::string& path, OutputPlace place) override;
  Status append(std::string_view row) override;
  Status append_finished(const OutputPlace& from, const OutputPlace& to) override;
  Result<OutputPlace> sync() override;
  OutputPlace place() const override {
    return {rows_.size_bytes(), rows_.size_bytes(), {}, count_, {}};
  }
  Status finalise() override;
  Status publish_copy() override;
  std::vector<std::string> locations() const override;

 private:
  void name_files(const std::string& path);
  static Result<std::uint64_t> end_of_rows(const std::string& working_path, std::uint64_t size,
                                           const OutputPlace& place);
  Status check_finished(std::uint64_t rows);
  Status wait_again();
  std::uint64_t files() const;
  std::string copy_of(std::uint64_t part) const { return names_.name(part) + kCopySuffix; }
  Status survey_rows();
  Status write_copies();
  Status write_files();
  // Each of the rows that are on disk, without its line break.
  Status for_each_row(const std::function<Status(std::string_view)>& take);

  std::unique_ptr<WholeFile> file_;
  MakeReader make_reader_;
  std::uint64_t rows_per_file_;
  PartNames names_;
  OutputFile rows_;
  std::uint64_t count_ = 0;
  bool is_finished_ = false;                // no rows wait: the files are in place
  std::unique_ptr<FinishedRows> finished_;  // what append_finished() reads
  EarlyFile early_;                         // goes before the lock on the rows does
};

}  // namespace rare::files
