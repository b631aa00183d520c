#include "engine/state/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "engine/state/folder.h"

namespace rare::engine::sqlite {
namespace {

constexpr const char* kMarkSchema = R"sql(
CREATE TABLE IF NOT EXISTS file_mark (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  file_id TEXT NOT NULL,
  transactions INTEGER NOT NULL);
INSERT OR IGNORE INTO file_mark VALUES (1, hex(randomblob(16)), 0);
)sql";

}  // namespace

Statement::Statement(Database& database, const std::string& sql) : database_(database) {
  error_ = sqlite3_prepare_v3(database.handle(), sql.c_str(), static_cast<int>(sql.size() + 1),
                              SQLITE_PREPARE_PERSISTENT, &handle_, nullptr);
}

Statement::~Statement() { sqlite3_finalize(handle_); }

void Statement::note(int code) {
  if (error_ == SQLITE_OK) error_ = code;
}

void Statement::start(bool copy_values) {
  copy_values_ = copy_values;
  if (handle_ != nullptr) sqlite3_reset(handle_);
}

void Statement::bind_integer(int index, std::int64_t value) {
  note(sqlite3_bind_int64(handle_, index, value));
}

void Statement::bind(int index, double value) { note(sqlite3_bind_double(handle_, index, value)); }

void Statement::bind(int index, std::string_view text) {
  note(sqlite3_bind_text64(handle_, index, text.empty() ? "" : text.data(), text.size(),
                           copy_values_ ? SQLITE_TRANSIENT : SQLITE_STATIC, SQLITE_UTF8));
}

void Statement::bind(int index, Blob blob) {
  note(sqlite3_bind_blob64(handle_, index, blob.bytes.empty() ? "" : blob.bytes.data(),
                           blob.bytes.size(), copy_values_ ? SQLITE_TRANSIENT : SQLITE_STATIC));
}

void Statement::bind(int index, const std::optional<std::string>& blob) {
  if (blob) {
    bind(index, Blob{*blob});
  } else {
    note(sqlite3_bind_null(handle_, index));
  }
}

Result<bool> Statement::next() {
  if (handle_ == nullptr || error_ != SQLITE_OK) {
    const int error = error_;
    // A statement that could not be prepared stays so; a value that could not be bound is gone.
    if (handle_ != nullptr) error_ = SQLITE_OK;
    return database_.error(error);
  }
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  Status status = database_.error(code);
  reset();
  return status;
}

Status Statement::finish() {
  Result<bool> row = next();
  while (row.ok() && *row) row = next();
  if (!row.ok()) return row.status();
  return Status();
}

void Statement::reset() {
  if (handle_ == nullptr) return;
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }

double Statement::real(int column) const { return sqlite3_column_double(handle_, column); }

std::string Statement::text(int column) const {
  const void* bytes = sqlite3_column_blob(handle_, column);
  const int length = sqlite3_column_bytes(handle_, column);
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), length);
}

bool Statement::sealed() const {
  const int last = sqlite3_column_count(handle_) - 1;
  RowSeal seal;
  for (int column = 0; column < last; ++column) {
    switch (sqlite3_column_type(handle_, column)) {
      case SQLITE_INTEGER:
        seal.add(integer(column));
        break;
      case SQLITE_FLOAT:
        seal.add(real(column));
        break;
      case SQLITE_NULL:
        seal.add_null();
        break;
      default: {
        const void* bytes = sqlite3_column_blob(handle_, column);
        const int length = sqlite3_column_bytes(handle_, column);
        seal.add(std::string_view(static_cast<const char*>(bytes), length));
      }
    }
  }
  return integer(last) == seal.value();
}

Database::Database(std::string file, Options options)
    : file_(std::move(file)), options_(std::move(options)), mark_(file_) {}

Database::~Database() {
  statements_.clear();
  sqlite3_close(handle_);
}

Result<std::unique_ptr<Database>> Database::open(const std::string& file, Options options) {
  const std::optional<CommitMark::Noted> noted = CommitMark::read(file);
  std::unique_ptr<Database> database(new Database(file, std::move(options)));
  if (Status status = database->connect(); !status) return status;
  bool empty = false;
  if (Status status = database->check_format(empty); !status) return status;
  if (empty && noted && noted->transactions > 0) return database->shortened(*noted);
  if (empty && database->options_.read_only) return database->damaged("it is empty");
  if (!database->options_.read_only) {
    if (Status status = database->configure(); !status) return status;
    if (Status status = empty ? database->make_schema() : database->upgrade(); !status) {
      return status;
    }
  }
  if (Status status = database->check_mark(noted); !status) return status;
  return database;
}

// A file with another id is another file than the one that was counted.
Status Database::check_mark(const std::optional<CommitMark::Noted>& noted) {
  Statement& mark = statement("SELECT file_id, transactions FROM file_mark");
  const Result<bool> found = mark.first();
  if (!found.ok()) return found.status();
  if (!*found) return damaged("it does not say which file it is");
  file_id_ = mark.text(0);
  transactions_ = mark.count(1);
  mark.reset();
  if (!noted || noted->file_id != file_id_ || noted->transactions <= transactions_) return Status();
  return shortened(*noted);
}

