// sqlite.read: the rows of a table, one record each.
#pragma once

#include <rare/sdk.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "database.h"

namespace sqlite {

// Rows come by rowid, so that a run that goes on finds its place without counting rows again: the
// position is the rowid of the row before.
class ReadTable final : public rare::Source {
 public:
  static rare::Spec spec() {
    return rare::Spec("sqlite.read")
        .summary("Reads the rows of a SQLite table, a field for each column.")
        .description(
            "Rows come in the order of their rowid. A run does not go on when rows have "
            "come or gone meanwhile. A row with a BLOB becomes a dead letter.")
        .required_param(&ReadTable::path_, "path", "The database's file.")
        .input_path()
        .required_param(&ReadTable::table_, "table", "The table.")
        .reshapes();
  }

  rare::Status open(rare::Context&, std::optional<rare::Position> position) override {
    if (position) last_ = position->token.get<std::int64_t>();
    rare::Result<Database> database = open_database(path_, SQLITE_OPEN_READONLY);
    if (!database) return database.status();
    database_ = std::move(*database);
    rare::Result<Statement> rows =
        prepare(database_.get(), path_,
                "SELECT rowid, * FROM " + sql_name(table_) + " WHERE rowid > ? ORDER BY rowid");
    if (!rows) return rows.status();
    rows_ = std::move(*rows);
    sqlite3_bind_int64(rows_.get(), 1, last_);
    return rare::Status();
  }

  rare::Result<std::optional<rare::Record>> next() override {
    const int code = sqlite3_step(rows_.get());
    if (code == SQLITE_DONE) return std::optional<rare::Record>();
    if (code != SQLITE_ROW) return failure(database_.get(), path_, "reading " + table_);
    last_ = sqlite3_column_int64(rows_.get(), 0);
    rare::Json fields = rare::Json::object();
    for (int i = 1; i < sqlite3_column_count(rows_.get()); ++i) {
      if (sqlite3_column_type(rows_.get(), i) == SQLITE_BLOB) {
        return rare::Status(rare::StatusCode::invalid_data,
                            table_ + ":" + std::to_string(last_) + ": column '" +
                                sqlite3_column_name(rows_.get(), i) +
                                "' is a BLOB, expected a text, a number or NULL");
      }
      fields[sqlite3_column_name(rows_.get(), i)] = value(i);
    }
    rare::Record record(std::move(fields));
    record.set_label(table_ + ":" + std::to_string(last_));
    return std::optional<rare::Record>(std::move(record));
  }

  rare::Position position() const override { return {rare::Json(last_)}; }

  // Rows that come or go are noticed, values that change in their place are not.
  rare::Result<rare::Json> identity() const override {
    rare::Result<Statement> counts =
        prepare(database_.get(), path_, "SELECT count(*), max(rowid) FROM " + sql_name(table_));
    if (!counts) return counts.status();
    if (sqlite3_step(counts->get()) != SQLITE_ROW) {
      return failure(database_.get(), path_, "counting the rows of " + table_);
    }
    return rare::Json{{"table", table_},
                      {"rows", sqlite3_column_int64(counts->get(), 0)},
                      {"last", sqlite3_column_int64(counts->get(), 1)}};
  }

 private:
  rare::Json value(int column) const {
    switch (sqlite3_column_type(rows_.get(), column)) {
      case SQLITE_INTEGER:
        return sqlite3_column_int64(rows_.get(), column);
      case SQLITE_FLOAT:
        return sqlite3_column_double(rows_.get(), column);
      case SQLITE_NULL:
        return nullptr;
      default: {
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(rows_.get(), column));
        return std::string(text,
                           static_cast<std::size_t>(sqlite3_column_bytes(rows_.get(), column)));
      }
    }
  }

  std::string path_, table_;
  std::int64_t last_ = INT64_MIN;  // rowid of the row given last
  Database database_;
  Statement rows_;
};

}  // namespace sqlite
