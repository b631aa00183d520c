#include "engine/state/asked_calls.h"

#include <sqlite3.h>

namespace rare::engine {
namespace {

constexpr std::chrono::milliseconds kLongestWait{250};

}  // namespace

Status AskedCalls::take_over() {
  sqlite::Transaction transaction(database_);
  if (Status status = transaction.begin(); !status) return status;
  Status status =
      database_
          .statement(
              "INSERT INTO unanswered (run_id, service, calls) "
              "SELECT run_id, service, count(*) FROM asked WHERE run_id = ?1 GROUP BY service "
              "ON CONFLICT (run_id, service) DO UPDATE SET calls = calls + excluded.calls")
          .run(run_id_);
  if (status.ok()) status = database_.statement("DELETE FROM asked WHERE run_id = ?1").run(run_id_);
  if (!status.ok()) return status;
  // A file that is opened often must not be written to for nothing.
  if (sqlite3_changes(database_.handle()) > 0) {
    if (status = transaction.commit(); !status) return status;
  }
  sqlite::Statement& known =
      database_.statement("SELECT service, calls FROM unanswered WHERE run_id = ?1");
  const std::lock_guard lock(mutex_);
  Result<bool> more = known.first(run_id_);
  for (; more.ok() && *more; more = known.next()) unanswered_[known.text(0)] = known.count(1);
  return more.status();
}

bool AskedCalls::begin_waiting() {
  if (waiting_since_) return false;
  waiting_since_ = Clock::now();
  return true;
}

bool AskedCalls::asked(const std::string& key, const std::string& service) {
  const std::lock_guard lock(mutex_);
  const auto [at, added] = open_.try_emplace(key, Call{service, next_number_, 0});
  if (!added) return false;
  unwritten_.emplace_back(key, next_number_++);
  return begin_waiting();
}

bool AskedCalls::ended(const std::string& key, ReplyStore::Ending ending) {
  const std::lock_guard lock(mutex_);
  const auto at = open_.find(key);
  if (at == open_.end()) return false;
  const Call call = std::move(at->second);
  open_.erase(at);
  if (call.row != 0) rows_ended_.push_back(call.row);
  if (ending == ReplyStore::Ending::lost) {
    ++unanswered_[call.service];
    ++lost_[call.service];
  }
  return begin_waiting();
}

std::map<std::string, std::uint64_t> AskedCalls::unanswered() const {
  const std::lock_guard lock(mutex_);
  return unanswered_;
}

std::optional<AskedCalls::Clock::time_point> AskedCalls::write_by() const {
  const std::lock_guard lock(mutex_);
  if (!waiting_since_) return std::nullopt;
  return *waiting_since_ + kLongestWait;
}

void AskedCalls::answered(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto at = open_.find(key);
  if (at == open_.end()) return;
  if (at->second.row != 0) changes_.rows_answered.push_back(at->second.row);
  open_.erase(at);
}

void AskedCalls::take_changes() {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, number] : std::exchange(unwritten_, {})) {
    const auto at = open_.find(key);
    if (at == open_.end() || at->second.number != number) continue;  // ended meanwhile
    changes_.begun.push_back({key, at->second.service, number, 0});
  }
  changes_.rows_ended = std::exchange(rows_ended_, {});
  changes_.lost = std::exchange(lost_, {});
  waiting_since_.reset();
}

Status AskedCalls::write() {
  take_changes();
  Status status;
  for (const auto* rows : {&changes_.rows_answered, &changes_.rows_ended}) {
    for (const std::int64_t row : *rows) {
      status = database_.statement("DELETE FROM asked WHERE number = ?1").run(row);
      if (!status.ok()) return status;
    }
  }
  for (Begun& call : changes_.begun) {
    status = database_.statement("INSERT INTO asked (run_id, key, service) VALUES (?1, ?2, ?3)")
                 .run(run_id_, call.key, call.service);
    if (!status.ok()) return status;
    call.row = sqlite3_last_insert_rowid(database_.handle());
  }
  for (const auto& [service, calls] : changes_.lost) {
    status = database_
                 .statement(
                     "INSERT INTO unanswered (run_id, service, calls) VALUES (?1, ?2, ?3) "
                     "ON CONFLICT (run_id, service) DO UPDATE SET "
                     "calls = calls + excluded.calls")
                 .run(run_id_, service, calls);
    if (!status.ok()) return status;
  }
  return status;
}

void AskedCalls::ended_transaction(bool committed) {
  const Changes changes = std::exchange(changes_, {});
  const std::lock_guard lock(mutex_);
  for (const Begun& call : changes.begun) {
    const auto at = open_.find(call.key);
    const bool open = at != open_.end() && at->second.number == call.number;
    if (!committed) {
      if (open) unwritten_.emplace_back(call.key, call.number);
    } else if (open) {
      at->second.row = call.row;
    } else {
      rows_ended_.push_back(call.row);
    }
  }
  if (!committed) {
    rows_ended_.insert(rows_ended_.end(), changes.rows_ended.begin(), changes.rows_ended.end());
    for (const auto& [service, calls] : changes.lost) lost_[service] += calls;
  }
  if (!unwritten_.empty() || !rows_ended_.empty() || !lost_.empty()) begin_waiting();
}

}  // namespace rare::engine
