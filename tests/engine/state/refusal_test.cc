// What RunState refuses, and that each refusal says what to do.
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "catch.h"
#include "engine/state/folder.h"
#include "engine/state/run_report.h"
#include "engine/state/run_state.h"
#include "state_fixture.h"

namespace {

using namespace rare::engine;
using namespace rare::engine::state_test;
using rare::Fault;
using rare::Json;
using rare::Status;
using rare::StatusCode;

Status refusal_of(StateOptions options) {
  const auto state = RunState::open(std::move(options));
  REQUIRE_FALSE(state.ok());
  CHECK(state.status().fault() == Fault::run);
  return state.status();
}

bool says(const Status& status, const std::string& words) {
  return status.message().find(words) != std::string::npos;
}

void make_run(const std::string& folder) {
  auto state = RunState::open(options_for(folder));
  REQUIRE(state.ok());
  Checkpoint checkpoint = checkpoint_of(0);
  add_dead_letter(checkpoint);
  REQUIRE((*state)->commit(checkpoint).ok());
}

void run_sql(const std::string& file, const std::string& sql) {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &database) == SQLITE_OK);
  REQUIRE(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(database);
}

TEST_CASE("other settings are named key by key with both values") {
  ScratchFolder folder;
  make_run(folder / "run");
  StateOptions options = options_for(folder / "run");
  options.fingerprint = {{"nodes.questions.temperature", 0.9}, {"seed", 0}, {"order", "any"}};
  const Status status = refusal_of(options);
  CHECK(status.code() == StatusCode::invalid_argument);
  CHECK(status.message() ==
        "the run in " + folder / "run" +
            " was begun with other settings:\n"
            "  nodes.questions.temperature: was 0.7, now 0.9\n"
            "  order: was not set, now \"any\"\n"
            "Start over with --fresh (stored replies are kept: only changed steps are paid again), "
            "keep that run and start another with --state-dir DIR, or undo the change to go on.");
  CHECK(RunState::open(options_for(folder / "run")).ok());
}

TEST_CASE("a parameter that is newer than the run makes no difference at its default") {
  ScratchFolder folder;
  make_run(folder / "run");
  StateOptions options = options_for(folder / "run");
  options.fingerprint["nodes.questions.with.columns"] = Json::array();
  options.defaults = {{"nodes.questions.with.columns", Json::array()}};
  CHECK(RunState::open(options).ok());
  options.fingerprint["nodes.questions.with.columns"] = {"a"};
  CHECK(says(refusal_of(options), "nodes.questions.with.columns: was not set, now [\"a\"]"));
}

TEST_CASE("a known parameter that comes back to its default is a difference") {
  ScratchFolder folder;
  StateOptions options = options_for(folder / "run");
  options.fingerprint["nodes.questions.with.columns"] = {"a"};
  REQUIRE(RunState::open(options).ok());
  options.fingerprint["nodes.questions.with.columns"] = Json::array();
  options.defaults = {{"nodes.questions.with.columns", Json::array()}};
  CHECK(says(refusal_of(options), "was [\"a\"], now []"));
}

TEST_CASE("long values are shown where they differ, whole characters only") {
  ScratchFolder folder;
  StateOptions options = options_for(folder / "run");
  std::string prompt;
  for (int i = 0; i < 300; ++i) prompt += "ä";
  options.fingerprint["prompt"] = prompt + "Write ONE question." + prompt;
  REQUIRE(RunState::open(options).ok());
  options.fingerprint["prompt"] = prompt + "Write TWO questions." + prompt;
  const Status status = refusal_of(options);
  CHECK(says(status, "Write ONE"));
  CHECK(says(status, "Write TWO"));
  CHECK(status.message().size() < 600);
  CHECK_NOTHROW(Json(status.message()).dump());  // is UTF-8
}

