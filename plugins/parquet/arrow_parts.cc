// What librare_parquet_arrow.so gives to whoever loads it.

#include <arrow/util/utf8.h>

#include <memory>
#include <utility>

#include "arrow_builders.h"
#include "arrow_library.h"
#include "arrow_reader.h"

namespace rare::parquet {
namespace {

std::unique_ptr<files::RecordReader> make_arrow_reader(std::vector<std::string> columns) {
  ::arrow::util::InitializeUTF8();
  return std::make_unique<ArrowReader>(std::move(columns));
}

}  // namespace
}  // namespace rare::parquet

extern "C" __attribute__((visibility("default"))) const rare::parquet::ArrowLibrary*
rare_parquet_arrow_1() {
  static constexpr rare::parquet::ArrowLibrary kLibrary{rare::parquet::make_arrow_reader,
                                                        rare::parquet::make_arrow_file};
  return &kLibrary;
}
