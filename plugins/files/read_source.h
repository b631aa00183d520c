// files.read: records from files.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "format.h"
#include "input_parts.h"
#include "rare/source.h"
#include "rare/spec.h"
#include "read_parameters.h"
#include "record_reader.h"

namespace rare::files {

class ReadSource final : public Source, public ReadParameters {
 public:
  static Spec spec();

  ReadSource() = default;
  // For what reads files without being a pipeline's source.
  ReadSource(std::vector<std::string> path, ReadParameters parameters)
      : ReadParameters(std::move(parameters)), path_(std::move(path)) {}
  ReadSource(std::vector<std::string> path, std::string format) : path_(std::move(path)) {
    format_ = std::move(format);
  }
  Status open();

  void follow(Json earlier, bool takes_more) override;
  Status open(Context& context, std::optional<Position> position) override;
  Result<std::optional<Record>> next() override;
  Result<std::uint64_t> skip(std::uint64_t most) override;
  // {file, stage, offset, line, line_start, ordinal}: `file` counts the parts from 0, the rest is
  // of that part's file (record_reader.h).
  Position position() const override;
  bool may_wait() const override { return reads_standard_input_; }
  // Any thread.
  std::optional<Progress> progress() const override;
  Result<Json> identity() const override;

 private:
  Status find_files();
  Status find_parts(const std::vector<InputFile>& files);
  Status go_to(const Json& token);
  Result<std::unique_ptr<RecordReader>> make_reader(const InputPart& part) const;
  Status open_reader(const ReaderPosition& from);
  Record labelled(Json object) const;
  void note_progress();
  // False behind the last part.
  Result<bool> open_next_part();
  void say_unfinished_line();
  void say_moved(const std::vector<MovedFile>& moved);
  Status with_place_in_file(const Status& status, std::uint64_t from) const;

  std::vector<std::string> path_;
  std::string id_field_;
  bool append_ = false;

  Context* context_ = nullptr;
  std::optional<Json> earlier_;  // what follow() was given
  bool takes_more_ = false;
  mutable std::vector<InputPart> parts_;  // identity() completes what is known of them
  std::size_t part_ = 0;                  // index of the one that reader_ reads
  std::unique_ptr<RecordReader> reader_;
  std::uint64_t bytes_before_ = 0;  // in the parts before it
  std::uint64_t bytes_total_ = 0;
  std::uint64_t passed_over_ = 0;  // files in folders
  bool reads_standard_input_ = false;
  bool has_ended_ = false;
  std::atomic<std::uint64_t> bytes_done_{0};
};

}  // namespace rare::files
