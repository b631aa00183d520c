// Goes through the rows of queries of a state; the first error ends it.
// Thread-safety: one thread at a time.
#pragma once

#include <string>
#include <utility>

#include "engine/state/sqlite.h"
#include "rare/json.h"
#include "rare/status.h"

namespace rare::engine {

class RowReader {
 public:
  // REQUIRES: the database outlives the reader.
  explicit RowReader(sqlite::Database& database) : database_(database) {}

  // Calls `row(statement)` for each row.
  template <class Row>
  void each(const std::string& sql, Row&& row) {
    if (!status_.ok()) return;
    sqlite::Statement& statement = database_.statement(sql);
    Result<bool> more = statement.first();
    while (more.ok() && *more && status_.ok()) {
      row(statement);
      more = statement.next();
    }
    statement.reset();
    if (!more.ok()) status_ = more.status();
  }
  // For rows whose last column is their seal.
  template <class Row>
  void each_sealed(const std::string& sql, Row&& row) {
    each(sql, [&](const sqlite::Statement& statement) {
      if (!statement.sealed()) return fail("a row differs from what was written: " + sql);
      row(statement);
    });
  }
  Json json(const sqlite::Statement& statement, int column) {
    Json value = Json::parse(statement.text(column), nullptr, false);
    if (!value.is_discarded()) return value;
    fail("a value is not JSON");
    return Json();
  }
  bool has_table(const std::string& name) {
    if (!status_.ok()) return false;
    const Result<bool> found = database_.has_table(name);
    if (!found.ok()) status_ = found.status();
    return found.ok() && *found;
  }
  void fail(const std::string& detail) {
    if (status_.ok()) status_ = database_.damaged(detail);
  }
  void fail(const Status& status) {
    if (status_.ok()) status_ = status;
  }
  const Status& status() const { return status_; }

 private:
  sqlite::Database& database_;
  Status status_;
};

}  // namespace rare::engine
