// The library that plugins/files loads when a Parquet file is named.

#include <memory>
#include <utility>

#include "parquet_file.h"
#include "parquet_reader.h"
#include "parquet_rows.h"
#include "plugins/files/format_library.h"

namespace rare::parquet {
namespace {

std::unique_ptr<files::RecordReader> make_reader(const files::ReadSettings& settings) {
  return std::make_unique<ParquetReader>(settings.columns);
}

Result<std::unique_ptr<files::RowFormat>> make_rows(const files::WriteSettings& settings) {
  Result<std::vector<NamedType>> columns = columns_of(settings);
  if (!columns) return columns.status();
  return std::unique_ptr<files::RowFormat>(std::make_unique<ParquetRows>(std::move(*columns)));
}

Result<std::unique_ptr<files::WholeFile>> make_file(const files::WriteSettings& settings) {
  Result<std::vector<NamedType>> columns = columns_of(settings);
  if (!columns) return columns.status();
  return std::unique_ptr<files::WholeFile>(
      std::make_unique<ParquetFile>(settings, std::move(*columns)));
}

}  // namespace
}  // namespace rare::parquet

RARE_FILES_FORMAT {
  static const rare::files::Format format{"parquet",
                                          {".parquet"},
                                          rare::parquet::make_reader,
                                          rare::parquet::make_rows,
                                          rare::parquet::make_file,
                                          "",
                                          true};
  return &format;
}
