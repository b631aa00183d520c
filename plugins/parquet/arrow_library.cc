#include "arrow_library.h"

#include <dlfcn.h>

#include <filesystem>
#include <system_error>

namespace rare::parquet {
namespace {

Status missing(const std::string& reason) {
  return Status(
      StatusCode::invalid_argument,
      "Parquet files need Apache Arrow, which is not there (" + reason +
          "): `./dev build` fetches it where PyPI can be reached and has it (CPython 3.11 to "
          "3.14 on Linux, x86_64 and aarch64), and takes the system's where libarrow-dev and "
          "libparquet-dev are installed, 21 or newer (https://arrow.apache.org/install has "
          "them for apt)");
}

std::filesystem::path folder_of_this_code() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(&arrow_library), &info) == 0) return ".";
  return std::filesystem::path(info.dli_fname).parent_path();
}

Result<const ArrowLibrary*> load() {
  const std::string file = (folder_of_this_code() / kArrowFile).string();
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    return missing("this build was made without it: no " + file);
  }
  void* handle = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* reason = ::dlerror();
    return missing(reason != nullptr ? reason : file);
  }
  using GiveLibrary = const ArrowLibrary* (*)();
  const auto give = reinterpret_cast<GiveLibrary>(::dlsym(handle, kArrowSymbol));
  if (give == nullptr) {
    return Status(StatusCode::invalid_argument,
                  file + " has no function " + kArrowSymbol +
                      ": it is of another build; build both together");
  }
  return give();
}

}  // namespace

Result<const ArrowLibrary*> arrow_library() {
  static const Result<const ArrowLibrary*> library = load();
  return library;
}

}  // namespace rare::parquet
