// A working directory for one test: files in it are named as users name theirs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/config/pipeline.h"

namespace rare::engine {

// Makes a new folder the working directory; on destruction goes back and removes it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  // Writes a file, its folders included.
  void write(const std::string& file, const std::string& text) const;
  std::string path() const { return folder_.string(); }

 private:
  std::filesystem::path before_, folder_;
};

// Loads what must be free of errors: they are the failure's message.
PipelineConfig load_ok(const std::string& file, const std::vector<std::string>& overlays = {},
                       const std::vector<std::string>& settings = {});
// Loads and gives the errors as the user sees them.
std::string load_errors(const std::string& file, const std::vector<std::string>& overlays = {},
                        const std::vector<std::string>& settings = {});

}  // namespace rare::engine
