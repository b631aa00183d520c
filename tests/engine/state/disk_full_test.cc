// A disk that is full or read-only: the run ends with a fault, and what was committed is kept.
#include "catch.h"
#include "engine/state/folder.h"
#include "engine/state/reply_database.h"
#include "engine/state/run_state.h"
#include "engine/state/segment_store.h"
#include "engine/state/sqlite.h"
#include "reply_fixture.h"
#include "state_fixture.h"

namespace {

using namespace rare::engine;
using namespace rare::engine::state_test;
using rare::Fault;
using rare::Status;
using rare::StatusCode;

constexpr const char* kSkipped =
    "NOT TESTED: a disk of our own needs CAP_SYS_ADMIN (run as root to test a full disk)";

TEST_CASE("a database that may not grow gives resource_exhausted and stays usable") {
  ScratchFolder folder;
  sqlite::Options options;
  options.what = "test file";
  options.application_id = 7;
  options.schema = "CREATE TABLE t (x)";
  auto database = sqlite::Database::open(folder / "t.db", options);
  REQUIRE(database.ok());
  REQUIRE((*database)->execute("PRAGMA max_page_count = 8").ok());
  const std::string large(16384 * 3, 'x');
  Status status;
  int stored = 0;
  for (; stored < 100 && status; ++stored) {
    sqlite::Transaction transaction(**database);
    REQUIRE(transaction.begin().ok());
    status = (*database)->statement("INSERT INTO t VALUES (?1)").run(large);
    if (status) REQUIRE(transaction.commit().ok());
  }
  CHECK(stored > 1);
  CHECK(status.code() == StatusCode::resource_exhausted);
  CHECK(status.fault() == Fault::run);
  CHECK(status.message() == "the disk is full: cannot write the test file " + folder / "t.db" +
                                " (database or disk is full). Free some space, then run again: "
                                "what was committed is kept.");
  REQUIRE((*database)->execute("PRAGMA max_page_count = 1000").ok());
  CHECK((*database)->statement("INSERT INTO t VALUES (?1)").run(large).ok());
}

TEST_CASE("records that wait on a disk that gets full end the run, and what waits can be read") {
  ScratchFolder folder;
  Status status;
  std::vector<std::string> read;
  const bool tested = with_small_disk(folder.path(), 1'000'000, [&] {
    SegmentStore store(folder.path(), 300'000);
    std::vector<SegmentStore::Slot> slots;
    for (int i = 0; i < 100 && status; ++i) {
      const auto slot = store.put(std::string(50'000, static_cast<char>('a' + i % 20)));
      status = slot.status();
      if (slot) slots.push_back(*slot);
    }
    for (const auto& slot : slots) {
      const auto bytes = store.take(slot);
      if (bytes) read.push_back(*bytes);
    }
  });
  if (!tested) {
    WARN(kSkipped);
    return;
  }
  CHECK(status.code() == StatusCode::resource_exhausted);
  CHECK(status.fault() == Fault::run);
  REQUIRE(read.size() > 5);
  for (std::size_t i = 0; i < read.size(); ++i) {
    CHECK(read[i] == std::string(50'000, static_cast<char>('a' + i % 20)));
  }
}

TEST_CASE("a full disk stops the commit and loses nothing that was committed") {
  ScratchFolder folder;
  Status status;
  Status after_space;
  std::uint64_t committed = 0;
  std::uint64_t resumed = 0;
  std::string opened = "not opened", reopened;
  const bool tested = with_small_disk(folder.path(), 3'000'000, [&] {
    std::ofstream(folder / "ballast") << std::string(800'000, 'b') << std::flush;
    {
      auto state = RunState::open(options_for(folder / "run"));
      opened = state.status().message();
      if (!state.ok()) return;
      for (; committed < 1000 && status; ++committed) {
        Checkpoint checkpoint = checkpoint_of(committed);
        add_dead_letter(checkpoint);
        checkpoint.dead_letters[0].raw = std::string(50'000, 'r');
        status = (*state)->commit(checkpoint);
      }
      --committed;
      std::filesystem::remove(folder / "ballast");
      after_space = (*state)->commit(checkpoint_of(committed));
    }
    auto state = RunState::open(options_for(folder / "run"));
    reopened = state.status().message();
    if (state.ok()) resumed = (*state)->resume().sources.at("documents").finished.size();
  });
  if (!tested) {
    WARN(kSkipped);
    return;
  }
  CHECK(opened.empty());
  CHECK(committed > 2);
  CHECK(status.code() == StatusCode::resource_exhausted);
  CHECK(status.fault() == Fault::run);
  CHECK(status.message().starts_with("the disk is full: cannot write the run state"));
  INFO(after_space.message());
  CHECK(after_space.ok());
  CHECK(reopened == "");
  CHECK(resumed == committed + 1);
}

TEST_CASE("a full disk fails the replies that could not be kept, and no others") {
  ScratchFolder folder;
  std::vector<Status> answers(60);
  std::uint64_t stored = 0;
  std::uint64_t found = 0;
  const bool tested = with_small_disk(folder.path(), 3'000'000, [&] {
    {
      auto store = ReplyDatabase::open(folder / "replies.db", "run");
      if (!store.ok()) return;
      for (std::size_t i = 0; i < answers.size(); ++i) {
        rare::StoredReply reply;
        reply.body = noise(100'000, i);
        (*store)->put("key" + std::to_string(i), reply,
                      [&answers, i](Status status) { answers[i] = std::move(status); });
      }
    }
    auto store = ReplyDatabase::open(folder / "replies.db", "run");
    if (!store.ok()) return;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const bool acknowledged = answers[i].ok();
      stored += acknowledged;
      (*store)->find("key" + std::to_string(i), rare::ReplyStore::Scope::any_run,
                     [&found, acknowledged](auto reply) {
                       found += acknowledged && reply.ok() && (*reply).has_value();
                     });
    }
  });
  if (!tested) {
    WARN(kSkipped);
    return;
  }
  CHECK(stored > 0);
  CHECK(stored == found);
  CHECK(stored < answers.size());
  for (const Status& status : answers) {
    if (!status.ok()) CHECK(status.code() == StatusCode::resource_exhausted);
  }
}

TEST_CASE("a full disk still takes the replies of calls that are paid for, and says so once") {
  ScratchFolder folder;
  std::vector<Status> answers(60);
  std::vector<Status> told;
  std::uint64_t found = 0;
  const bool tested = with_small_disk(folder.path(), 48'000'000, [&] {
    {
      auto store = ReplyDatabase::open(folder / "replies.db", "run",
                                       [&told](Status full) { told.push_back(std::move(full)); });
      if (!store.ok()) return;
      fill_disk(folder.path(), 0);
      for (std::size_t i = 0; i < answers.size(); ++i) {
        rare::StoredReply reply;
        reply.body = noise(100'000, i);
        (*store)->put("key" + std::to_string(i), reply,
                      [&answers, i](Status status) { answers[i] = std::move(status); });
      }
      store->reset();  // with the filler still there
    }
    auto store = ReplyDatabase::open(folder / "replies.db", "run");
    if (!store.ok()) return;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      (*store)->find("key" + std::to_string(i), rare::ReplyStore::Scope::any_run,
                     [&found](auto reply) { found += reply.ok() && (*reply).has_value(); });
    }
  });
  if (!tested) {
    WARN(kSkipped);
    return;
  }
  for (const Status& status : answers) CHECK(status.message() == "");
  CHECK(found == answers.size());
  REQUIRE(told.size() == 1);
  CHECK(told[0].code() == StatusCode::resource_exhausted);
  CHECK(told[0].fault() == Fault::run);
  CHECK_THAT(told[0].message(), Catch::Matchers::Contains("the disk is full") &&
                                    Catch::Matchers::Contains("What is paid for is kept"));
}

TEST_CASE("a full disk leaves the older manifest as it was") {
  ScratchFolder folder;
  Status status;
  std::string manifest;
  bool left_over = true;
  const bool tested = with_small_disk(folder.path(), 1'000'000, [&] {
    {
      WholeFile file(folder / "manifest.json");
      if (!file.open() || !file.write("old") || !file.finish()) return;
    }
    {
      WholeFile file(folder / "manifest.json");
      status = file.open();
      for (int i = 0; i < 50 && status; ++i) status = file.write(std::string(100'000, 'n'));
    }
    manifest = read_file(folder / "manifest.json");
    left_over = std::filesystem::exists(folder / "manifest.json.tmp");
  });
  if (!tested) {
    WARN(kSkipped);
    return;
  }
  CHECK(status.code() == StatusCode::resource_exhausted);
  CHECK(manifest == "old");
  CHECK_FALSE(left_over);
}

TEST_CASE("a read-only disk is named with its folder") {
  ScratchFolder folder;
  Status status;
  const bool tested = with_small_disk(folder.path(), 2'000'000, [&] {
    static_cast<void>(RunState::open(options_for(folder / "run")));
    if (make_read_only(folder.path()))
      status = RunState::open(options_for(folder / "run")).status();
  });
  if (!tested) {
    WARN(kSkipped);
    return;
  }
  CHECK(status.code() == StatusCode::unavailable);
  CHECK(status.fault() == Fault::run);
  CHECK(status.message().find("The folder " + folder / "run" + " must exist and be writable.") !=
        std::string::npos);
}

}  // namespace
