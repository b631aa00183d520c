#include "engine/state/run_state.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <utility>

#include "engine/state/dead_letter_file.h"
#include "engine/state/difference.h"
#include "engine/state/folder.h"
#include "engine/state/resume_reader.h"
#include "engine/state/sqlite.h"
#include "engine/state/state_schema.h"

namespace rare::engine {
namespace {

std::string compact(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string utc_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

Result<std::string> new_run_id() {
  std::array<unsigned char, 16> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return Status::run_fault(StatusCode::internal, "the system gives no random bytes");
  }
  std::string id;
  for (const unsigned char byte : bytes) {
    std::array<char, 3> digits{};
    std::snprintf(digits.data(), digits.size(), "%02x", byte);
    id += digits.data();
  }
  return id;
}

// Steps as [[edge, child], ...], with null for a child that was alone.
std::string path_text(const RecordId& id) {
  Json path = Json::array();
  for (const RecordId::Step& step : id.path()) {
    path.push_back({step.edge, step.several ? Json(step.child) : Json()});
  }
  return path.dump();
}

bool in_identity_order(const DeadLetter* a, const DeadLetter* b) {
  const RecordId& left = a->id;
  const RecordId& right = b->id;
  if (left.source() != right.source()) return left.source() < right.source();
  if (left.ordinal() != right.ordinal()) return left.ordinal() < right.ordinal();
  if (left.path() != right.path()) return left.path() < right.path();
  return a->node < b->node;
}

class RunStateDatabase final : public RunState {
 public:
  RunStateDatabase(StateOptions options, std::unique_ptr<FolderLock> lock)
      : options_(std::move(options)), lock_(std::move(lock)) {}

  Status open();

  const Resume& resume() const override { return resume_; }
  const std::string& run_id() const override { return run_id_; }
  Status reset() override;
  Status check_input(const std::string& source, const Json& identity) override;
  Status commit(const Checkpoint& checkpoint) override;
  Status set_phase(Phase phase) override;
  Status write_dead_letters() override;
  Status write_manifest(const Json& manifest) override;
  const std::string& folder() const override { return options_.folder; }

 private:
  std::string path(const char* name) const { return options_.folder + "/" + name; }
  Status forget();
  Status remove_reports();
  Status connect();
  Status take_up_run();
  Status check_fingerprint(const std::string& stored) const;
  Status begin_run();
  Status begin_start();
  Status write_ledger(const Ledger& ledger);
  Status write_nodes(const std::vector<NodeTally>& nodes);
  Status write_source(const std::string& name, const SourceCheckpoint& source);
  Status add_finished(const std::string& source, IntervalSet::Interval interval);
  Status write_dead_letter_rows(const std::vector<DeadLetter>& letters);
  Status write_rows(const Checkpoint& checkpoint);

