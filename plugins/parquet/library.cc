// The library that plugins/files loads when a Parquet file is named.

#include <memory>
#include <utility>

#include "arrow_library.h"
#include "parquet_file.h"
#include "parquet_rows.h"
#include "plugins/files/format_library.h"

namespace rare::parquet {
namespace {

// Stands for the reader that could not be had.
class NoReader final : public files::RecordReader {
 public:
  explicit NoReader(Status why) : why_(std::move(why)) {}
  Status open(const std::string& path, const files::ReaderPosition&, std::uint64_t) override {
    return why_ = Status::run_fault(why_.code(), path + ": " + why_.message());
  }
  Result<std::optional<Json>> next() override { return why_; }
  files::ReaderPosition position() const override { return {}; }
  std::uint64_t file_offset() const override { return 0; }

 private:
  Status why_;
};

std::unique_ptr<files::RecordReader> make_reader(const files::ReadSettings& settings) {
  const Result<const ArrowLibrary*> arrow = arrow_library();
  if (!arrow) return std::make_unique<NoReader>(arrow.status());
  return (*arrow)->make_reader(settings.columns);
}

Result<std::unique_ptr<files::RowFormat>> make_rows(const files::WriteSettings& settings) {
  Result<std::vector<NamedType>> columns = columns_of(settings);
  if (!columns) return columns.status();
  return std::unique_ptr<files::RowFormat>(std::make_unique<ParquetRows>(std::move(*columns)));
}

Result<std::unique_ptr<files::WholeFile>> make_file(const files::WriteSettings& settings) {
  Result<std::vector<NamedType>> columns = columns_of(settings);
  if (!columns) return columns.status();
  const Result<const ArrowLibrary*> arrow = arrow_library();
  if (!arrow) return arrow.status();
  return std::unique_ptr<files::WholeFile>(
      std::make_unique<ParquetFile>(settings, std::move(*columns), (*arrow)->make_file));
}

std::string lack() { return arrow_library().status().message(); }

files::Format parquet_format() {
  files::Format format;
  format.name = "parquet";
  format.extensions = {".parquet"};
  format.make_reader = make_reader;
  format.make_rows = make_rows;
  format.make_file = make_file;
  format.packs_itself = true;
  format.lacks = lack;
  return format;
}

}  // namespace
}  // namespace rare::parquet

RARE_FILES_FORMAT {
  static const rare::files::Format format = rare::parquet::parquet_format();
  return &format;
}
