#include "temporary_folder.h"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "catch.h"

namespace rare::engine {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() : before_(fs::current_path()) {
  std::string name = (fs::temp_directory_path() / "rare-config-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder: " + name);
  folder_ = fs::canonical(name);
  fs::current_path(folder_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code error;
  fs::current_path(before_, error);
  fs::remove_all(folder_, error);
}

void TemporaryFolder::write(const std::string& file, const std::string& text) const {
  fs::path path = folder_ / file;
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

PipelineConfig load_ok(const std::string& file, const std::vector<std::string>& overlays,
                       const std::vector<std::string>& settings) {
  Diagnostics diagnostics;
  PipelineConfig pipeline = load_pipeline({file, overlays, settings}, diagnostics);
  INFO(diagnostics.to_string());
  REQUIRE(diagnostics.ok());
  return pipeline;
}

std::string load_errors(const std::string& file, const std::vector<std::string>& overlays,
                        const std::vector<std::string>& settings) {
  Diagnostics diagnostics;
  load_pipeline({file, overlays, settings}, diagnostics);
  return diagnostics.to_string();
}

}  // namespace rare::engine
