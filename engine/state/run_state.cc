#include "engine/state/run_state.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include "engine/state/checkpoint_writer.h"
#include "engine/state/commit_mark.h"
#include "engine/state/compact_json.h"
#include "engine/state/dead_letter_file.h"
#include "engine/state/dead_letter_labels.h"
#include "engine/state/difference.h"
#include "engine/state/folder.h"
#include "engine/state/resume_reader.h"
#include "engine/state/retry_tables.h"
#include "engine/state/run_row.h"
#include "engine/state/sqlite.h"
#include "engine/state/state_schema.h"
#include "engine/text/random_token.h"
#include "engine/text/utc_time.h"

namespace rare::engine {
namespace {

class RunStateDatabase final : public RunState {
 public:
  RunStateDatabase(StateOptions options, std::unique_ptr<FolderLock> lock)
      : options_(std::move(options)), lock_(std::move(lock)) {}

  Status open();

  const Resume& resume() const override { return resume_; }
  const std::string& run_id() const override { return run_.run_id; }
  Status reset() override { return start_over(nullptr); }
  Result<RetryWork> retry_work() override;
  Result<std::vector<DeadLetter>> read_dead_letters() override;
  Status commit_retry(const RetryWork& work, const RetryResult& result) override;
  Status reset_for_retry(const RetryWork& work) override { return start_over(&work); }
  Status check_input(const std::string& source, const Json& identity) override;
  Status go_on_over(const std::map<std::string, Json>& inputs) override;
  Status commit(const Checkpoint& checkpoint) override;
  Status set_phase(Phase phase) override;
  Status write_dead_letters() override;
  Status write_manifest(const Json& manifest) override;
  const std::string& folder() const override { return options_.folder; }

 private:
  std::string path(const std::string& name) const { return options_.folder + "/" + name; }
  Status forget();
  Status remove_reports();
  Status remove_retries();
  Status remember_input(const std::string& source, const Json& identity);
  Status connect();
  Status take_up_run();
  Status check_fingerprint(const std::string& stored) const;
  Status begin_run();
  Status begin_start();
  Status start_over(const RetryWork* work);
  Status write_run();
  Status write_checkpoint(const Checkpoint& checkpoint);

  StateOptions options_;
  std::unique_ptr<FolderLock> lock_;  // outlives the database
  std::unique_ptr<sqlite::Database> database_;
  Resume resume_;
  RunRow run_;
  std::unique_ptr<CheckpointWriter> writer_;
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
  if (Status status = remove_retries(); !status) return status;
  for (const std::string& name : {std::string("state.db"), std::string("state.db-wal"),
                                  std::string("state.db-shm"), CommitMark::file_of("state.db")}) {
    const Result<bool> removed = remove_file(path(name));
    if (!removed) return removed.status();
    if (!*removed) continue;
    if (Status status = sync_folder(options_.folder); !status) return status;
  }
  return remove_reports();
}

Status RunStateDatabase::remove_reports() {
  bool any = false;
  for (const char* name : {"dead_letters.jsonl", "manifest.json"}) {
    const Result<bool> removed = remove_file(path(name));
    if (!removed) return removed.status();
    any = any || *removed;
  }
  return any ? sync_folder(options_.folder) : Status();
}

// What a retry under way has so far is of the run as it was.
Status RunStateDatabase::remove_retries() {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(options_.folder, error)) {
    if (!entry.path().filename().string().starts_with("retry-")) continue;
    std::filesystem::remove_all(entry.path(), error);
    if (error) return file_error("cannot remove", entry.path().string(), error.value());
  }
  return Status();
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
  options.if_shortened =
      "the same command then goes on from the older state, makes again what it does not know of, "
      "and pays for nothing that is in the reply store.";
  options.elsewhere = "--state-dir DIR";
  auto database = sqlite::Database::open(path("state.db"), std::move(options));
  if (!database.ok()) return database.status();
  database_ = *std::move(database);

