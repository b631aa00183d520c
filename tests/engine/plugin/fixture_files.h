// The plugins that tests copy and damage, in a folder of their own.
#pragma once

#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>

#include "scratch_folder.h"

namespace rare::engine::test {

using testing::ScratchFolder;

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
