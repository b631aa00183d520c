#include "format_library.h"

#include <dlfcn.h>

#include <system_error>

namespace rare::files {

std::filesystem::path format_folder() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(&format_folder), &info) == 0) return "formats";
  std::error_code ignored;
  const std::filesystem::path file = std::filesystem::canonical(info.dli_fname, ignored);
  return (ignored ? std::filesystem::path(info.dli_fname) : file).parent_path() / "formats";
}

// Never unloaded: readers and writers that it made would outlive their code.
Result<const Format*> load_format(const std::filesystem::path& folder, const std::string& library) {
  const std::string file = (folder / ("librare_" + library + ".so")).string();
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    return Status(StatusCode::invalid_argument, "this build has no library " + file);
  }
  void* handle = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* reason = ::dlerror();
    return Status(StatusCode::invalid_argument,
                  std::string("its library cannot be loaded: ") + (reason ? reason : file));
  }
  using GiveFormat = const Format* (*)();
  const auto give = reinterpret_cast<GiveFormat>(::dlsym(handle, kFormatSymbol));
  if (give == nullptr) {
    return Status(StatusCode::invalid_argument,
                  file + " has no function " + kFormatSymbol +
                      ": it is of another build; build both together");
  }
  return give();
}

}  // namespace rare::files