  sqlite::Transaction transaction(*database_);
  if (Status status = transaction.begin(); !status) return status;
  if (Status status = database_->execute(kCountersSchema); !status) return status;
  if (Status status = make_label_table(*database_); !status) return status;
  if (Status status = take_up_run(); !status) return status;
  return transaction.commit();
}

Status RunStateDatabase::take_up_run() {
  RowReader rows(*database_);
  std::optional<RunRow> run = read_run_row(rows);
  if (!rows.status().ok()) return rows.status();
  if (run) {
    run_ = *std::move(run);
    if (Status status = check_fingerprint(run_.fingerprint); !status) return status;
  } else {
    bool began = false;
    rows.each("SELECT 1 FROM starts LIMIT 1", [&](const sqlite::Statement&) { began = true; });
    if (began) rows.fail("it holds no run");
    if (!rows.status().ok()) return rows.status();
    if (Status status = begin_run(); !status) return status;
  }
  Result<Resume> resume = read_resume(*database_, options_.node_names);
  if (!resume.ok()) return resume.status();
  resume_ = *std::move(resume);
  return begin_start();
}

Status RunStateDatabase::check_fingerprint(const std::string& stored) const {
  const Json before = Json::parse(stored, nullptr, false);
  if (before.is_discarded()) return database_->damaged("the fingerprint is not JSON");
  const std::string lines = differing_settings(before, options_.fingerprint, options_.defaults);
  if (lines.empty()) return Status();
  return Status::run_fault(
      StatusCode::invalid_argument,
      "the run in " + options_.folder + " was begun with other settings:\n" + lines +
          "\nStart over with --fresh (stored replies are kept: only changed steps are paid "
          "again), keep that run and start another with --state-dir DIR, or undo the change to "
          "go on.");
}

Status RunStateDatabase::begin_run() {
  Result<std::string> run_id = random_token();
  if (!run_id.ok()) return run_id.status();
  run_ = RunRow();
  run_.run_id = *std::move(run_id);
  run_.fingerprint = compact(options_.fingerprint);
  run_.created = utc_time(std::chrono::system_clock::now());
  return write_run();
}

Status RunStateDatabase::begin_start() {
  sqlite::Statement& last = database_->statement("SELECT coalesce(max(start), 0) FROM starts");
  const Result<bool> found = last.first();
  if (!found.ok()) return found.status();
  const std::int64_t start = last.integer(0) + 1;
  last.reset();
  const std::string began = utc_time(std::chrono::system_clock::now());
  writer_ = std::make_unique<CheckpointWriter>(*database_, options_.node_names, start, began,
                                               resume_.tally.nodes);
  return database_->statement("INSERT INTO starts VALUES (?1, ?2, ?3, ?4)")
      .run_sealed(start, began, 0.0);
}

Status RunStateDatabase::write_run() { return write_run_row(*database_, run_); }

// Who the run is and what was retried stays: replies are found by both.
Status RunStateDatabase::start_over(const RetryWork* work) {
  if (Status status = remove_retries(); !status) return status;
  sqlite::Transaction transaction(*database_);
  if (Status status = transaction.begin(); !status) return status;
  for (const auto& [source, identity] : resume_.inputs) {
    if (std::find(options_.growing_sources.begin(), options_.growing_sources.end(), source) !=
        options_.growing_sources.end()) {
      continue;
    }
    Status status = database_->statement("DELETE FROM inputs WHERE source = ?1").run(source);
    if (!status) return status;
  }
  for (const char* table :
       {"starts", "sources", "finished", "sinks", "nodes", "filter_reasons", "counters", "usage",
        "dead_letter_rows", "dead_letter_labels", "dead_families"}) {
    if (Status status = database_->execute(std::string("DELETE FROM ") + table); !status) {
      return status;
    }
  }
  run_.phase = Phase::running;
  run_.created = utc_time(std::chrono::system_clock::now());
  run_.commits = 0;
  run_.ledger = Ledger();
  if (work != nullptr) {
    ++run_.retries;
    if (Status status = write_rounds(*database_, work->rounds); !status) return status;
  }
  if (Status status = write_run(); !status) return status;
  if (Status status = take_up_run(); !status) return status;
  if (Status status = transaction.commit(); !status) return status;
  return remove_reports();
}

Result<RetryWork> RunStateDatabase::retry_work() {
  return read_retry_work(*database_, options_.node_names);
}

Result<std::vector<DeadLetter>> RunStateDatabase::read_dead_letters() {
  return read_dead_letter_rows(*database_);
}

Status RunStateDatabase::commit_retry(const RetryWork& work, const RetryResult& result) {
  sqlite::Transaction transaction(*database_);
  if (Status status = transaction.begin(); !status) return status;
  for (const char* table : {"nodes", "filter_reasons", "counters", "dead_letter_rows",
                            "dead_letter_labels", "dead_families"}) {
    if (Status status = database_->execute(std::string("DELETE FROM ") + table); !status) {
      return status;
    }
  }
  Checkpoint checkpoint;
  checkpoint.sinks = result.sinks;
  checkpoint.dead_letters = result.dead_letters;
  checkpoint.dead_families = result.dead_families;
  checkpoint.usage = result.usage;
  checkpoint.elapsed_s = result.elapsed_s;
  checkpoint.tally = resume_.tally;
  checkpoint.tally -= result.replaced;
  checkpoint.tally += result.tally;
  writer_->set_nodes({});
  if (Status status = writer_->write(checkpoint); !status) return status;
  if (Status status = write_rounds(*database_, work.rounds); !status) return status;
  run_.ledger = checkpoint.tally.ledger;
  run_.phase = Phase::finalising;
  ++run_.retries;
  ++run_.commits;
  if (Status status = write_run(); !status) return status;
  if (Status status = transaction.commit(); !status) return status;
  resume_.sinks = result.sinks;
  resume_.tally = checkpoint.tally;
  resume_.dead_letters = result.dead_letters.size();
  resume_.rounds = work.rounds;
  resume_.retries = run_.retries;
  return Status();
}

Status RunStateDatabase::check_input(const std::string& source, const Json& identity) {
  const auto known = resume_.inputs.find(source);
  if (known == resume_.inputs.end()) {
    sqlite::Transaction transaction(*database_);
    if (Status status = transaction.begin(); !status) return status;
    if (Status status = remember_input(source, identity); !status) return status;
    if (Status status = transaction.commit(); !status) return status;
    resume_.inputs[source] = Json::parse(compact(identity));
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

Status RunStateDatabase::remember_input(const std::string& source, const Json& identity) {
  return database_->statement("INSERT OR REPLACE INTO inputs VALUES (?1, ?2, ?3)")
      .run_sealed(source, compact(identity));
}

Status RunStateDatabase::go_on_over(const std::map<std::string, Json>& inputs) {
  std::map<std::string, Json> stored = resume_.inputs;
  for (const auto& [source, identity] : inputs) stored[source] = Json::parse(compact(identity));
  if (run_.phase == Phase::running && stored == resume_.inputs) return Status();
  RunRow run = run_;
  run.phase = Phase::running;
  sqlite::Transaction transaction(*database_);
  if (Status status = transaction.begin(); !status) return status;
  for (const auto& [source, identity] : inputs) {
    if (Status status = remember_input(source, identity); !status) return status;
  }
  if (Status status = write_run_row(*database_, run); !status) return status;
  if (Status status = transaction.commit(); !status) return status;
  run_ = std::move(run);
  resume_.phase = Phase::running;
  resume_.inputs = std::move(stored);
  return Status();
}

Status RunStateDatabase::commit(const Checkpoint& checkpoint) {
  const RunRow run = run_;
  const std::vector<NodeTally> nodes = writer_->nodes();
  Status status = write_checkpoint(checkpoint);
  if (!status) {  // as the database was rolled back
    run_ = run;
    writer_->set_nodes(nodes);
  }
  return status;
}

Status RunStateDatabase::write_checkpoint(const Checkpoint& checkpoint) {
  sqlite::Transaction transaction(*database_);
  if (Status status = transaction.begin(); !status) return status;
  if (Status status = writer_->write(checkpoint); !status) return status;
  run_.ledger += checkpoint.tally.ledger;
  ++run_.commits;
  if (Status status = write_run(); !status) return status;
  return transaction.commit();
}

Status RunStateDatabase::set_phase(Phase phase) {
  sqlite::Transaction transaction(*database_);
  if (Status status = transaction.begin(); !status) return status;
  run_.phase = phase;
  if (Status status = write_run(); !status) return status;
  return transaction.commit();
}

Status RunStateDatabase::write_dead_letters() {
  return write_dead_letter_file(*database_, path("dead_letters.jsonl"));
}

Status RunStateDatabase::write_manifest(const Json& manifest) {
  return write_whole(manifest_file(folder()),
                     manifest.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
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
