#include "engine/state/reply_database.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "engine/state/folder.h"
#include "engine/state/sqlite.h"

namespace rare::engine {
namespace {

constexpr std::uint32_t kReplyApplicationId = 0x52415252;  // "RARR"
constexpr int kReplyVersion = 1;
constexpr std::size_t kBatchReplies = 512;
constexpr std::size_t kBatchBytes = 32 * 1024 * 1024;
// The log is emptied when it has grown beyond this; SQLite's own passive checkpoints never shorten
// it while another process reads.
constexpr off_t kLogBytes = 64 * 1024 * 1024;
constexpr int kCheckpointWait_ms = 200;
constexpr int kBusyTimeout_ms = 30'000;

// A row in a table ordered by rowid, with the key in an index beside it: as WITHOUT ROWID a reply
// of a few kB would take an overflow page of its own.
constexpr const char* kReplySchema = R"sql(
CREATE TABLE replies (
  key TEXT NOT NULL PRIMARY KEY,
  run_id TEXT NOT NULL,
  created_s REAL NOT NULL,
  model TEXT NOT NULL,
  node TEXT NOT NULL,
  latency_s REAL NOT NULL,
  request TEXT NOT NULL,
  body TEXT NOT NULL);
CREATE VIEW recent AS
  SELECT datetime(created_s, 'unixepoch') AS created, model, node, round(latency_s, 2) AS latency_s,
         substr(body, 1, 200) AS body, key
  FROM replies ORDER BY rowid DESC;
)sql";

struct Put {
  std::string key;
  StoredReply reply;
  std::function<void(Status)> done;
};

struct Find {
  std::string key;
  ReplyStore::Scope scope;
  std::function<void(Result<std::optional<StoredReply>>)> done;
};

// What one thread waits for and takes in batches. Closed, it gives out what it still holds.
template <class Item>
class WorkQueue {
 public:
  void push(Item item) {
    {
      const std::lock_guard lock(mutex_);
      items_.push_back(std::move(item));
    }
    changed_.notify_one();
  }
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
  }
  // Waits for work and moves it to `batch` as long as `fits(item)`, at least one item; false when
  // the queue is closed and empty.
  template <class Fits>
  bool take(std::vector<Item>& batch, Fits&& fits) {
    batch.clear();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || !items_.empty(); });
    while (!items_.empty() && (batch.empty() || fits(items_.front()))) {
      batch.push_back(std::move(items_.front()));
      items_.pop_front();
    }
    return !batch.empty();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> items_;
  bool closed_ = false;
};

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

class ReplyDatabaseFile final : public ReplyDatabase {
 public:
  ReplyDatabaseFile(std::unique_ptr<sqlite::Database> writer,
                    std::unique_ptr<sqlite::Database> reader, std::string run_id)
      : writer_(std::move(writer)), reader_(std::move(reader)), run_id_(std::move(run_id)) {
    write_thread_ = std::thread([this] { write_loop(); });
    read_thread_ = std::thread([this] { read_loop(); });
  }

  // Writes first: their callbacks may still look something up.
  ~ReplyDatabaseFile() override {
    puts_.close();
    write_thread_.join();
    finds_.close();
    read_thread_.join();
  }

  void find(std::string key, Scope scope,
            std::function<void(Result<std::optional<StoredReply>>)> done) override {
    finds_.push({std::move(key), scope, std::move(done)});
  }
  void put(std::string key, StoredReply reply, std::function<void(Status)> done) override {
    puts_.push({std::move(key), std::move(reply), std::move(done)});
  }
  std::uint64_t stored() const override { return stored_.load(); }

 private:
  void write_loop();
  void read_loop();
  Status write_batch(const std::vector<Put>& batch);
  Result<std::optional<StoredReply>> read(const Find& find);
  void bound_log();

  std::unique_ptr<sqlite::Database> writer_;  // of the write thread
  std::unique_ptr<sqlite::Database> reader_;  // of the read thread
  const std::string run_id_;
  std::atomic<std::uint64_t> stored_ = 0;
  off_t log_tried_bytes_ = 0;
  WorkQueue<Put> puts_;
  WorkQueue<Find> finds_;
  std::thread write_thread_;
  std::thread read_thread_;
};

void ReplyDatabaseFile::write_loop() {
  std::vector<Put> batch;
  for (;;) {
    std::size_t replies = 1;
    std::size_t bytes = 0;
    const bool more = puts_.take(batch, [&](const Put& put) {
      bytes += put.reply.body.size();
      return ++replies <= kBatchReplies && bytes <= kBatchBytes;
    });
    if (!more) return;
    const Status status = write_batch(batch);
    if (status.ok()) stored_ += batch.size();
    for (Put& put : batch) put.done(status);
    if (status.ok()) bound_log();
  }
}

