// A thin layer over SQLite: a connection, its statements, a transaction; errors become Status.
//
// Every error is a run fault that names the file, gives SQLite's own words, and says what to do:
//   full disk, quota              resource_exhausted
//   folder gone, read-only, busy  unavailable
//   damaged, foreign or newer     invalid_argument
// Damage that SQLite itself would not notice is found by the seals of rows (row_seal.h) and by the
// number of transactions that is noted beside the file (commit_mark.h).
// Thread-safety: a Database with its statements belongs to one thread at a time.
#pragma once

#include <sys/types.h>

#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/state/commit_mark.h"
#include "engine/state/row_seal.h"
#include "rare/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace rare::engine::sqlite {

class Database;

struct Options {
  std::string what;                  // "run state": names the file in messages
  std::uint32_t application_id = 0;  // tells our files from others'
  int version = 1;                   // of the schema; a file of a later one is refused
  const char* schema = "";           // SQL that makes it
  // Brings the tables of an earlier version to this one, as a part of the transaction that also
  // raises the version: it is done whole or not at all. Not set: such files are refused.
  std::function<Status(Database&, int earlier_version)> upgrade;
  std::string if_damaged;        // what is safe to do when the file is damaged
  std::string if_shortened;      // what going on without its newest transactions means
  std::string elsewhere;         // the option that chooses another place
  int busy_timeout_ms = 30'000;  // how long to wait for another process
  bool read_only = false;        // the file is there and stays as it is
};

// Bytes that are not text: kept as BLOB.
struct Blob {
  std::string_view bytes;
  operator std::string_view() const { return bytes; }
};

// A prepared statement; made by Database::statement(). A statement that could not be prepared gives
// its error from run() and first().
class Statement {
 public:
  Statement(Database& database, const std::string& sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Runs to the end with these values for ?1, ?2, ...; rows are not looked at.
  template <class... Values>
  Status run(const Values&... values) {
    start(false);
    int index = 0;
    (bind(++index, values), ...);
    return finish();
  }
  // As run(), with the seal of these values for the parameter after the last.
  template <class... Values>
  Status run_sealed(const Values&... values) {
    RowSeal seal;
    (seal.add(values), ...);
    return run(values..., seal.value());
  }
  // Goes to the first row: whether there is one.
  template <class... Values>
  Result<bool> first(const Values&... values) {
    start(true);
    int index = 0;
    (bind(++index, values), ...);
    return next();
  }
  // Goes to the next row: whether there is one. After the last row the statement is reset.
  Result<bool> next();
  // Ends reading early, so that the statement no longer holds a snapshot.
  void reset();

  // Of the row it is at; columns count from 0.
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  std::uint64_t count(int column) const { return static_cast<std::uint64_t>(integer(column)); }
  double real(int column) const;
  std::string text(int column) const;
  // Whether its last column is the seal of the ones before it.
  bool sealed() const;

 private:
  void start(bool copy_values);
  Status finish();
  template <std::integral T>
  void bind(int index, T value) {
    bind_integer(index, static_cast<std::int64_t>(value));
  }
  void bind_integer(int index, std::int64_t value);
  void bind(int index, double value);
  void bind(int index, std::string_view text);
  void bind(int index, const char* text) { bind(index, std::string_view(text)); }
  void bind(int index, const std::string& text) { bind(index, std::string_view(text)); }
  void bind(int index, Blob blob);
  void bind(int index, const std::optional<std::string>& blob);
  void note(int code);

  Database& database_;
  sqlite3_stmt* handle_ = nullptr;
  int error_ = 0;             // of prepare or bind; given out by the next step
  bool copy_values_ = false;  // the values do not outlive the call
};

class Database {
 public:
  // Opens or makes the file (mode 0600): WAL, synchronous=FULL, 16 kB pages, the schema.
  // The folder must be there.
  static Result<std::unique_ptr<Database>> open(const std::string& file, Options options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Prepared at the first call, kept until the end. One use at a time.
  Statement& statement(const std::string& sql);
  // Several statements without values.
  Status execute(const std::string& sql);
  // Of tables that are younger than the schema's version.
  Result<bool> has_table(const std::string& name);
  // The error for SQLite's code `code`.
  Status error(int code) const;
  Status damaged(const std::string& detail) const;
  // An error when the file was removed or replaced: SQLite would go on writing to what nobody can
  // find again.
  Status in_place() const;
  // How long to wait for another process from now on.
  void set_busy_timeout(int milliseconds);

  const std::string& file() const { return file_; }
  // Transactions of the file up to now, those of other processes included.
  std::uint64_t transactions() const { return transactions_; }
  sqlite3* handle() const { return handle_; }

 private:
  Database(std::string file, Options options);
  Status connect();
  Status make_file() const;
  Status check_format(bool& empty);
  Status configure();
  Status make_schema();
  Status upgrade();
  Status check_mark(const std::optional<CommitMark::Noted>& noted);
  Status shortened(const CommitMark::Noted& noted) const;
  friend class Transaction;
  Status count_transaction();

  std::string file_;
  Options options_;
  sqlite3* handle_ = nullptr;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  int version_ = 0;  // as found, 0: none yet
  CommitMark mark_;
  std::string file_id_;
  std::uint64_t transactions_ = 0;
  std::map<std::string, std::unique_ptr<Statement>> statements_;
};

// BEGIN IMMEDIATE ... COMMIT; rolled back when it goes out of scope without commit(). Counted in
// the file and beside it.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) {}
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  Status begin();
  // `is_synced`: as the connection's synchronous = FULL makes it. One that is not is not noted
  // beside the file: a loss of power may keep the note and take the transaction.
  Status commit(bool is_synced = true);

 private:
  Database& database_;
  bool open_ = false;
};

}  // namespace rare::engine::sqlite
