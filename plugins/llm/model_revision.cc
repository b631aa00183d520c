#include "plugins/llm/model_revision.h"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "plugins/digest/sha256.h"
#include "plugins/process/child_process.h"
#include "rare/json.h"

namespace rare::llm {
namespace {

constexpr auto kVersionPatience = std::chrono::seconds(10);

Result<std::string> hash_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  Result<digest::Sha256> hash = digest::Sha256::begin();
  if (!hash) return hash.status();
  std::vector<char> block(1 << 20);
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())) || file.gcount() > 0) {
    hash->add({block.data(), static_cast<std::size_t>(file.gcount())});
  }
  if (!file.eof()) {
    return Status(StatusCode::not_found, path + " cannot be read: " + std::strerror(errno));
  }
  return hash->hex();
}

}  // namespace

Result<std::string> model_hash(const std::string& path, const std::string& cache_path) {
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) {
    return Status(StatusCode::not_found, path + " cannot be read: " + std::strerror(errno));
  }
  const Json facts = {{"path", path},
                      {"size", about.st_size},
                      {"changed_s", about.st_mtim.tv_sec},
                      {"changed_ns", about.st_mtim.tv_nsec}};
  {
    std::ifstream cache(cache_path);
    const Json known = Json::parse(cache, nullptr, false);
    if (known.is_object() && known.value("file", Json()) == facts && known.contains("sha256") &&
        known["sha256"].is_string()) {
      return known["sha256"].get<std::string>();
    }
  }
  Result<std::string> hash = hash_file(path);
  if (hash) std::ofstream(cache_path) << Json{{"file", facts}, {"sha256", *hash}}.dump() << "\n";
  return hash;
}

std::string server_version(const std::string& program, const std::string& scratch_path) {
  std::remove(scratch_path.c_str());
  auto child = process::ChildProcess::start(program, {"--version"}, {}, scratch_path);
  if (!child) return "unknown";
  const auto deadline = std::chrono::steady_clock::now() + kVersionPatience;
  while (child->running() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  child->end(std::chrono::milliseconds(0));
  std::ifstream output(scratch_path);
  std::string line, version = "unknown";
  while (std::getline(output, line)) {
    if (line.find("version") == std::string::npos) continue;
    version = line;
    break;
  }
  std::remove(scratch_path.c_str());
  return version;
}

}  // namespace rare::llm
