// How many transactions a database has committed, noted in a file beside it (DATABASE-commits)
// after each of them.
//
// A database in WAL mode forgets in silence what stands behind a damaged place in its log. This
// file then names more transactions than the database holds. It is not synced: what a loss of power
// takes from it makes it older than the database, which says nothing. One line of text: the
// database's random id, and the number.
// Thread-safety: one thread at a time; several processes may note: the last one wins.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "rare/status.h"

namespace rare::engine {

class CommitMark {
 public:
  struct Noted {
    std::string file_id;
    std::uint64_t transactions = 0;
  };

  static std::string file_of(const std::string& database) { return database + "-commits"; }
  // Nothing when there is no such file, or one that cannot be understood. Read it before the
  // database: another process may commit in between.
  static std::optional<Noted> read(const std::string& database);

  // `database`: its file name. Nothing is opened before the first note().
  explicit CommitMark(std::string database) : file_(file_of(database)) {}
  ~CommitMark();
  CommitMark(const CommitMark&) = delete;
  CommitMark& operator=(const CommitMark&) = delete;

  // An error only where the file cannot be written: the database itself is whole.
  Status note(const std::string& file_id, std::uint64_t transactions);

 private:
  const std::string file_;
  int descriptor_ = -1;
};

}  // namespace rare::engine