Status ReplyDatabaseFile::write_batch(const std::vector<Put>& batch) {
  sqlite::Transaction transaction(*writer_);
  if (Status status = transaction.begin(); !status) return status;
  sqlite::Statement& insert = writer_->statement(
      "INSERT INTO replies (key, run_id, created_s, model, node, latency_s, request, body) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (key) DO UPDATE SET "
      "run_id = excluded.run_id, created_s = excluded.created_s, model = excluded.model, "
      "node = excluded.node, latency_s = excluded.latency_s, request = excluded.request, "
      "body = excluded.body");
  const double created_s = seconds_since_1970();
  for (const Put& put : batch) {
    const StoredReply& reply = put.reply;
    const std::string request = reply.request.dump(-1, ' ', false, Json::error_handler_t::replace);
    Status status = insert.run(put.key, run_id_, created_s, reply.model, reply.node,
                               reply.latency_s, request, reply.body);
    if (!status) return status;
  }
  return transaction.commit();
}

// Tried again only after the log has grown by as much once more: somebody may be reading for long.
void ReplyDatabaseFile::bound_log() {
  struct stat log {};
  if (stat((writer_->file() + "-wal").c_str(), &log) != 0) return;
  if (log.st_size < kLogBytes) log_tried_bytes_ = 0;
  if (log.st_size < log_tried_bytes_ + kLogBytes) return;
  log_tried_bytes_ = log.st_size;
  writer_->set_busy_timeout(kCheckpointWait_ms);
  sqlite3_wal_checkpoint_v2(writer_->handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                            nullptr);
  writer_->set_busy_timeout(kBusyTimeout_ms);
}

void ReplyDatabaseFile::read_loop() {
  std::vector<Find> batch;
  while (finds_.take(batch, [](const Find&) { return false; })) {
    batch.front().done(read(batch.front()));
  }
}

Result<std::optional<StoredReply>> ReplyDatabaseFile::read(const Find& find) {
  sqlite::Statement& select = reader_->statement(
      "SELECT body, request, model, node, latency_s, run_id FROM replies WHERE key = ?1");
  const Result<bool> found = select.first(find.key);
  if (!found.ok()) return found.status();
  std::optional<StoredReply> reply;
  if (*found && (find.scope == Scope::any_run || select.text(5) == run_id_)) {
    reply.emplace();
    reply->body = select.text(0);
    reply->request = Json::parse(select.text(1), nullptr, false);
    reply->model = select.text(2);
    reply->node = select.text(3);
    reply->latency_s = select.real(4);
    if (reply->request.is_discarded()) {
      select.reset();
      return reader_->damaged("the request of reply " + find.key + " is not JSON");
    }
  }
  select.reset();
  return reply;
}

sqlite::Options reply_options(const std::string& file) {
  sqlite::Options options;
  options.what = "reply store";
  options.application_id = kReplyApplicationId;
  options.version = kReplyVersion;
  options.schema = kReplySchema;
  // The shell's .recover would be shorter, but some builds of the shell lack it.
  options.if_damaged =
      "Nothing was changed. What can still be read is saved by:\n  (sqlite3 " + file +
      " .dump | sed 's/^ROLLBACK.*/COMMIT;/'; echo 'PRAGMA application_id = " +
      std::to_string(kReplyApplicationId) +
      "; PRAGMA user_version = " + std::to_string(kReplyVersion) + ";') | sqlite3 " + file +
      ".saved\nThen put that file in its place, or choose another with --cache FILE. Replies that "
      "are not in it are paid again.";
  options.elsewhere = "--cache FILE";
  options.busy_timeout_ms = kBusyTimeout_ms;
  return options;
}

}  // namespace

Result<std::unique_ptr<ReplyDatabase>> ReplyDatabase::open(const std::string& file,
                                                           const std::string& run_id) {
  const std::string folder = parent_folder(file);
  if (Status status = make_private_folder(folder); !status) return status;
  if (Status status = require_local(folder, "--cache FILE"); !status) return status;
  auto writer = sqlite::Database::open(file, reply_options(file));
  if (!writer.ok()) return writer.status();
  auto reader = sqlite::Database::open(file, reply_options(file));
  if (!reader.ok()) return reader.status();
  if (Status status = (*reader)->execute("PRAGMA query_only = ON"); !status) return status;
  return std::unique_ptr<ReplyDatabase>(
      std::make_unique<ReplyDatabaseFile>(*std::move(writer), *std::move(reader), run_id));
}

}  // namespace rare::engine
