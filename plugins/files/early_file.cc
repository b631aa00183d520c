#include "early_file.h"

#include <cstdio>
#include <exception>
#include <system_error>
#include <utility>

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
  wait();
  if (stage_ != Stage::off) write_elsewhere();
}

void EarlyFile::wait() {
  if (!work_.valid()) return;
  bool is_written = false;
  try {
    is_written = work_.get();
  } catch (const std::exception&) {  // no memory, say: who writes the file later will say it
  }
  if (!is_written) give_up();
}

void EarlyFile::write_elsewhere() {
  const Stage stage = std::exchange(stage_, Stage::writing);
  written_.swap(held_);
  held_.clear();
  try {
    work_ = std::async(std::launch::async, [this, stage] { return write_rows(stage); });
  } catch (const std::system_error&) {  // no thread
    give_up();
  }
}

bool EarlyFile::write_here() {
  written_.swap(held_);
  return write_rows(stage_);
}

template <class Take>
bool EarlyFile::each_row(const Take& take) const {
  std::string_view rows(written_);
  rows.remove_suffix(ByteReader::kPaddingBytes);
  while (!rows.empty()) {
    const std::size_t end = rows.find('\n');
    if (!take(rows.substr(0, end))) return false;
    rows.remove_prefix(end + 1);
  }
  return true;
}

bool EarlyFile::survey_rows() {
  if (!file_.surveys()) return true;
  return each_row([this](std::string_view row) { return file_.survey(row).ok(); });
}

bool EarlyFile::write_rows(Stage stage) {
  written_.append(ByteReader::kPaddingBytes, '\0');
  if (stage == Stage::holding) {
    return survey_rows() && file_.open(path_).ok() &&
           each_row([this](std::string_view row) { return file_.add(row).ok(); });
  }
  return each_row([this](std::string_view row) {
    const Result<bool> added = file_.survey_and_add(row);
    return added && *added;
  });
}

bool EarlyFile::finish(std::uint64_t rows) {
  wait();
  const bool is_whole =
      stage_ == Stage::writing && rows_ == rows && write_here() && file_.close().ok();
  if (!is_whole) {
    give_up();
    return false;
  }
  file_.forget();
  stage_ = Stage::off;
  held_ = written_ = std::string();
  return true;
}

void EarlyFile::give_up() {
  if (stage_ == Stage::off) return;
  if (work_.valid()) work_.wait();
  work_ = {};
  file_.forget();
  if (stage_ == Stage::writing) std::remove(path_.c_str());
  stage_ = Stage::off;
  held_ = written_ = std::string();
}

}  // namespace rare::files