TEST_CASE("of very many differences some are shown and the others counted") {
  ScratchFolder folder;
  StateOptions options = options_for(folder / "run");
  REQUIRE(RunState::open(options).ok());
  for (int i = 0; i < 40; ++i) options.fingerprint["key" + std::to_string(i)] = i;
  CHECK(says(refusal_of(options), "\n  and 28 more\n"));
}

TEST_CASE("changed input names the source and what differs") {
  ScratchFolder folder;
  const Json identity = {{"files", {{{"path", "a.jsonl"}, {"size", 123}}}}};
  {
    auto state = RunState::open(options_for(folder / "run"));
    REQUIRE(state.ok());
    CHECK((*state)->check_input("documents", identity).ok());
    CHECK((*state)->check_input("documents", identity).ok());
  }
  auto state = RunState::open(options_for(folder / "run"));
  REQUIRE(state.ok());
  CHECK((*state)->resume().inputs.at("documents") == identity);
  CHECK((*state)->check_input("documents", identity).ok());
  Json grown = identity;
  grown["files"][0]["size"] = 456;
  grown["files"].push_back({{"path", "b.jsonl"}, {"size", 1}});
  const Status status = (*state)->check_input("documents", grown);
  CHECK(status.code() == StatusCode::invalid_argument);
  CHECK(status.fault() == Fault::run);
  CHECK(says(status, "the input of 'documents' changed since the run in"));
  CHECK(says(status, "\n  a.jsonl, size: was 123, now 456\n"));
  CHECK(says(status, "files/1/path: was not set, now \"b.jsonl\""));
  CHECK(says(status, "--fresh"));
  CHECK_FALSE((*state)->check_input("documents", Json()).ok());
}

TEST_CASE("a second process is refused and told who holds the lock") {
  ScratchFolder folder;
  int ready[2];
  int finish[2];
  REQUIRE(pipe(ready) == 0);
  REQUIRE(pipe(finish) == 0);
  const pid_t child = fork();
  if (child == 0) {
    close(finish[1]);
    char byte = 'x';
    const auto state = RunState::open(options_for(folder / "run"));
    if (!state.ok() || write(ready[1], &byte, 1) != 1) _exit(1);
    _exit(read(finish[0], &byte, 1) == 0 ? 0 : 2);  // until the other end closes
  }
  close(finish[0]);
  char byte = 0;
  REQUIRE(read(ready[0], &byte, 1) == 1);
  char host[256] = {};
  REQUIRE(gethostname(host, sizeof(host) - 1) == 0);
  StateOptions options = options_for(folder / "run");
  options.fresh = true;  // --fresh must not pull the state from under a running process
  const Status status = refusal_of(options);
  CHECK(status.code() == StatusCode::invalid_argument);
  CHECK(status.message() == folder / "run" + " is in use by pid " + std::to_string(child) +
                                " on host " + host +
                                ". Wait for it or end it; to run beside it, choose another folder "
                                "with --state-dir DIR.");
  close(finish[1]);
  int ended = 0;
  waitpid(child, &ended, 0);
  close(ready[0]);
  close(ready[1]);
  CHECK(ended == 0);
  // What it left behind is taken over.
  CHECK(RunState::open(options_for(folder / "run")).ok());
}

TEST_CASE("a lock file of a process that is gone is taken over") {
  ScratchFolder folder;
  std::filesystem::create_directory(folder / "run");
  std::ofstream(folder / "run/lock") << "pid 1 on host elsewhere, and a rather long rest\n";
  const auto state = RunState::open(options_for(folder / "run"));
  REQUIRE(state.ok());
  CHECK(read_file(folder / "run/lock").starts_with("pid " + std::to_string(getpid()) + " on host"));
  CHECK(read_file(folder / "run/lock").find("rest") == std::string::npos);
}