Status Database::shortened(const CommitMark::Noted& noted) const {
  return Status::run_fault(
      StatusCode::invalid_argument,
      "the " + options_.what + " " + file_ + " lost the newest " +
          std::to_string(noted.transactions - transactions_) + " of its " +
          std::to_string(noted.transactions) + " transactions: its log " + file_ +
          "-wal was damaged or is gone, or an older copy was put in its place. Nothing was "
          "changed. Put the files back that belong together; or, to go on with what is left, "
          "remove " +
          CommitMark::file_of(file_) + ": " + options_.if_shortened);
}

Status Database::count_transaction() {
  Statement& count = statement(
      "UPDATE file_mark SET transactions = transactions + 1 RETURNING transactions, file_id");
  const Result<bool> counted = count.first();
  if (!counted.ok()) return counted.status();
  if (!*counted) return damaged("it does not say which file it is");
  transactions_ = count.count(0);
  file_id_ = count.text(1);
  count.reset();
  return Status();
}

Status Database::connect() {
  if (!options_.read_only) {
    if (Status status = make_file(); !status) return status;
  }
  const int access = options_.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  const int code = sqlite3_open_v2(file_.c_str(), &handle_,
                                   access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (code != SQLITE_OK) return error(code);
  set_busy_timeout(options_.busy_timeout_ms);
  struct stat found {};
  if (stat(file_.c_str(), &found) != 0) return file_error("cannot open", file_, errno);
  device_ = found.st_dev;
  inode_ = found.st_ino;
  return Status();
}

// Before SQLite opens it, for the mode. Not with open() where it can be helped: closing a second
// descriptor would drop the locks of every other connection of this process.
Status Database::make_file() const {
  int made = mknod(file_.c_str(), S_IFREG | 0600, 0);
  if (made != 0 && errno != EEXIST) {  // some file systems and sandboxes know no mknod
    made = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made >= 0) close(made);
  }
  if (made >= 0) return sync_folder(parent_folder(file_));
  return errno == EEXIST ? Status() : file_error("cannot make the " + options_.what, file_, errno);
}

Status Database::check_format(bool& empty) {
  std::int64_t found[3] = {0, 0, 0};
  const char* const questions[3] = {"PRAGMA application_id", "PRAGMA user_version",
                                    "SELECT count(*) FROM sqlite_master"};
  for (int i = 0; i < 3; ++i) {
    Statement statement(*this, questions[i]);
    const Result<bool> row = statement.first();
    if (!row.ok()) return row.status();
    if (!*row) return damaged("it does not answer");
    found[i] = statement.integer(0);
  }
  const auto [application_id, version, objects] = found;
  version_ = static_cast<int>(version);
  empty = application_id == 0 && version == 0 && objects == 0;
  if (empty) return Status();
  if (application_id != static_cast<std::int64_t>(options_.application_id)) {
    return Status::run_fault(StatusCode::invalid_argument,
                             file_ + " is a database of another program, not a " + options_.what +
                                 " of rare-engine: nothing in it was changed. Choose another "
                                 "place with " +
                                 options_.elsewhere + ".");
  }
  if (version > options_.version) {
    return Status::run_fault(StatusCode::invalid_argument,
                             file_ + " was written by a newer rare-engine: its format is " +
                                 std::to_string(version) + ", this version reads up to " +
                                 std::to_string(options_.version) +
                                 ". Use the newer rare-engine, or choose another place with " +
                                 options_.elsewhere + ".");
  }
  if (version < 1) return damaged("its format is " + std::to_string(version));
  if (version < options_.version && (options_.read_only || !options_.upgrade)) {
    return Status::run_fault(
        StatusCode::invalid_argument,
        file_ + " was written by an older rare-engine: its format is " + std::to_string(version) +
            ", this version " + (options_.read_only ? "reads " : "works with ") +
            std::to_string(options_.version) + ". Nothing was changed. " +
            (options_.upgrade ? "The next run that uses it brings it to that format."
                              : "Use the older rare-engine, or choose another place with " +
                                    options_.elsewhere + "."));
  }
  return Status();
}

