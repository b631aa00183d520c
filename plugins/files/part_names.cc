#include "part_names.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "frame_codec.h"
#include "output_file.h"

namespace rare::files {

PartNames::PartNames(std::string path, bool is_divided) : is_divided_(is_divided) {
  const std::size_t name = path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1;
  const std::size_t dot = without_compression(path).rfind('.');
  const bool has_extension = dot != std::string::npos && dot > name;
  behind_ = is_divided && has_extension ? path.substr(dot) : "";
  path.resize(path.size() - behind_.size());
  before_ = std::move(path);
}

std::string PartNames::name(std::uint64_t part) const {
  if (!is_divided_) return before_;
  char number[32];
  std::snprintf(number, sizeof number, "-%05llu", static_cast<unsigned long long>(part));
  return before_ + number + behind_;
}

std::string PartNames::pattern() const { return is_divided_ ? before_ + "-*" + behind_ : before_; }

std::vector<std::string> PartNames::first(std::uint64_t parts) const {
  std::vector<std::string> names;
  for (std::uint64_t part = 0; part < parts; ++part) names.push_back(name(part));
  return names;
}

Status PartNames::remove_from(std::uint64_t part, const std::string& suffix) const {
  if (!is_divided_) return Status();
  for (;; ++part) {
    const std::string file = name(part) + suffix;
    std::error_code error;
    if (!std::filesystem::remove(file, error)) {
      return error ? file_failure(file, "removing", error.value()) : Status();
    }
  }
}

}  // namespace rare::files
