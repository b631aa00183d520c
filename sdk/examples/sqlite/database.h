// A SQLite database and a statement of it: what the source and the sink share.
#pragma once

#include <rare/sdk.h>
#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>

namespace sqlite {

// SQLite's own texts name neither the file nor what to do.
inline rare::Status failure(sqlite3* database, const std::string& path, const std::string& doing) {
  const int code = sqlite3_errcode(database);
  const bool later =
      code == SQLITE_BUSY || code == SQLITE_LOCKED || code == SQLITE_FULL || code == SQLITE_IOERR;
  return rare::Status::run_fault(
      later ? rare::StatusCode::unavailable : rare::StatusCode::invalid_argument,
      path + ": " + doing + ": " + sqlite3_errmsg(database));
}

struct Closing {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Closing>;
using Statement = std::unique_ptr<sqlite3_stmt, Closing>;

inline rare::Result<Database> open_database(const std::string& path, int flags) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Database database(raw);
  if (code != SQLITE_OK) return failure(raw, path, "opening");
  sqlite3_busy_timeout(raw, 10'000);
  return database;
}

inline rare::Result<Statement> prepare(sqlite3* database, const std::string& path,
                                       const std::string& text) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(database, text.c_str(), -1, &raw, nullptr) != SQLITE_OK) {
    return failure(database, path, text);
  }
  return Statement(raw);
}

inline rare::Status run(sqlite3* database, const std::string& path, const std::string& text) {
  if (sqlite3_exec(database, text.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) {
    return rare::Status();
  }
  return failure(database, path, text);
}

inline rare::Result<bool> has_table(sqlite3* database, const std::string& path,
                                    const std::string& name) {
  rare::Result<Statement> found = prepare(
      database, path, "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?");
  if (!found) return found.status();
  sqlite3_bind_text(found->get(), 1, name.c_str(), -1, SQLITE_TRANSIENT);
  if (sqlite3_step(found->get()) != SQLITE_ROW)
    return failure(database, path, "looking for " + name);
  return sqlite3_column_int(found->get(), 0) > 0;
}

// A name of a table or column as SQL takes it, whatever is in it.
inline std::string sql_name(const std::string& name) {
  std::string text = "\"";
  for (const char letter : name) text += letter == '"' ? "\"\"" : std::string(1, letter);
  return text + "\"";
}

}  // namespace sqlite
