// A format that a library of its own brings, so that what the format needs is loaded only by
// whoever names such a file: lib/rare/plugins/formats/librare_NAME.so beside the plugins. It is
// built with them, of the same sources; what it takes and gives are the C++ interfaces of this
// folder.
//
//   RARE_FILES_FORMAT {
//     static const rare::files::Format format = {"parquet", {".parquet"}, make_reader, nullptr,
//     make_file}; return &format;
//   }
//
// No exception may leave it. It stays loaded until the process ends.
#pragma once

#include <filesystem>
#include <string>

#include "format.h"

namespace rare::files {

inline constexpr char kFormatSymbol[] = "rare_files_format_2";  // raised when an interface changes

// The format of librare_NAME.so in `folder`. An error (invalid_argument) says what is missing, and
// is no run fault.
Result<const Format*> load_format(const std::filesystem::path& folder, const std::string& library);

// Where such libraries are: the folder `formats` beside the file that holds this code.
std::filesystem::path format_folder();

}  // namespace rare::files

#define RARE_FILES_FORMAT                                                        \
  extern "C" __attribute__((visibility("default"))) const ::rare::files::Format* \
  rare_files_format_2()
