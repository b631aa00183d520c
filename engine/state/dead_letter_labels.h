// What people call the records that dead letters are of (RecordId::label). A table beside that of
// the letters, which only runs have whose records have labels.
// Thread-safety: as the database.
#pragma once

#include <string>

#include "engine/state/sqlite.h"
#include "rare/status.h"

namespace rare::engine {

// Makes the table where there is none: states of earlier versions lack it.
Status make_label_table(sqlite::Database& database);
// Of the dead letter that was inserted last, whose record has this id.
Status write_label(sqlite::Database& database, const std::string& id, const std::string& label);

// Goes along with the dead letters in the order (source, ordinal, number).
class DeadLetterLabels {
 public:
  // REQUIRES: the database outlives it, and nothing is written to it meanwhile.
  explicit DeadLetterLabels(sqlite::Database& database) : database_(database) {}
  ~DeadLetterLabels();
  DeadLetterLabels(const DeadLetterLabels&) = delete;
  DeadLetterLabels& operator=(const DeadLetterLabels&) = delete;
  // Of the next letter; empty: none.
  Result<std::string> next();

 private:
  sqlite::Database& database_;
  sqlite::Statement* labels_ = nullptr;  // null: there are none
  bool began_ = false;
};

}  // namespace rare::engine
