// Rows that wait as lines of JSON in PATH.part, which is committed like any output, until all of
// them are there; then the file is in place whole, and they go. A start that has seen all of them
// come writes it on the side (early_file.h), any other one from the rows that wait.
//
// Thread-safety: one thread at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "early_file.h"
#include "output_file.h"
#include "record_reader.h"
#include "row_output.h"
#include "whole_file.h"

namespace rare::files {

class WaitingOutput final : public RowOutput {
 public:
  // `make_reader` reads what `file` wrote: rows of a finished output are taken over with it.
  using MakeReader = std::function<std::unique_ptr<RecordReader>()>;
  WaitingOutput(std::unique_ptr<WholeFile> file, MakeReader make_reader,
                EarlyFile::Holding holding = {})
      : file_(std::move(file)), make_reader_(std::move(make_reader)), early_(*file_, holding) {}

  Status begin(const std::string& path) override;
  Status resume(const std::string& path, OutputPlace place) override;
  Status append(std::string_view row) override;
  Status append_finished(const OutputPlace& from, const OutputPlace& to) override;
  Result<OutputPlace> sync() override;
  OutputPlace place() const override {
    return {rows_.size_bytes(), rows_.size_bytes(), {}, count_};
  }
  Status finalise() override;
  Status publish_copy() override;

 private:
  Status check_finished(std::uint64_t rows);
  Status open_finished();
  // Syncs nothing.
  Status write_file(const std::string& copy);
  // REQUIRES: sync().
  Status put_file_in_place();
  std::string copy_path() const { return rows_.path() + ".copy"; }
  // Each of the rows that are on disk, without its line break.
  Status for_each_row(const std::function<Status(std::string_view)>& take);

  std::unique_ptr<WholeFile> file_;
  MakeReader make_reader_;
  OutputFile rows_;
  std::uint64_t count_ = 0;
  std::unique_ptr<RecordReader> finished_;  // what append_finished() reads
  EarlyFile early_;                         // goes before the lock on the rows does
};

}  // namespace rare::files