TEST_CASE("the state of a newer version is refused and left alone") {
  ScratchFolder folder;
  make_run(folder / "run");
  run_sql(folder / "run/state.db", "PRAGMA user_version = 3");
  const Status status = refusal_of(options_for(folder / "run"));
  CHECK(status.code() == StatusCode::invalid_argument);
  CHECK(says(status,
             "was written by a newer rare-engine: its format is 3, this version reads up "
             "to 2"));
  CHECK(says(status, "--state-dir DIR"));
}

TEST_CASE("a database of another program is refused and left alone") {
  ScratchFolder folder;
  std::filesystem::create_directory(folder / "run");
  run_sql(folder / "run/state.db", "CREATE TABLE mine (x); INSERT INTO mine VALUES (1)");
  const std::string before = read_file(folder / "run/state.db");
  CHECK(says(refusal_of(options_for(folder / "run")), "is a database of another program"));
  CHECK(read_file(folder / "run/state.db") == before);
}

TEST_CASE("a damaged state says what is safe to do, and --fresh goes on") {
  ScratchFolder folder;
  make_run(folder / "run");
  const std::string file = folder / "run/state.db";
  std::string bytes = read_file(file);
  REQUIRE(bytes.size() > 100);
  SECTION("no database at all") { std::fill(bytes.begin(), bytes.begin() + 100, 'x'); }
  SECTION("pages overwritten") { std::fill(bytes.begin() + 16384, bytes.end(), 'x'); }
  SECTION("cut off") { bytes.resize(bytes.size() / 2); }
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
  StateOptions options = options_for(folder / "run");
  const Status status = refusal_of(options);
  CHECK(status.code() == StatusCode::invalid_argument);
  CHECK(says(status, "the run state " + file + " is damaged ("));
  CHECK(says(status, "Start over with --fresh: stored replies are kept"));
  options.fresh = true;
  CHECK(RunState::open(options).ok());
}

TEST_CASE("values that were tampered with are reported, not guessed") {
  ScratchFolder folder;
  make_run(folder / "run");
  const auto [sql, detail] = GENERATE(table<std::string, std::string>(
      {{"UPDATE run SET phase = 'flying'", "a row differs from what was written: SELECT run_id"},
       {"UPDATE run SET read = read + 1", "a row differs from what was written: SELECT run_id"},
       {"UPDATE run SET seal = seal + 1", "a row differs from what was written: SELECT run_id"},
       {"UPDATE sinks SET \"offset\" = '{\"bytes\":2}'", "a row differs"},
       {"UPDATE finished SET end = 2", "a row differs from what was written: SELECT source, first"},
       {"UPDATE nodes SET out = 7", "a row differs"},
       {"UPDATE sources SET next_ordinal = 3", "a row differs"},
       {"UPDATE starts SET elapsed_s = 1.5", "a row differs"},
       {"DELETE FROM run", "it holds no run"},
       {"DELETE FROM dead_letter_rows", "it counts 1 dead letters and holds 0"}}));
  run_sql(folder / "run/state.db", sql);
  CHECK(says(refusal_of(options_for(folder / "run")), "is damaged (" + detail));
}

TEST_CASE("finished records that are gone are noticed") {
  ScratchFolder folder;
  {
    auto state = RunState::open(options_for(folder / "run"));
    REQUIRE(state.ok());
    REQUIRE((*state)->check_input("documents", {{"size", 1}}).ok());
    for (const std::uint64_t ordinal : {0, 5}) {
      REQUIRE((*state)->commit(checkpoint_of(ordinal)).ok());
    }
  }
  run_sql(folder / "run/state.db", "DELETE FROM finished WHERE first = 5");
  CHECK(says(refusal_of(options_for(folder / "run")), "it counts 2 finished records and names 1"));
}

