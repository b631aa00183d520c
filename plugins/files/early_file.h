// A file that is written whole, written while its rows still come: with what the first of them say
// of all. Where a later one says otherwise it is given up, and whoever keeps the rows writes it
// when all of them are there.
//
// Thread-safety: one thread at a time. The writing is done on another one, a stretch of rows after
// the other, so that whoever brings the rows goes on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <future>
#include <string>
#include <string_view>

#include "whole_file.h"

namespace rare::files {

class EarlyFile {
 public:
  // Bytes of rows that are held before the file is begun, and then between two goes at it.
  struct Holding {
    std::size_t first_bytes = std::size_t{4} << 20;
    std::size_t later_bytes = std::size_t{1} << 20;
  };

  // `file` outlives this.
  EarlyFile(WholeFile& file, Holding holding) : file_(file), holding_(holding) {}
  // Gives up.
  ~EarlyFile();
  EarlyFile(const EarlyFile&) = delete;
  EarlyFile& operator=(const EarlyFile&) = delete;

  // The file will be `path`, and whatever stands there goes.
  void begin(const std::string& path);
  // REQUIRES: a whole row, which ends with its line break. Whatever fails ends in giving up: it is
  // for who writes the file later to say what is wrong.
  void take(std::string_view row);
  // Until what was taken so far is written, but for what is held.
  void wait();
  // True: the file is whole and holds as many rows, all that were taken since begin(). Either way
  // nothing goes on here.
  bool finish(std::uint64_t rows);
  // Takes the file away. Nothing comes of it until begin().
  void give_up();

 private:
  enum class Stage { off, holding, writing };

  // What is held becomes what is written, here or elsewhere.
  void write_elsewhere();
  bool write_here();
  // Of the rows that are being written: false where the file is of no use.
  bool write_rows(Stage stage);
  bool survey_rows();
  // Each of them, without its line break, until one is refused.
  template <class Take>
  bool each_row(const Take& take) const;

  WholeFile& file_;
  Holding holding_;
  Stage stage_ = Stage::off;
  std::string path_;
  std::string held_;     // rows that were taken
  std::string written_;  // and those that are being written, which `work_` has while it goes on
  std::future<bool> work_;
  std::uint64_t rows_ = 0;
};

}  // namespace rare::files
