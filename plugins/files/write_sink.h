// files.write: records into a file.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "format.h"
#include "frame_codec.h"
#include "output_file.h"
#include "part_names.h"
#include "rare/sink.h"
#include "rare/spec.h"
#include "row_format.h"
#include "row_output.h"

namespace rare::files {

class WriteSink final : public Sink {
 public:
  static Spec spec();

  WriteSink() = default;
  // For what writes a file without being a pipeline's sink. `format` and `compression` are of the
  // parameters'.
  WriteSink(std::string path, std::string format, std::string compression,
            std::vector<std::string> fields, std::string working_suffix)
      : path_(std::move(path)),
        format_(std::move(format)),
        compression_(std::move(compression)),
        fields_(std::move(fields)),
        working_suffix_(std::move(working_suffix)) {}

  // The offset's token: {bytes, rows, end_sha256}, for a compressed output also {packed_bytes,
  // tail}, for one of several files also {part, bytes_of_earlier_parts}.
  Status open(Context& context, std::optional<Offset> committed) override;
  Status accept(const Record& record) const override;
  Status write(std::span<const Record> rows) override;
  bool encodes() const override { return true; }
  Result<std::string> encode(const Record& record) const override;
  Status write_encoded(std::span<const std::string> rows) override;
  Result<Offset> sync() override;
  std::optional<Offset> position() const override;
  Status copy_finished(const Offset& from, const Offset& to) override;
  Status finalise() override;
  Status publish_copy() override;
  std::string location() const override { return names().pattern(); }
  std::vector<std::string> locations() const override;
  bool in_place() const override { return OutputFile::in_place(names().name(0)); }
  bool in_place_up_to(const Offset& end) const override;
  bool wants_provenance() const override { return meta_; }

 private:
  WriteSettings settings() const;
  // Of the parameters; by open(), or by what comes before it.
  Status choose_format() const;
  Status check_compression() const;
  Compression compression() const;
  Result<std::unique_ptr<RowOutput>> make_output() const;
  PartNames names() const { return PartNames(path_, rows_per_file_ > 0); }
  Result<OutputPlace> place_of(const Offset& offset) const;
  Json provenance_of(const Record& record) const;
  void warn_of_missing_fields(const Json& object) const;

  std::string path_;
  std::string format_, compression_;
  std::vector<std::string> fields_;
  Json schema_ = Json::object();
  bool meta_ = false;
  std::uint64_t rows_per_file_ = 0;
  std::string working_suffix_ = kWorkingSuffix;

  Context* context_ = nullptr;
  mutable std::once_flag chosen_;
  mutable Status choice_;
  mutable const Format* format_of_file_ = nullptr;
  mutable std::unique_ptr<RowFormat> rows_;
  std::unique_ptr<RowOutput> output_;
  mutable std::mutex mutex_;
  mutable std::set<std::string> warned_;  // fields that a row did not have
};

}  // namespace rare::files
