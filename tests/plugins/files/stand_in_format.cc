// A library that brings a format which is written whole, as Parquet is: a line "whole", the rows,
// and a line that says how many they are.
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "format_library.h"
#include "jsonl_reader.h"

namespace rare::files {
namespace {

class StandInReader final : public RecordReader {
 public:
  Status open(const std::string& path, const ReaderPosition& from, std::uint64_t) override {
    in_.open(path);
    std::string line;
    std::getline(in_, line);
    if (line != "whole") {
      return Status::run_fault(StatusCode::invalid_data, path + ": is no file of this format");
    }
    for (std::uint64_t i = 0; i < from.ordinal; ++i) std::getline(in_, line);
    position_ = from;
    return Status();
  }
  Result<std::optional<Json>> next() override {
    std::string line;
    std::getline(in_, line);
    if (!line.starts_with('{')) return std::optional<Json>();
    position_.ordinal += 1;
    return std::optional<Json>(Json::parse(line));
  }
  ReaderPosition position() const override { return position_; }
  std::uint64_t file_offset() const override { return position_.ordinal; }

 private:
  std::ifstream in_;
  ReaderPosition position_;
};

class StandInFile final : public WholeFile {
 public:
  Status open(const std::string& path) override {
    out_.open(path, std::ios::trunc);
    rows_ = 0;
    out_ << "whole\n";
    return Status();
  }
  Status add(std::string_view row) override {
    rows_ += 1;
    out_ << row << "\n";
    return Status();
  }
  Result<bool> survey_and_add(std::string_view row) override {
    Status added = add(row);
    return added ? Result<bool>(true) : added;
  }
  Status close() override {
    out_ << rows_ << "\n";
    out_.close();
    return Status();
  }

 private:
  std::ofstream out_;
  std::uint64_t rows_ = 0;
};

std::unique_ptr<RecordReader> make_stand_in_reader(const ReadSettings&) {
  return std::make_unique<StandInReader>();
}
Result<std::unique_ptr<WholeFile>> make_stand_in_file(const WriteSettings&) {
  return std::unique_ptr<WholeFile>(std::make_unique<StandInFile>());
}

}  // namespace
}  // namespace rare::files

RARE_FILES_FORMAT {
  using namespace rare::files;
  static const Format format{
      "parquet", {".parquet"}, make_stand_in_reader, nullptr, make_stand_in_file, "", true};
  return &format;
}
