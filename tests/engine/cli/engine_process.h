// Runs rare-engine as users do, in a folder of the test's own.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace rare::engine::test {

struct Finished {
  int exit_code = -1;  // 128 + signal when one ended it
  std::string out;
  std::string err;
};

// A working directory that is removed with the object.
class EngineProcess {
 public:
  EngineProcess();
  EngineProcess(const EngineProcess&) = delete;
  EngineProcess& operator=(const EngineProcess&) = delete;
  ~EngineProcess();

  // Runs `rare-engine ARGUMENTS` to its end. RARE_PLUGIN_PATH, NO_COLOR and variables of RARE_ are
  // not inherited; `environment` is added.
  Finished run(const std::vector<std::string>& arguments,
               const std::map<std::string, std::string>& environment = {}) const;
  // Any other program, in the same folder.
  Finished run_program(std::vector<std::string> words,
                       const std::map<std::string, std::string>& environment = {}) const;

  // A name in the folder as an absolute path.
  std::string path(const std::string& name) const {
    return (folder_ / name).lexically_normal().string();
  }
  void write(const std::string& name, const std::string& text) const;
  std::string read(const std::string& name) const;
  bool exists(const std::string& name) const { return std::filesystem::exists(folder_ / name); }

 private:
  std::filesystem::path folder_;
};

// Five numbers through the plugin `good`.
inline constexpr const char* kNumbersPipeline =
    "name: numbers\n"
    "nodes:\n"
    "  - { name: numbers, use: good.numbers, with: { count: 5 } }\n"
    "  - { name: upper, use: good.upper }\n"
    "  - { name: end, use: good.nowhere, from: [upper, upper.quiet] }\n";

// The options that let a run see the plugin `name` of tests/fixtures/plugins.
std::string fixture_folder(const std::string& name);

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace rare::engine::test
