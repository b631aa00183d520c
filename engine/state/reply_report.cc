#include "engine/state/reply_report.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>
#include <vector>

#include "engine/state/reply_file.h"
#include "engine/state/row_reader.h"

namespace rare::engine {
namespace {

constexpr int kRowsAtOnce = 500;
constexpr int kWait_ms = 30'000;

// A text as SQL writes it.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char letter : text) result.append(letter == '\'' ? 2 : 1, letter);
  return result + "'";
}

Status add_replies(sqlite::Database& database, ReplyReport& report) {
  sqlite::Statement& step = database.statement(
      "SELECT model, node, run_id, count(*), sum(raw_bytes), sum(packed_bytes), "
      "sum(prompt_tokens), sum(completion_tokens), min(created_s), max(created_s), max(number) "
      "FROM (SELECT rowid AS number, model, node, run_id, request_bytes + reply_bytes AS "
      "raw_bytes, "
      "length(packed) AS packed_bytes, prompt_tokens, completion_tokens, created_s "
      "FROM replies NOT INDEXED WHERE rowid > ?1 ORDER BY rowid LIMIT 20000) GROUP BY 1, 2, 3");
  for (std::int64_t last = 0, before = -1; last != before;) {
    before = last;
    Result<bool> more = step.first(before);
    for (; more.ok() && *more; more = step.next()) {
      ReplyTotals totals;
      totals.replies = step.count(3);
      totals.raw_bytes = step.count(4);
      totals.packed_bytes = step.count(5);
      totals.prompt_tokens = step.count(6);
      totals.completion_tokens = step.count(7);
      totals.oldest_s = step.real(8);
      totals.newest_s = step.real(9);
      last = std::max(last, step.integer(10));
      report.all.add(totals);
      report.by_asker[{step.text(0), step.text(1)}].add(totals);
      report.by_run[step.text(2)].add(totals);
    }
    if (!more.ok()) return more.status();
  }
  return Status();
}

}  // namespace

std::string ReplyFilter::condition() const {
  std::string sql = "true";
  if (model) sql += " AND model = " + quoted(*model);
  if (node) sql += " AND node = " + quoted(*node);
  if (run_id) sql += " AND run_id = " + quoted(*run_id);
  if (key) sql += " AND key = " + quoted(*key);
  if (created_before_s) {
    char number[32];
    const auto end = std::to_chars(number, number + sizeof number, *created_before_s).ptr;
    sql += " AND created_s < " + std::string(number, end);
  }
  return sql;
}

void ReplyTotals::add(const ReplyTotals& more) {
  if (more.replies > 0) {
    oldest_s = replies == 0 ? more.oldest_s : std::min(oldest_s, more.oldest_s);
    newest_s = std::max(newest_s, more.newest_s);
  }
  replies += more.replies;
  raw_bytes += more.raw_bytes;
  packed_bytes += more.packed_bytes;
  prompt_tokens += more.prompt_tokens;
  completion_tokens += more.completion_tokens;
  unanswered += more.unanswered;
}

std::uint64_t reply_file_bytes(const std::string& file) {
  std::uint64_t bytes = 0;
  for (const std::string& part : {file, file + "-wal"}) {
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(part, error);
    if (!error) bytes += size;
  }
  return bytes;
}

Result<std::unique_ptr<sqlite::Database>> open_present_reply_file(const std::string& file) {
  std::error_code error;
  if (std::filesystem::exists(file, error)) return open_reply_file(file, kWait_ms);
  return Status(StatusCode::not_found,
                "there is no reply store " + file +
                    ". Ask where the run was started, or name the file with --cache FILE");
}

Result<ReplyReport> read_reply_report(const std::string& file) {
  auto database = open_present_reply_file(file);
  if (!database) return database.status();
  ReplyReport report;
  if (Status status = add_replies(**database, report); !status) return status;
  RowReader rows(**database);
  rows.each(
      "SELECT run_id, sum(calls) FROM (SELECT run_id, calls FROM unanswered UNION ALL "
      "SELECT run_id, 1 FROM asked) GROUP BY run_id",
      [&](const sqlite::Statement& row) {
        ReplyTotals totals;
        totals.unanswered = row.count(1);
        report.all.add(totals);
        report.by_run[row.text(0)].add(totals);
      });
  if (!rows.status().ok()) return rows.status();
  report.disk_bytes = reply_file_bytes(file);
  return report;
}

Result<std::uint64_t> each_reply(const std::string& file, const ReplyFilter& filter,
                                 const std::function<bool(const ReplyRow&)>& take) {
  auto database = open_present_reply_file(file);
  if (!database) return database.status();
  ReplyTable table(**database);
  sqlite::Statement& numbers = (*database)->statement(
      "SELECT rowid, key FROM replies NOT INDEXED WHERE rowid > ?1 AND " + filter.condition() +
      " ORDER BY rowid LIMIT " + std::to_string(kRowsAtOnce));
  sqlite::Statement& select = (*database)->statement(std::string("SELECT ") + ReplyTable::kColumns +
                                                     " FROM replies WHERE rowid = ?1");
  std::uint64_t damaged = 0;
  std::vector<std::pair<std::int64_t, std::string>> step;
  std::int64_t last = 0;
  do {
    step.clear();
    Result<bool> more = numbers.first(last);
    for (; more.ok() && *more; more = numbers.next()) {
      step.emplace_back(numbers.integer(0), numbers.text(1));
    }
    if (!more.ok()) return more.status();
    for (const auto& [number, key] : step) {
      last = number;
      const Result<bool> found = select.first(number);
      if (!found.ok()) return found.status();
      if (!*found) continue;  // taken away meanwhile
      const Result<ReplyRow> row = table.read(select, key);
      select.reset();
      if (!row && row.status().code() != StatusCode::invalid_argument) return row.status();
      if (!row) ++damaged;
      if (row && !take(*row)) return damaged;
    }
  } while (!step.empty());
  return damaged;
}

}  // namespace rare::engine
