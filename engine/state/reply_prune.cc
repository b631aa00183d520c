#include "engine/state/reply_prune.h"

#include <sqlite3.h>

#include <set>
#include <utility>
#include <vector>

#include "engine/state/folder.h"
#include "engine/state/reply_table.h"
#include "engine/state/row_reader.h"
#include "engine/state/unfinished_runs.h"

namespace rare::engine {
namespace {

// Few enough that a run beside waits for milliseconds.
constexpr int kRowsInTransaction = 1000;
constexpr int kWaitForOthers_ms = 30'000;

class Pruning {
 public:
  Pruning(sqlite::Database& database, const PruneOptions& options)
      : database_(database), options_(options) {}

  Status refuse_needed();
  Status remove_filtered();
  Status remove_damaged();
  Status mend_dictionaries();
  void give_back_space();
  Pruned& result() { return result_; }

 private:
  Result<std::uint64_t> count(const std::string& sql);
  Status remove(const std::vector<std::int64_t>& rows);
  Status find_damaged(std::int64_t& last, std::vector<std::int64_t>& rows, bool& more);
  Result<bool> leave_log();
  Status forget_unused();

  sqlite::Database& database_;
  const PruneOptions& options_;
  Pruned result_;
};

Status Pruning::refuse_needed() {
  auto found = count("SELECT count(*) FROM replies");
  if (!found) return found.status();
  result_.looked_at = *found;
  if (options_.damaged || options_.force) return Status();
  const auto unfinished = unfinished_runs(parent_folder(database_.file()));
  const std::string hint =
      " With --force they are removed all the same, and paid again when needed.";
  if (!unfinished) {
    return Status::run_fault(unfinished.status().code(),
                             "a run beside " + database_.file() +
                                 " may need these replies, and its state cannot be read (" +
                                 unfinished.status().message() + "). Nothing was removed." + hint);
  }
  for (const auto& [run_id, folder] : *unfinished) {
    ReplyFilter needed = options_.filter;
    if (needed.run_id && *needed.run_id != run_id) continue;
    needed.run_id = run_id;
    found = count("SELECT count(*) FROM replies WHERE " + needed.condition());
    if (!found) return found.status();
    if (*found == 0) continue;
    return Status::run_fault(
        StatusCode::invalid_argument,
        "the run in " + folder + " is not done and goes on from " + std::to_string(*found) +
            " of these replies: nothing was removed. Let it end first." + hint);
  }
  return Status();
}

Result<std::uint64_t> Pruning::count(const std::string& sql) {
  sqlite::Statement statement(database_, sql);
  const Result<bool> row = statement.first();
  if (!row) return row.status();
  return statement.count(0);
}

Status Pruning::remove(const std::vector<std::int64_t>& rows) {
  if (rows.empty()) return Status();
  sqlite::Transaction transaction(database_);
  if (Status status = transaction.begin(); !status) return status;
  for (const std::int64_t row : rows) {
    Status status = database_.statement("DELETE FROM replies WHERE rowid = ?1").run(row);
    if (!status.ok()) return status;
  }
  Status status = transaction.commit();
  if (status.ok()) result_.removed += rows.size();
  return status;
}

Status Pruning::remove_filtered() {
  sqlite::Statement& find = database_.statement(
      "SELECT rowid FROM replies NOT INDEXED WHERE rowid > ?1 AND " + options_.filter.condition() +
      " ORDER BY rowid LIMIT " + std::to_string(kRowsInTransaction));
  std::vector<std::int64_t> rows;
  std::int64_t last = 0;
  do {
    rows.clear();
    Result<bool> more = find.first(last);
    for (; more.ok() && *more; more = find.next()) rows.push_back(find.integer(0));
    if (!more.ok()) return more.status();
    if (Status status = remove(rows); !status) return status;
    if (!rows.empty()) last = rows.back();
  } while (!rows.empty());
  if (!options_.filter.run_id) return Status();
  // What is known of its requests that were not answered goes with its replies.
  sqlite::Transaction transaction(database_);
  Status status = transaction.begin();
  for (const char* table : {"asked", "unanswered"}) {
    if (!status.ok()) return status;
    status = database_.statement(std::string("DELETE FROM ") + table + " WHERE run_id = ?1")
                 .run(*options_.filter.run_id);
  }
  return status.ok() ? transaction.commit() : status;
}

// The next rows after `last` of the file that cannot be read.
Status Pruning::find_damaged(std::int64_t& last, std::vector<std::int64_t>& rows, bool& more) {
  ReplyTable table(database_);
  std::vector<std::int64_t> numbers;
  sqlite::Statement& step = database_.statement(
      "SELECT rowid FROM replies NOT INDEXED WHERE rowid > ?1 ORDER BY rowid "
      "LIMIT " +
      std::to_string(kRowsInTransaction));
  Result<bool> found = step.first(last);
  for (; found.ok() && *found; found = step.next()) numbers.push_back(step.integer(0));
  if (!found.ok()) return found.status();
  more = !numbers.empty();
  sqlite::Statement& select = database_.statement(std::string("SELECT ") + ReplyTable::kColumns +
                                                  " FROM replies NOT INDEXED WHERE rowid = ?1");
  for (const std::int64_t number : numbers) {
    last = number;
    found = select.first(number);
    if (!found.ok()) return found.status();
    if (!*found) continue;
    const Status status = table.read(select, {}).status();
    select.reset();
    if (status.code() == StatusCode::invalid_argument) {
      rows.push_back(number);
    } else if (!status.ok()) {
      return status;
    }
  }
  return Status();
}

Status Pruning::remove_damaged() {
  std::int64_t last = 0;
  for (bool more = true; more;) {
    std::vector<std::int64_t> rows;
    if (Status status = find_damaged(last, rows, more); !status) return status;
    if (Status status = remove(rows); !status) return status;
  }
  if (result_.removed == 0) return Status();
  // A key that changed in its row has left another one in the index.
  return database_.execute("REINDEX replies");
}

// A whole copy takes the place of a damaged one; where both are damaged, no reply needs them now.
Status Pruning::mend_dictionaries() {
  std::map<std::int64_t, std::map<std::string, bool>> whole;
  RowReader rows(database_);
  for (const char* table : {"dictionaries", "dictionary_copies"}) {
    rows.each(std::string("SELECT dictionary, model, node, content, seal FROM ") + table,
              [&](const sqlite::Statement& row) { whole[row.integer(0)][table] = row.sealed(); });
  }
  if (!rows.status().ok()) return rows.status();
  sqlite::Transaction transaction(database_);
  if (Status status = transaction.begin(); !status) return status;
  for (auto& [number, copies] : whole) {
    for (const auto& [to, from] : {std::pair("dictionaries", "dictionary_copies"),
                                   std::pair("dictionary_copies", "dictionaries")}) {
      if (copies[to]) continue;
      std::string sql = std::string("DELETE FROM ") + to + " WHERE dictionary = ?1";
      if (copies[from]) {
        sql = std::string("INSERT OR REPLACE INTO ") + to + " SELECT * FROM " + from +
              " WHERE dictionary = ?1";
        ++result_.dictionaries_mended;
      }
      if (Status status = database_.statement(sql).run(number); !status) return status;
    }
  }
  return transaction.commit();
}

// Whether nobody else has the file open: only then can it leave the mode with a log.
Result<bool> Pruning::leave_log() {
  database_.set_busy_timeout(0);
  sqlite::Statement statement(database_, "PRAGMA journal_mode = DELETE");
  const Result<bool> row = statement.first();
  database_.set_busy_timeout(kWaitForOthers_ms);
  if (!row && (sqlite3_errcode(database_.handle()) & 0xff) == SQLITE_BUSY) return false;
  if (!row) return row.status();
  return statement.text(0) == "delete";
}

Status Pruning::forget_unused() {
  sqlite::Transaction transaction(database_);
  if (Status status = transaction.begin(); !status) return status;
  for (const char* table : {"dictionaries", "dictionary_copies"}) {
    Status status = database_.execute(std::string("DELETE FROM ") + table +
                                      " WHERE dictionary NOT IN (SELECT dictionary FROM replies)");
    if (!status.ok()) return status;
  }
  return transaction.commit();
}

// The replies are gone by now, so what fails here is told, and no more.
void Pruning::give_back_space() {
  if (result_.removed == 0) return;
  const Result<bool> alone = leave_log();
  if (alone && !*alone) {
    result_.space_kept =
        "another process uses the file: later replies use the space, or prune again when no run "
        "uses it";
    return;
  }
  Status status = alone.status();
  if (status.ok()) status = forget_unused();
  if (status.ok()) status = database_.execute("VACUUM");
  const Status back = database_.execute("PRAGMA journal_mode = WAL");
  if (status.ok()) status = back;
  if (!status.ok()) result_.space_kept = status.message();
}

}  // namespace

Result<Pruned> prune_replies(const std::string& file, const PruneOptions& options) {
  auto database = open_present_reply_file(file);
  if (!database) return database.status();
  Pruning pruning(**database, options);
  pruning.result().bytes_before = reply_file_bytes(file);
  Status status = pruning.refuse_needed();
  if (status.ok()) status = options.damaged ? pruning.remove_damaged() : pruning.remove_filtered();
  if (status.ok() && options.damaged) status = pruning.mend_dictionaries();
  if (!status.ok()) return status;
  pruning.give_back_space();
  Pruned pruned = pruning.result();
  database->reset();  // the last one to close the file folds its log into it
  pruned.bytes_after = reply_file_bytes(file);
  return pruned;
}

}  // namespace rare::engine
