#include "message_cases.h"

#include <cstdlib>
#include <fstream>

#include "catch.h"

namespace rare::engine {
namespace {

std::string with_bytes(std::string text) {
  for (std::size_t at = text.find("{{"); at != text.npos; at = text.find("{{", at + 1)) {
    char byte = static_cast<char>(std::stoi(text.substr(at + 2, 2), nullptr, 16));
    text.replace(at, 6, 1, byte);
  }
  return text;
}

}  // namespace

LoadOptions MessageCase::prepare() const {
  LoadOptions options{"p.yaml", {}, settings};
  for (const auto& [name, text] : files) {
    std::ofstream(name, std::ios::binary) << with_bytes(text);
    if (name == "o.yaml") options.overlays.push_back(name);
  }
  return options;
}

std::vector<MessageCase> read_message_cases(const std::string& file) {
  const char* source = std::getenv("RARE_TEST_SOURCE");
  REQUIRE(source != nullptr);
  std::ifstream stream(std::string(source) + "/" + file);
  REQUIRE(stream);
  std::vector<MessageCase> cases;
  std::string* part = nullptr;
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("=== ")) {
      cases.push_back({line.substr(4), {}, {}, {}});
    } else if (line == "--- set") {
      part = &cases.back().settings.emplace_back();
    } else if (line == "--- message") {
      part = &cases.back().message;
    } else if (line.starts_with("--- ")) {
      part = &cases.back().files.emplace_back(line.substr(4), "").second;
    } else {
      *part += line + "\n";
    }
  }
  for (MessageCase& c : cases) {
    for (std::string& setting : c.settings) setting.pop_back();
  }
  return cases;
}

}  // namespace rare::engine