  StateOptions options_;
  std::unique_ptr<FolderLock> lock_;  // outlives the database
  std::unique_ptr<sqlite::Database> database_;
  Resume resume_;
  std::string run_id_;
  std::int64_t start_ = 0;
};

Status RunStateDatabase::open() {
  if (options_.fresh) {
    if (Status status = forget(); !status) return status;
  }
  return connect();
}

// Files are removed, not rows: this works on a damaged database, too. The database goes first: a
// log without it is no run, whereas a database without its log would be an older state of the run.
Status RunStateDatabase::forget() {
  for (const char* name : {"state.db", "state.db-wal", "state.db-shm"}) {
    if (Status status = remove_file(path(name)); !status) return status;
    if (Status status = sync_folder(options_.folder); !status) return status;
  }
  return remove_reports();
}

Status RunStateDatabase::remove_reports() {
  if (Status status = remove_file(path("dead_letters.jsonl")); !status) return status;
  if (Status status = remove_file(path("manifest.json")); !status) return status;
  return sync_folder(options_.folder);
}

Status RunStateDatabase::connect() {
  sqlite::Options options;
  options.what = "run state";
  options.application_id = kStateApplicationId;
  options.version = kStateVersion;
  options.schema = kStateSchema;
  options.if_damaged =
      "Nothing was changed. Start over with --fresh: stored replies are kept and are not paid "
      "again; or keep the file and choose another folder with --state-dir DIR.";
  options.elsewhere = "--state-dir DIR";
  auto database = sqlite::Database::open(path("state.db"), std::move(options));
  if (!database.ok()) return database.status();
  database_ = *std::move(database);

  sqlite::Transaction transaction(*database_);
  if (Status status = transaction.begin(); !status) return status;
  if (Status status = take_up_run(); !status) return status;
  return transaction.commit();
}

Status RunStateDatabase::take_up_run() {
  sqlite::Statement& run = database_->statement("SELECT run_id, fingerprint FROM run");
  const Result<bool> found = run.first();
  if (!found.ok()) return found.status();
  if (*found) {
    run_id_ = run.text(0);
    const std::string fingerprint = run.text(1);
    run.reset();
    if (Status status = check_fingerprint(fingerprint); !status) return status;
  } else if (Status status = begin_run(); !status) {
    return status;
  }
  Result<Resume> resume = read_resume(*database_, options_.node_names);
  if (!resume.ok()) return resume.status();
  resume_ = *std::move(resume);
  return begin_start();
}

Status RunStateDatabase::check_fingerprint(const std::string& stored) const {
  const Json before = Json::parse(stored, nullptr, false);
  if (before.is_discarded()) return database_->damaged("the fingerprint is not JSON");
  const std::string lines = differing_keys(before, options_.fingerprint);
  if (lines.empty()) return Status();
  return Status::run_fault(
      StatusCode::invalid_argument,
      "the run in " + options_.folder + " was begun with other settings:\n" + lines +
          "\nStart over with --fresh (stored replies are kept: only changed steps are paid "
          "again), keep that run and start another with --state-dir DIR, or undo the change to "
          "go on.");
}

Status RunStateDatabase::begin_run() {
  if (run_id_.empty()) {  // else it is a reset
    Result<std::string> run_id = new_run_id();
    if (!run_id.ok()) return run_id.status();
    run_id_ = *std::move(run_id);
  }
  return database_
      ->statement("INSERT INTO run VALUES (1, ?1, 'running', ?2, ?3, 0, 0,0,0,0,0,0,0,0)")
      .run(run_id_, compact(options_.fingerprint), utc_now());
}

Status RunStateDatabase::begin_start() {
  sqlite::Statement& last = database_->statement("SELECT coalesce(max(start), 0) FROM starts");
  const Result<bool> found = last.first();
  if (!found.ok()) return found.status();
  start_ = last.integer(0) + 1;
  last.reset();
  return database_->statement("INSERT INTO starts VALUES (?1, ?2, 0)").run(start_, utc_now());
}

Status RunStateDatabase::reset() {
  sqlite::Transaction transaction(*database_);
  if (Status status = transaction.begin(); !status) return status;
  for (const char* table : {"run", "starts", "inputs", "sources", "finished", "sinks", "nodes",
                            "filter_reasons", "usage", "dead_letter_rows"}) {
    if (Status status = database_->execute(std::string("DELETE FROM ") + table); !status) {
      return status;
    }
  }
  if (Status status = take_up_run(); !status) return status;
  if (Status status = transaction.commit(); !status) return status;
  return remove_reports();
}

Status RunStateDatabase::check_input(const std::string& source, const Json& identity) {
  const auto known = resume_.inputs.find(source);
  if (known == resume_.inputs.end()) {
    sqlite::Transaction transaction(*database_);
    if (Status status = transaction.begin(); !status) return status;
    const std::string text = compact(identity);
    Status status = database_->statement("INSERT INTO inputs VALUES (?1, ?2)").run(source, text);
    if (!status) return status;
    if (status = transaction.commit(); !status) return status;
    resume_.inputs[source] = Json::parse(text);
    return Status();
  }
  // As it would come back from the file: so that only what can be stored is compared.
  const Json now = Json::parse(compact(identity));
  if (now == known->second) return Status();
  return Status::run_fault(
      StatusCode::invalid_argument,
      "the input of '" + source + "' changed since the run in " + options_.folder + " began:\n" +
          differing_paths(known->second, now) +
          "\nPut the input back to go on, start over with --fresh (stored replies are kept: only "
          "changed records are paid again), or keep that run and start another with --state-dir "
          "DIR.");
}

Status RunStateDatabase::write_ledger(const Ledger& ledger) {
  return database_
      ->statement(
          "UPDATE run SET commits = commits + 1, read = read + ?1, made = made + ?2, "
          "copied = copied + ?3, written = written + ?4, filtered = filtered + ?5, "
          "merged = merged + ?6, dropped = dropped + ?7, dead = dead + ?8")
      .run(ledger.read, ledger.made, ledger.copied, ledger.written, ledger.filtered, ledger.merged,
           ledger.dropped, ledger.dead);
}

Status RunStateDatabase::write_nodes(const std::vector<NodeTally>& nodes) {
  if (nodes.size() > options_.node_names.size()) {
    return Status::run_fault(StatusCode::internal, "a tally of " + std::to_string(nodes.size()) +
                                                       " nodes, the plan has " +
                                                       std::to_string(options_.node_names.size()));
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const NodeTally& tally = nodes[i];
    const std::string& name = options_.node_names[i];
    Status status =
        database_
            ->statement(
                "INSERT INTO nodes VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (node) DO "
                "UPDATE SET \"in\" = \"in\" + excluded.\"in\", out = out + excluded.out, "
                "filtered = filtered + excluded.filtered, dead = dead + excluded.dead")
            .run(name, tally.in, tally.out, tally.filtered, tally.dead);
    if (!status) return status;
    for (const auto& [reason, count] : tally.filter_reasons) {
      status = database_
                   ->statement(
                       "INSERT INTO filter_reasons VALUES (?1, ?2, ?3) ON CONFLICT (node, "
                       "reason) DO UPDATE SET records = records + excluded.records")
                   .run(name, reason, count);
      if (!status) return status;
    }
  }
  return Status();
}

Status RunStateDatabase::write_source(const std::string& name, const SourceCheckpoint& source) {
  Status status = database_
                      ->statement(
                          "INSERT INTO sources VALUES (?1, ?2, ?3) ON CONFLICT (source) DO UPDATE "
                          "SET position = excluded.position, next_ordinal = excluded.next_ordinal")
                      .run(name, compact(source.position.token), source.next_ordinal);
  for (const IntervalSet::Interval& interval : source.finished.intervals()) {
    if (!status) break;
    status = add_finished(name, interval);
  }
  return status;
}

// The table holds disjoint intervals that do not touch, so it stays as small as what is unfinished:
// the new one takes in whatever it overlaps or touches.
Status RunStateDatabase::add_finished(const std::string& source, IntervalSet::Interval interval) {
  auto [first, end] = interval;
  sqlite::Statement& touching = database_->statement(
      "SELECT first, end FROM finished WHERE source = ?1 AND first <= ?2 AND end >= ?3 AND "
      "first >= coalesce((SELECT max(first) FROM finished WHERE source = ?1 AND first <= ?3), 0)");
  Result<bool> more = touching.first(source, end, first);
  for (; more.ok() && *more; more = touching.next()) {
    first = std::min(first, touching.count(0));
    end = std::max(end, touching.count(1));
  }
  if (!more.ok()) return more.status();
  Status status =
      database_->statement("DELETE FROM finished WHERE source = ?1 AND first > ?2 AND first <= ?3")
          .run(source, first, end);
  if (!status) return status;
  return database_
      ->statement(
          "INSERT INTO finished VALUES (?1, ?2, ?3) ON CONFLICT (source, first) DO UPDATE "
          "SET end = excluded.end")
      .run(source, first, end);
}

Status RunStateDatabase::write_dead_letter_rows(const std::vector<DeadLetter>& letters) {
  std::vector<const DeadLetter*> ordered;
  for (const DeadLetter& letter : letters) ordered.push_back(&letter);
  std::stable_sort(ordered.begin(), ordered.end(), in_identity_order);
  for (const DeadLetter* letter : ordered) {
    Status status =
        database_
            ->statement(
                "INSERT INTO dead_letter_rows (id, source, ordinal, path, node, reason, "
                "attempts, raw, record) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
            .run(letter->id.to_string(), letter->id.source(), letter->id.ordinal(),
                 path_text(letter->id), letter->node, letter->reason, letter->attempts, letter->raw,
                 compact(letter->record));
    if (!status) return status;
  }
  return Status();
}

Status RunStateDatabase::write_rows(const Checkpoint& checkpoint) {
  Status status = write_ledger(checkpoint.tally.ledger);
  if (status) status = write_nodes(checkpoint.tally.nodes);
  for (const auto& [name, source] : checkpoint.sources) {
    if (status) status = write_source(name, source);
  }
  for (const auto& [sink, offset] : checkpoint.sinks) {
    if (!status) break;
    status = database_
                 ->statement(
                     "INSERT INTO sinks VALUES (?1, ?2) ON CONFLICT (sink) DO UPDATE SET "
                     "\"offset\" = excluded.\"offset\"")
                 .run(sink, compact(offset.token));
  }
  if (status) status = write_dead_letter_rows(checkpoint.dead_letters);
  for (const auto& [service, totals] : checkpoint.usage) {
    if (!status) break;
    status = database_
                 ->statement(
                     "INSERT INTO usage VALUES (?1, ?2, ?3) ON CONFLICT (start, service) "
                     "DO UPDATE SET totals = excluded.totals")
                 .run(start_, service, compact(totals));
  }
  if (!status) return status;
  return database_->statement("UPDATE starts SET elapsed_s = ?2 WHERE start = ?1")
      .run(start_, checkpoint.elapsed_s);
}

Status RunStateDatabase::commit(const Checkpoint& checkpoint) {
  sqlite::Transaction transaction(*database_);
  if (Status status = transaction.begin(); !status) return status;
  if (Status status = write_rows(checkpoint); !status) return status;
  return transaction.commit();
}

Status RunStateDatabase::set_phase(Phase phase) {
  sqlite::Transaction transaction(*database_);
  if (Status status = transaction.begin(); !status) return status;
  Status status = database_->statement("UPDATE run SET phase = ?1").run(phase_name(phase));
  if (!status) return status;
  return transaction.commit();
}

Status RunStateDatabase::write_dead_letters() {
  return write_dead_letter_file(*database_, path("dead_letters.jsonl"));
}

Status RunStateDatabase::write_manifest(const Json& manifest) {
  WholeFile file(path("manifest.json"));
  if (Status status = file.open(); !status) return status;
  const std::string text = manifest.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  if (Status status = file.write(text); !status) return status;
  return file.finish();
}

}  // namespace

Result<std::unique_ptr<RunState>> RunState::open(StateOptions options) {
  while (options.folder.size() > 1 && options.folder.back() == '/') options.folder.pop_back();
  if (Status status = make_private_folder(options.folder); !status) return status;
  if (Status status = require_local(options.folder, "--state-dir DIR"); !status) return status;
  auto lock = FolderLock::take(options.folder);
  if (!lock.ok()) return lock.status();
  auto state = std::make_unique<RunStateDatabase>(std::move(options), *std::move(lock));
  if (Status status = state->open(); !status) return status;
  return std::unique_ptr<RunState>(std::move(state));
}

}  // namespace rare::engine