Status Database::configure() {
  if (Status status = execute("PRAGMA page_size = 16384; PRAGMA trusted_schema = OFF;"
                              "PRAGMA cell_size_check = ON");
      !status) {
    return status;
  }
  // SQLite does not wait by itself when two processes turn a new file to WAL at the same moment.
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(options_.busy_timeout_ms);
  for (;;) {
    Statement statement(*this, "PRAGMA journal_mode = WAL");
    const Result<bool> row = statement.first();
    if (row.ok() && *row && statement.text(0) == "wal") break;
    if (row.ok()) {
      return Status::run_fault(
          StatusCode::unavailable,
          "the file system of " + file_ + " has no shared memory maps, which the " + options_.what +
              " needs. Choose a folder on a local disk with " + options_.elsewhere + ".");
    }
    const int code = sqlite3_errcode(handle_) & 0xff;
    if (code != SQLITE_BUSY || std::chrono::steady_clock::now() > deadline) return row.status();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return execute("PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864");
}

Status Database::make_schema() {
  Transaction transaction(*this);
  if (Status status = transaction.begin(); !status) return status;
  bool empty = false;  // no longer when another process was faster
  if (Status status = check_format(empty); !status) return status;
  if (!empty) return Status();
  const std::string marks = "PRAGMA application_id = " + std::to_string(options_.application_id) +
                            "; PRAGMA user_version = " + std::to_string(options_.version);
  if (Status status = execute(kMarkSchema); !status) return status;
  if (Status status = execute(options_.schema); !status) return status;
  if (Status status = execute(marks); !status) return status;
  return transaction.commit();
}

Status Database::upgrade() {
  if (version_ == options_.version) return Status();
  Transaction transaction(*this);
  if (Status status = transaction.begin(); !status) return status;
  bool empty = false;  // looked at again: another process may have been faster
  if (Status status = check_format(empty); !status) return status;
  if (version_ == options_.version) return Status();
  if (Status status = execute(kMarkSchema); !status) return status;
  Status status = options_.upgrade(*this, version_);
  if (status.ok()) {
    status = execute("PRAGMA user_version = " + std::to_string(options_.version));
  }
  if (status.ok()) status = transaction.commit();
  if (status.ok()) version_ = options_.version;
  return status;
}

Statement& Database::statement(const std::string& sql) {
  std::unique_ptr<Statement>& slot = statements_[sql];
  if (!slot) slot = std::make_unique<Statement>(*this, sql);
  return *slot;
}

Status Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Status() : error(code);
}

Status Database::damaged(const std::string& detail) const {
  return Status::run_fault(StatusCode::invalid_argument, "the " + options_.what + " " + file_ +
                                                             " is damaged (" + detail + "). " +
                                                             options_.if_damaged);
}

Status Database::error(int code) const {
  // The connection's words only when they are about this code.
  const bool current = handle_ != nullptr && (sqlite3_errcode(handle_) & 0xff) == (code & 0xff);
  const std::string words = current ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  const int system_error = current ? sqlite3_system_errno(handle_) : 0;
  const std::string name = options_.what + " " + file_;
  const int kind = code & 0xff;
  if (kind == SQLITE_FULL || (kind == SQLITE_IOERR && is_disk_full(system_error))) {
    return disk_full(name, words);
  }
  switch (kind) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return damaged(words);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Status::run_fault(StatusCode::unavailable,
                               "another process kept the " + name + " locked for " +
                                   std::to_string(options_.busy_timeout_ms / 1000) + " s (" +
                                   words + "). Wait for it or end it, then run again.");
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return Status::run_fault(StatusCode::unavailable,
                               "cannot write the " + name + " (" + words + "): its folder " +
                                   parent_folder(file_) +
                                   " must exist and be writable. Mend that and run again, or "
                                   "choose another place with " +
                                   options_.elsewhere + ".");
    case SQLITE_IOERR:
      return Status::run_fault(
          StatusCode::unavailable,
          "reading or writing the " + name + " failed (" + words +
              (system_error != 0 ? std::string(", ") + std::strerror(system_error) : "") +
              "). Check the disk, then run again: what was committed is kept.");
    case SQLITE_NOMEM:
      return Status::run_fault(StatusCode::resource_exhausted,
                               "no memory left while working on the " + name + ".");
    default:
      return Status::run_fault(StatusCode::internal, "the " + name + ": " + words + " (code " +
                                                         std::to_string(code) +
                                                         "). This is a defect of rare-engine.");
  }
}

Status Database::in_place() const {
  struct stat found {};
  if (stat(file_.c_str(), &found) == 0 && found.st_dev == device_ && found.st_ino == inode_) {
    return Status();
  }
  return Status::run_fault(StatusCode::unavailable,
                           "the " + options_.what + " " + file_ +
                               " was removed or replaced while in use. Put it or its folder " +
                               parent_folder(file_) + " back, then run again.");
}

Result<bool> Database::has_table(const std::string& name) {
  Statement& tables = statement("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1");
  const Result<bool> found = tables.first(name);
  tables.reset();
  return found;
}

void Database::set_busy_timeout(int milliseconds) { sqlite3_busy_timeout(handle_, milliseconds); }

Transaction::~Transaction() {
  // SQLite may have rolled back by itself, as it does on a full disk.
  if (open_ && sqlite3_get_autocommit(database_.handle()) == 0) {
    sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

Status Transaction::begin() {
  if (Status status = database_.in_place(); !status) return status;
  Status status = database_.statement("BEGIN IMMEDIATE").run();
  open_ = status.ok();
  return status;
}

Status Transaction::commit(bool is_synced) {
  if (Status status = database_.count_transaction(); !status) return status;
  if (Status status = database_.statement("COMMIT").run(); !status) return status;
  open_ = false;
  if (!is_synced) return Status();
  return database_.mark_.note(database_.file_id_, database_.transactions_);
}

}  // namespace rare::engine::sqlite
