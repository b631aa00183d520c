// A folder of a test's own, gone with the test; and the fixtures that tests copy into it.
#pragma once

#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace rare::engine::test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "rare_plugin_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// The folder of one plugin of tests/fixtures/plugins.
inline std::string fixture_folder(const std::string& name) {
  return std::string(RARE_TEST_PLUGINS) + "/" + name;
}
inline std::string fixture(const std::string& name) {
  return fixture_folder(name) + "/" + name + ".so";
}

inline void overwrite(const std::string& file, std::uint64_t offset, const std::string& bytes) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(static_cast<std::streamoff>(offset));
  stream << bytes;
  if (!stream.flush()) throw std::runtime_error("cannot patch " + file);
}

}  // namespace rare::engine::test
