// sqlite.write: records as rows of a table.
#pragma once

#include <rare/sdk.h>

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "database.h"

namespace sqlite {

// Rows go to the table NAME_part, which takes the place of NAME when the run is complete: who reads
// NAME sees all or nothing. Each sync() is a transaction; its offset is the last rowid, and a run
// that goes on deletes what stands beyond the one that the engine noted.
class WriteTable final : public rare::Sink {
 public:
  static rare::Spec spec() {
    return rare::Spec("sqlite.write")
        .summary("Writes records as rows of a SQLite table.")
        .required_param(&WriteTable::path_, "path", "The database's file; made where it is not.")
        .output_path()
        .required_param(&WriteTable::table_, "table", "The table; a finished run replaces it.")
        .required_param(
            &WriteTable::fields_, "fields",
            "Fields to write, a column each; a field that a record lacks is NULL, lists "
            "and maps are their JSON.");
  }

  rare::Status open(rare::Context&, std::optional<rare::Offset> committed) override {
    if (rare::Status status = check_fields(); !status.ok()) return status;
    rare::Result<Database> database =
        open_database(path_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    if (!database) return database.status();
    database_ = std::move(*database);
    // WAL: readers of other tables go on meanwhile. FULL: a transaction is on disk when it is over.
    rare::Status status = execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    if (!status.ok()) return status;
    last_ = committed ? committed->token.get<std::int64_t>() : 0;
    status = committed ? take_up() : begin_anew();
    if (!status.ok()) return status;
    std::string marks = "?";
    for (std::size_t i = 0; i < fields_.size(); ++i) marks += ", ?";
    rare::Result<Statement> insert =
        prepare(database_.get(), path_, "INSERT INTO " + part() + " VALUES (" + marks + ")");
    if (!insert) return insert.status();
    insert_ = std::move(*insert);
    return rare::Status();
  }

  rare::Status accept(const rare::Record& record) const override {
    for (const std::string& field : fields_) {
      const rare::Json* value = record.find(field);
      if (value == nullptr || !value->is_number_unsigned()) continue;
      if (value->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) {
        return rare::Status(rare::StatusCode::invalid_data,
                            "field '" + field + "' is " + value->dump() + ", expected at most " +
                                std::to_string(INT64_MAX) + ", SQLite's largest whole number");
      }
    }
    return rare::Status();
  }

  rare::Status write(std::span<const rare::Record> rows) override {
    if (!std::exchange(in_transaction_, true)) {
      if (rare::Status status = execute("BEGIN IMMEDIATE"); !status.ok()) return status;
    }
    for (const rare::Record& row : rows) {
      sqlite3_bind_int64(insert_.get(), 1, last_ + 1);
      for (std::size_t i = 0; i < fields_.size(); ++i)
        bind(static_cast<int>(i) + 2, row.find(fields_[i]));
      const int code = sqlite3_step(insert_.get());
      sqlite3_reset(insert_.get());
      if (code != SQLITE_DONE) return failure(database_.get(), path_, "writing to " + table_);
      ++last_;
    }
    return rare::Status();
  }

  rare::Result<rare::Offset> sync() override {
    if (std::exchange(in_transaction_, false)) {
      if (rare::Status status = execute("COMMIT"); !status.ok()) return status;
    }
    return rare::Offset{rare::Json(last_)};
  }

  rare::Status finalise() override {
    const rare::Result<bool> has_part = has_table(database_.get(), path_, table_ + "_part");
    if (!has_part) return has_part.status();
    if (!*has_part) return rare::Status();
    insert_.reset();
    return execute("BEGIN IMMEDIATE; DROP TABLE IF EXISTS " + sql_name(table_) + "; ALTER TABLE " +
                   part() + " RENAME TO " + sql_name(table_) + "; COMMIT");
  }
  std::string location() const override { return path_ + " (table " + table_ + ")"; }
  bool in_place() const override {
    const rare::Result<Database> database = open_database(path_, SQLITE_OPEN_READONLY);
    if (!database) return false;
    const rare::Result<bool> has_finished = has_table(database->get(), path_, table_);
    return has_finished && *has_finished;
  }

 private:
  std::string part() const { return sql_name(table_ + "_part"); }
  rare::Status execute(const std::string& text) { return run(database_.get(), path_, text); }

  rare::Status check_fields() const {
    const auto wrong = [](const std::string& why) {
      return rare::Status::run_fault(rare::StatusCode::invalid_argument, "fields: " + why);
    };
    if (fields_.empty()) return wrong("expected one or more names of fields, got none");
    std::set<std::string> names{"row"};
    for (const std::string& field : fields_) {
      std::string name = field;  // as SQLite compares it
      for (char& letter : name) letter += letter >= 'A' && letter <= 'Z' ? 'a' - 'A' : 0;
      if (!names.insert(name).second) {
        return wrong("'" + field +
                     "' is the name of another column, or of the column 'row' with "
                     "each row's number, but for small and capital letters; rename the field");
      }
    }
    return rare::Status();
  }
  std::string columns() const {
    std::string columns = "row INTEGER PRIMARY KEY";
    for (const std::string& field : fields_) columns += ", " + sql_name(field);
    return " (" + columns + ")";
  }
  rare::Status begin_anew() {
    return execute("BEGIN IMMEDIATE; DROP TABLE IF EXISTS " + part() + "; CREATE TABLE " + part() +
                   columns() + "; COMMIT");
  }

  // In one transaction: a kill in it, or an error, leaves the tables as they were.
  rare::Status take_up() {
    rare::Status status = execute("BEGIN IMMEDIATE");
    if (status.ok()) status = cut_back();
    if (status.ok()) return execute("COMMIT");
    if (sqlite3_get_autocommit(database_.get()) == 0) (void)!execute("ROLLBACK").ok();
    return status;
  }

  rare::Status cut_back() {
    const rare::Result<bool> has_part = has_table(database_.get(), path_, table_ + "_part");
    if (!has_part) return has_part.status();
    rare::Status status;
    if (*has_part) {
      status = execute("DELETE FROM " + part() + " WHERE row > " + std::to_string(last_));
    } else {
      // Killed after finalise(), before the run was noted as complete.
      const rare::Result<bool> has_finished = has_table(database_.get(), path_, table_);
      if (!has_finished) return has_finished.status();
      if (!*has_finished) return lost("no table");
      status = execute("CREATE TABLE " + part() + columns() + "; INSERT INTO " + part() +
                       " SELECT * FROM " + sql_name(table_));
    }
    if (!status.ok()) return status;
    const rare::Result<Statement> rows =
        prepare(database_.get(), path_, "SELECT count(*) FROM " + part());
    if (!rows) return rows.status();
    if (sqlite3_step(rows->get()) != SQLITE_ROW)
      return failure(database_.get(), path_, "counting the rows of " + table_);
    const std::int64_t found = sqlite3_column_int64(rows->get(), 0);
    return found == last_ ? rare::Status() : lost(std::to_string(found));
  }

  rare::Status lost(const std::string& came) const {
    return rare::Status::run_fault(
        rare::StatusCode::invalid_argument,
        path_ + ": " + table_ + "_part: expected the " + std::to_string(last_) +
            " rows that an earlier start wrote, came " + came +
            "; put the table back, or make the output anew with --fresh");
  }

  void bind(int place, const rare::Json* value) {
    sqlite3_stmt* insert = insert_.get();
    if (value == nullptr || value->is_null()) {
      sqlite3_bind_null(insert, place);
    } else if (value->is_number_float()) {
      sqlite3_bind_double(insert, place, value->get<double>());
    } else if (value->is_number() || value->is_boolean()) {
      sqlite3_bind_int64(insert, place,
                         value->is_boolean() ? value->get<bool>() : value->get<std::int64_t>());
    } else {
      const std::string text =
          value->is_string() ? value->get<std::string>()
                             : value->dump(-1, ' ', false, rare::Json::error_handler_t::replace);
      sqlite3_bind_text64(insert, place, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    }
  }

  std::string path_, table_;
  std::vector<std::string> fields_;
  std::int64_t last_ = 0;  // rowid of the row written last
  bool in_transaction_ = false;
  Database database_;
  Statement insert_;
};

}  // namespace sqlite
