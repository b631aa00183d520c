#include "engine/state/reply_database.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "engine/state/asked_calls.h"
#include "engine/state/ballast.h"
#include "engine/state/folder.h"
#include "engine/state/log_keeper.h"
#include "engine/state/reply_file.h"
#include "engine/state/reply_table.h"
#include "engine/state/sqlite.h"

namespace rare::engine {
namespace {

constexpr std::size_t kBatchReplies = 512;
constexpr std::size_t kBatchBytes = 32 * 1024 * 1024;
constexpr int kBusyTimeout_ms = 30'000;
// A batch of replies of 30 kB, each of which changes a page of the index, too.
constexpr std::uint64_t kBallastBytes = 32 * 1024 * 1024;

struct Put {
  std::string key;
  StoredReply reply;
  std::function<void(Status)> done;
};

// A put as it goes into the file.
struct Packed {
  ReplyRow row;
  PackedAhead ahead;
  PaidReplies::Paid paid;
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
  // Ends a wait of take() without an item.
  void wake() {
    {
      const std::lock_guard lock(mutex_);
      woken_ = true;
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
  // Waits for work and moves it to `batch` as long as `fits(item)`, at least one item; none when
  // it was woken or `until` has come. False when the queue is closed and empty.
  template <class Fits>
  bool take(std::vector<Item>& batch, Fits&& fits,
            std::optional<std::chrono::steady_clock::time_point> until = std::nullopt) {
    batch.clear();
    std::unique_lock lock(mutex_);
    const auto ready = [this] { return closed_ || woken_ || !items_.empty(); };
    if (until) {
      changed_.wait_until(lock, *until, ready);
    } else {
      changed_.wait(lock, ready);
    }
    woken_ = false;
    while (!items_.empty() && (batch.empty() || fits(items_.front()))) {
      batch.push_back(std::move(items_.front()));
      items_.pop_front();
    }
    return !batch.empty() || !closed_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> items_;
  bool closed_ = false, woken_ = false;
};

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

class ReplyDatabaseFile final : public ReplyDatabase {
 public:
  ReplyDatabaseFile(std::unique_ptr<sqlite::Database> writer,
                    std::unique_ptr<sqlite::Database> reader,
                    std::unique_ptr<sqlite::Database> keeper, std::string run_id,
                    std::function<void(Status)> on_full_disk)
      : writer_(std::move(writer)),
        reader_(std::move(reader)),
        log_(*writer_, std::move(keeper)),
        run_id_(std::move(run_id)),
        written_(*writer_),
        read_(*reader_),
        asked_(*writer_, run_id_),
        paid_(*writer_, run_id_),
        on_full_disk_(std::move(on_full_disk)) {
    if (on_full_disk_) ballast_.emplace(parent_folder(writer_->file()), kBallastBytes);
  }

  Status start() {
    if (Status status = asked_.take_over(); !status) return status;
    if (Status status = paid_.take_over(); !status) return status;
    pack_thread_ = std::thread([this] { pack_loop(); });
    write_thread_ = std::thread([this] { write_loop(); });
    read_thread_ = std::thread([this] { read_loop(); });
    return Status();
  }

  // Writes first: their callbacks may still look something up.
  ~ReplyDatabaseFile() override {
    if (!write_thread_.joinable()) return;
    puts_.close();
    pack_thread_.join();
    packed_.close();
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
  void asked(const std::string& key, const std::string& service) override {
    if (asked_.asked(key, service)) packed_.wake();
  }
  void ended(const std::string& key, Ending ending) override {
    if (asked_.ended(key, ending)) packed_.wake();
  }
  std::uint64_t stored() const override { return stored_.load(); }
  std::map<std::string, std::uint64_t> unanswered() const override { return asked_.unanswered(); }
  std::map<PaidReplies::Key, PaidTotals> paid() const override { return paid_.totals(); }

 private:
  void pack_loop();
  void write_loop();
  void read_loop();
  Status write_batch(std::vector<Packed>& batch);
  Status write_in_ballast(std::vector<Packed>& batch, Status full);
  void tell_of_lost_pages();
  Status sync_commits(bool wanted);
  void write_asked();
  Result<std::optional<StoredReply>> read(const Find& find);

  std::unique_ptr<sqlite::Database> writer_;  // of the write thread
  std::unique_ptr<sqlite::Database> reader_;  // of the read thread
  LogKeeper log_;
  const std::string run_id_;
  ReplyTable written_;  // of the write thread; pack_ahead() of the pack thread
  ReplyTable read_;     // of the read thread
  AskedCalls asked_;
  PaidReplies paid_;
  const std::function<void(Status)> on_full_disk_;
  std::optional<Ballast> ballast_;
  bool commits_synced_ = true;
  bool told_of_lost_pages_ = false;
  std::atomic<std::uint64_t> stored_ = 0;
  WorkQueue<Put> puts_;
  WorkQueue<Packed> packed_;
  WorkQueue<Find> finds_;
  std::thread pack_thread_;
  std::thread write_thread_;
  std::thread read_thread_;
};

// In the order of the puts, so that the callbacks come in that order, too.
void ReplyDatabaseFile::pack_loop() {
  std::vector<Put> batch;
  while (puts_.take(batch, [](const Put&) { return false; })) {
    for (Put& put : batch) {
      StoredReply& reply = put.reply;
      Packed packed;
      packed.paid = {std::move(reply.service), reply.node,          reply.latency_s,
                     reply.first_token_s,      reply.prompt_tokens, reply.completion_tokens};
      packed.row.key = std::move(put.key);
      packed.row.run_id = run_id_;
      packed.row.model = std::move(reply.model);
      packed.row.node = std::move(reply.node);
      packed.row.latency_s = reply.latency_s;
      packed.row.prompt_tokens = reply.prompt_tokens;
      packed.row.completion_tokens = reply.completion_tokens;
      packed.row.request = std::move(reply.request);
      packed.row.body = std::move(reply.body);
      packed.ahead = written_.pack_ahead(packed.row);
      packed.done = std::move(put.done);
      packed_.push(std::move(packed));
    }
  }
}

void ReplyDatabaseFile::write_loop() {
  std::vector<Packed> batch;
  for (;;) {
    std::size_t replies = 1;
    std::size_t bytes = 0;
    const auto fits = [&](const Packed& packed) {
      bytes += packed.row.body.size();
      return ++replies <= kBatchReplies && bytes <= kBatchBytes;
    };
    const std::optional<AskedCalls::Clock::time_point> write_by = asked_.write_by();
    const bool more = packed_.take(batch, fits, write_by);
    if (batch.empty()) {
      const auto due = more ? write_by : asked_.write_by();
      if (due && (!more || AskedCalls::Clock::now() >= *due)) write_asked();
      if (!more) return;
      continue;
    }
    Status status = write_batch(batch);
    if (status.code() == StatusCode::resource_exhausted) {
      status = write_in_ballast(batch, std::move(status));
    }
    if (status.ok()) stored_ += batch.size();
    if (status.ok() && log_.lost_pages()) tell_of_lost_pages();
    for (Packed& packed : batch) packed.done(status);
  }
}

// Holds from the next transaction on. A synced commit takes with it to disk what came before it in
// the log.
Status ReplyDatabaseFile::sync_commits(bool wanted) {
  if (commits_synced_ == wanted) return Status();
  Status status =
      writer_->execute(wanted ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
  if (status.ok()) commits_synced_ = wanted;
  return status;
}

Status ReplyDatabaseFile::write_batch(std::vector<Packed>& batch) {
  Status status = sync_commits(true);
  if (!status.ok()) return status;
  const auto uncut = log_.transaction();
  sqlite::Transaction transaction(*writer_);
  if (status = transaction.begin(); !status) return status;
  written_.begin();
  const double created_s = seconds_since_1970();
  for (Packed& packed : batch) {
    packed.row.created_s = created_s;
    status = written_.write(packed.row, packed.ahead);
    if (!status.ok()) break;
    asked_.answered(packed.row.key);
    paid_.count(packed.paid);
  }
  if (status.ok()) status = asked_.write();
  if (status.ok()) status = paid_.write();
  if (status.ok()) status = transaction.commit();
  asked_.ended_transaction(status.ok());
  paid_.ended_transaction(status.ok());
  return status;
}

// Says so before the replies are given out: whoever gets one asks nothing more then.
Status ReplyDatabaseFile::write_in_ballast(std::vector<Packed>& batch, Status full) {
  if (!ballast_ || !ballast_->release()) return full;
  const Status written = write_batch(batch);
  if (!written.ok()) return written;
  on_full_disk_(Status::run_fault(
      full.code(), full.message() +
                       " (What is paid for is kept: replies of calls in flight are written to room "
                       "that was held back for them; nothing more is asked.)"));
  return written;
}

// The log has all; but who reads may be given pages that never reached the disk, and the log would
// grow without end.
void ReplyDatabaseFile::tell_of_lost_pages() {
  if (told_of_lost_pages_ || !on_full_disk_) return;
  told_of_lost_pages_ = true;
  on_full_disk_(Status::run_fault(
      StatusCode::unavailable,
      "the disk failed to take what was written to the reply store " + writer_->file() +
          ". Every stored reply is in " + writer_->file() +
          "-wal; nothing more is asked. Check the disk, end every program that has the file open, "
          "then run again: the log is then read from its beginning."));
}

// What cannot be written now is tried again with the next replies, which say what is wrong.
void ReplyDatabaseFile::write_asked() {
  if (!sync_commits(false).ok()) return;
  const auto uncut = log_.transaction();
  sqlite::Transaction transaction(*writer_);
  Status status = transaction.begin();
  if (status.ok()) status = asked_.write();
  if (status.ok()) status = transaction.commit(false);
  asked_.ended_transaction(status.ok());
}

void ReplyDatabaseFile::read_loop() {
  std::vector<Find> batch;
  while (finds_.take(batch, [](const Find&) { return false; })) {
    batch.front().done(read(batch.front()));
  }
}

Result<std::optional<StoredReply>> ReplyDatabaseFile::read(const Find& find) {
  sqlite::Statement& select = reader_->statement(std::string("SELECT ") + ReplyTable::kColumns +
                                                 " FROM replies WHERE key = ?1");
  const Result<bool> found = select.first(find.key);
  if (!found.ok()) return found.status();
  if (!*found) return std::optional<StoredReply>();
  Result<ReplyRow> row = read_.read(select, find.key);
  select.reset();
  if (!row.ok()) return row.status();
  std::optional<StoredReply> reply;
  if (find.scope == Scope::this_run && row->run_id != run_id_) return reply;
  reply.emplace();
  reply->request = std::move(row->request);
  reply->body = std::move(row->body);
  reply->model = std::move(row->model);
  reply->node = std::move(row->node);
  reply->latency_s = row->latency_s;
  reply->prompt_tokens = row->prompt_tokens;
  reply->completion_tokens = row->completion_tokens;
  return reply;
}

}  // namespace

Result<std::unique_ptr<ReplyDatabase>> ReplyDatabase::open(
    const std::string& file, const std::string& run_id, std::function<void(Status)> on_full_disk) {
  const std::string folder = parent_folder(file);
  if (Status status = make_private_folder(folder); !status) return status;
  if (Status status = require_local(folder, "--cache FILE"); !status) return status;
  auto writer = open_reply_file(file, kBusyTimeout_ms);
  if (!writer.ok()) return writer.status();
  auto reader = open_reply_file(file, kBusyTimeout_ms);
  if (!reader.ok()) return reader.status();
  if (Status status = (*reader)->execute("PRAGMA query_only = ON"); !status) return status;
  auto keeper = open_reply_file(file, kBusyTimeout_ms);
  if (!keeper.ok()) return keeper.status();
  auto database = std::make_unique<ReplyDatabaseFile>(
      *std::move(writer), *std::move(reader), *std::move(keeper), run_id, std::move(on_full_disk));
  if (Status status = database->start(); !status) return status;
  return std::unique_ptr<ReplyDatabase>(std::move(database));
}

}  // namespace rare::engine
