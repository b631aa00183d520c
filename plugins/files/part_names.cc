#include "part_names.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <utility>

#include "frame_codec.h"
#include "output_file.h"

namespace rare::files {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDigits = 5;
constexpr std::uint64_t kFirstWide = 100'000;  // the first number that has more

}  // namespace

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

// A number that is no longer written with five digits follows those that are, so that a name with a
// date in it is none of ours.
Result<std::vector<std::uint64_t>> PartNames::there_from(std::uint64_t part,
                                                         const std::string& suffix) const {
  std::vector<std::uint64_t> parts;
  const fs::path folder = folder_of(before_);
  const std::string begin = fs::path(before_).filename().string() + "-";
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::string_view number = entry->path().native();
    number.remove_prefix(number.rfind('/') + 1);
    if (!number.starts_with(begin) || !number.ends_with(behind_ + suffix)) continue;
    number.remove_prefix(begin.size());
    if (number.size() != kDigits + behind_.size() + suffix.size()) continue;
    std::uint64_t found = 0;
    const auto read = std::from_chars(number.data(), number.data() + kDigits, found);
    if (read.ptr == number.data() + kDigits && found >= part) parts.push_back(found);
  }
  if (error) return file_failure(folder.string(), "listing the folder", error.value());
  std::sort(parts.begin(), parts.end());
  if (part < kFirstWide && (parts.empty() || parts.back() + 1 < kFirstWide)) return parts;
  for (std::uint64_t wide = std::max(part, kFirstWide); fs::exists(name(wide) + suffix, error);
       ++wide) {
    parts.push_back(wide);
  }
  return parts;
}

// From the last one down: whatever a start that dies meanwhile has left follows without a gap.
Status PartNames::remove_from(std::uint64_t part, const std::string& suffix) const {
  if (!is_divided_) return Status();
  Result<std::vector<std::uint64_t>> left = there_from(part, suffix);
  if (!left) return left.status();
  for (auto at = left->rbegin(); at != left->rend(); ++at) {
    const std::string file = name(*at) + suffix;
    std::error_code error;
    fs::remove(file, error);
    if (error) return file_failure(file, "removing", error.value());
  }
  return left->empty() ? Status() : sync_folder(folder_of(before_));
}

}  // namespace rare::files