// What a changed byte in the log does: SQLite forgets all that stands behind it, and says nothing.
TEST_CASE("transactions that the log lost are noticed, and the older state goes on when told so") {
  ScratchFolder folder;
  const std::string file = folder / "run/state.db";
  {
    auto state = RunState::open(options_for(folder / "run"));
    REQUIRE(state.ok());
    for (std::uint64_t ordinal = 0; ordinal < 20; ++ordinal) {
      REQUIRE((*state)->commit(checkpoint_of(ordinal)).ok());
    }
    std::filesystem::create_directory(folder / "killed");
    for (const char* name : {"state.db", "state.db-wal", "state.db-commits"}) {
      std::filesystem::copy_file(folder / "run/" + name, folder / "killed/" + name);
    }
  }
  std::string log = read_file(folder / "killed/state.db-wal");
  REQUIRE(log.size() > 20 * 16384);
  log[log.size() / 2] ^= 1;
  std::ofstream(folder / "killed/state.db-wal", std::ios::binary | std::ios::trunc) << log;
  const Status status = refusal_of(options_for(folder / "killed"));
  CHECK(status.code() == StatusCode::invalid_argument);
  CHECK(says(status, "lost the newest "));
  CHECK(says(status, "Nothing was changed."));
  CHECK(says(status, "remove " + folder / "killed/state.db-commits"));
  std::filesystem::remove(folder / "killed/state.db-commits");
  auto older = RunState::open(options_for(folder / "killed"));
  REQUIRE(older.ok());
  const std::uint64_t finished = (*older)->resume().sources.at("documents").finished.size();
  CHECK(finished > 0);
  CHECK(finished < 20);
}

TEST_CASE("a folder that cannot be made is named") {
  ScratchFolder folder;
  std::ofstream(folder / "file") << "x";
  const Status status = refusal_of(options_for(folder / "file"));
  CHECK(status.code() == StatusCode::unavailable);
  CHECK(says(status, folder / "file" + " is a file, and a folder is needed there"));
}

TEST_CASE("a state that vanished is noticed at the next commit") {
  ScratchFolder folder;
  auto state = RunState::open(options_for(folder / "run"));
  REQUIRE(state.ok());
  REQUIRE((*state)->commit(checkpoint_of(0)).ok());
  std::filesystem::rename(folder / "run", folder / "moved");
  const Status status = (*state)->commit(checkpoint_of(1));
  CHECK(status.code() == StatusCode::unavailable);
  CHECK(status.fault() == Fault::run);
  CHECK(says(status, "was removed or replaced while in use"));
  CHECK((*state)->write_manifest(Json::object()).code() == StatusCode::unavailable);
  // Put back, the run goes on.
  std::filesystem::rename(folder / "moved", folder / "run");
  CHECK((*state)->commit(checkpoint_of(1)).ok());
}

TEST_CASE("network file systems are told from local ones") {
  CHECK(network_file_system(0x6969) == "NFS");
  CHECK(network_file_system(0xff534d42L) == "SMB");
  CHECK(network_file_system(static_cast<int>(0xff534d42)) == "SMB");  // sign-extended
  CHECK_FALSE(network_file_system(0xef53).has_value());               // ext4
  CHECK_FALSE(network_file_system(0x01021994).has_value());           // tmpfs
  ScratchFolder folder;
  CHECK(require_local(folder.path(), "--state-dir DIR").ok());
}

TEST_CASE("a state from before there were counters goes on, and counts from there") {
  ScratchFolder folder;
  make_run(folder / "run");
  run_sql(folder / "run/state.db", "DROP TABLE counters");
  {
    const auto report = read_run_report(folder / "run");
    REQUIRE(report.ok());
    CHECK(report->nodes.at(0).second.counters.empty());
  }
  {
    const auto state = *RunState::open(options_for(folder / "run"));
    CHECK(state->resume().tally.nodes[0].counters.empty());
    Checkpoint checkpoint = checkpoint_of(1);
    checkpoint.tally.nodes[0].counters["few"] = 3;
    REQUIRE(state->commit(checkpoint).ok());
  }
  const auto state = *RunState::open(options_for(folder / "run"));
  CHECK(state->resume().tally.nodes[0].counters.at("few") == 3);
}

}  // namespace
