// files.write: records into a JSON Lines file.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "packed_output.h"
#include "rare/sink.h"
#include "rare/spec.h"

namespace rare::files {

class WriteSink final : public Sink {
 public:
  static Spec spec();

  // The offset's token: {bytes, rows}, and for a compressed output {packed_bytes, tail}.
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
  std::string location() const override { return path_; }
  bool in_place() const override { return OutputFile::in_place(path_); }
  bool wants_provenance() const override { return meta_; }

 private:
  struct Place {
    PackedOutput::Place output;
    std::uint64_t rows;
  };
  Compression compression() const;
  Result<Place> place_of(const Offset& offset) const;
  bool leaves_out(const std::string& field) const;
  Status append_all(std::string& row, const Json& object) const;
  Status append_selected(std::string& row, const Json& object) const;
  Status append_provenance(std::string& row, const Record& record) const;
  void warn_of_missing_fields(const Json& object) const;

  std::string path_;
  std::string format_, compression_;
  std::vector<std::string> fields_;
  bool meta_ = false;

  Context* context_ = nullptr;
  PackedOutput file_;
  std::uint64_t rows_ = 0;
  mutable std::mutex mutex_;
  mutable std::set<std::string> warned_;  // fields that a row did not have
};

}  // namespace rare::files
