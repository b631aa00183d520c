#include "early_file.h"

#include <cstdio>

#include "byte_reader.h"

namespace rare::files {

EarlyFile::~EarlyFile() { give_up(); }

void EarlyFile::begin(const std::string& path) {
  give_up();
  path_ = path;
  rows_ = 0;
  // An earlier start may have been killed before it could take it away.
  std::remove(path.c_str());
  stage_ = Stage::holding;
}

void EarlyFile::take(std::string_view row) {
  if (stage_ == Stage::off) return;
  held_ += row;
  rows_ += 1;
  const bool is_begun = stage_ == Stage::writing;
  if (held_.size() < (is_begun ? holding_.later_bytes : holding_.first_bytes)) return;
  if (!write_held()) give_up();
}

template <class Take>
bool EarlyFile::each_held_row(const Take& take) const {
  std::string_view rows(held_);
  rows.remove_suffix(ByteReader::kPaddingBytes);
  while (!rows.empty()) {
    const std::size_t end = rows.find('\n');
    if (!take(rows.substr(0, end))) return false;
    rows.remove_prefix(end + 1);
  }
  return true;
}

bool EarlyFile::survey_held() {
  if (!file_.surveys()) return true;
  return each_held_row([this](std::string_view row) { return file_.survey(row).ok(); });
}

bool EarlyFile::write_held() {
  held_.append(ByteReader::kPaddingBytes, '\0');
  bool is_written = true;
  if (stage_ == Stage::holding) {
    is_written = survey_held() && file_.open(path_).ok() &&
                 each_held_row([this](std::string_view row) { return file_.add(row).ok(); });
    stage_ = Stage::writing;
  } else {
    is_written = each_held_row([this](std::string_view row) {
      const Result<bool> added = file_.survey_and_add(row);
      return added && *added;
    });
  }
  held_.clear();
  return is_written;
}

bool EarlyFile::finish(std::uint64_t rows) {
  const bool is_whole =
      stage_ == Stage::writing && rows_ == rows && write_held() && file_.close().ok();
  if (!is_whole) {
    give_up();
    return false;
  }
  file_.forget();
  stage_ = Stage::off;
  held_ = std::string();
  return true;
}

void EarlyFile::give_up() {
  if (stage_ == Stage::off) return;
  file_.forget();
  if (stage_ == Stage::writing) std::remove(path_.c_str());
  stage_ = Stage::off;
  held_ = std::string();
}

}  // namespace rare::files
