// The reply store: what is put is found, by whom it should be, after it is on disk.
#include <sqlite3.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdlib>
#include <latch>
#include <thread>

#include "catch.h"
#include "reply_fixture.h"
#include "state_fixture.h"

namespace {

using namespace rare::engine;
using namespace rare::engine::state_test;
using rare::ReplyStore;
using rare::Status;
using rare::StatusCode;

// Stands before SQLite's files for as long as it lives, and lets one sync of a database fail.
class FailingSync {
 public:
  FailingSync() {
    below_ = sqlite3_vfs_find(nullptr);
    static sqlite3_vfs above;
    above = *below_;
    above.zName = "failing-sync";
    above.xOpen = open;
    sqlite3_vfs_register(&above, 1);
    failing_ = failed_ = false;
    above_ = &above;
  }
  ~FailingSync() { sqlite3_vfs_unregister(above_); }
  FailingSync(const FailingSync&) = delete;
  void fail_once() const { failing_ = true; }
  bool has_failed() const { return failed_; }

 private:
  static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
    const int code = below_->xOpen(below_, name, file, flags, out);
    if (code != SQLITE_OK || (flags & SQLITE_OPEN_MAIN_DB) == 0) return code;
    methods_below_ = file->pMethods;
    static sqlite3_io_methods methods;
    methods = *methods_below_;
    methods.xSync = sync;
    file->pMethods = &methods;
    return code;
  }
  static int sync(sqlite3_file* file, int flags) {
    if (failing_.exchange(false)) {
      failed_ = true;
      return SQLITE_IOERR_FSYNC;
    }
    return methods_below_->xSync(file, flags);
  }

  static inline sqlite3_vfs* below_ = nullptr;
  static inline const sqlite3_io_methods* methods_below_ = nullptr;
  static inline std::atomic<bool> failing_ = false, failed_ = false;
  sqlite3_vfs* above_ = nullptr;
};

TEST_CASE("a reply comes back as it was put, bytes and all") {
  ScratchFolder folder;
  const std::string file = folder / "sub/replies.db";
  const std::string body("{\"a\":\"\xff\0\xc3\xa4\"}", 12);
  {
    const auto store = open_store(file, "run1");
    CHECK_FALSE(find(*store, "key").has_value());
    CHECK(put(*store, "key", body).ok());
    CHECK(put(*store, "empty", "").ok());
    CHECK(store->stored() == 2);
  }
  const auto store = open_store(file, "run2");
  const auto reply = find(*store, "key");
  REQUIRE(reply.has_value());
  CHECK(reply->body == body);
  CHECK(reply->request == reply_of("").request);
  CHECK(reply->model == "model-1");
  CHECK(reply->node == "questions");
  CHECK(reply->latency_s == 1.5);
  CHECK(reply->prompt_tokens == 12);
  CHECK(reply->completion_tokens == 3);
  const auto empty = find(*store, "empty");
  REQUIRE(empty.has_value());
  CHECK(empty->body.empty());
  CHECK(store->stored() == 0);
  struct stat found {};
  REQUIRE(stat(file.c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0600);
}

TEST_CASE("this_run sees what this run stored, in this start or an earlier one") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  REQUIRE(put(*open_store(file, "other"), "theirs", "1").ok());
  REQUIRE(put(*open_store(file, "mine"), "ours", "2").ok());
  const auto store = open_store(file, "mine");
  CHECK(find(*store, "ours", ReplyStore::Scope::this_run).has_value());
  CHECK_FALSE(find(*store, "theirs", ReplyStore::Scope::this_run).has_value());
  CHECK(find(*store, "theirs", ReplyStore::Scope::any_run).has_value());
}

TEST_CASE("of two replies under one key the newer stays, and belongs to who put it") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  REQUIRE(put(*open_store(file, "first"), "key", "old").ok());
  const auto store = open_store(file, "second");
  CHECK_FALSE(find(*store, "key", ReplyStore::Scope::this_run).has_value());
  REQUIRE(put(*store, "key", "new").ok());
  const auto reply = find(*store, "key", ReplyStore::Scope::this_run);
  REQUIRE(reply.has_value());
  CHECK(reply->body == "new");
}

TEST_CASE("callbacks come in the order of the puts, each once its reply can be found") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  constexpr int kReplies = 1500;  // several batches
  std::vector<int> order;
  std::atomic<int> missing = 0;
  {
    const auto store = open_store(file, "run");
    for (int i = 0; i < kReplies; ++i) {
      const std::string key = std::to_string(i);
      store->put(key, reply_of("x"), [&, key, i](Status status) {
        order.push_back(status.ok() ? i : -1);
        store->find(key, ReplyStore::Scope::this_run,
                    [&](auto reply) { missing += !reply.ok() || !(*reply).has_value(); });
      });
    }
  }
  std::vector<int> expected(kReplies);
  for (int i = 0; i < kReplies; ++i) expected[i] = i;
  CHECK(order == expected);
  CHECK(missing == 0);
}

TEST_CASE("destruction writes what is queued and runs every callback") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  int stored = 0;
  int looked_up = 0;
  {
    const auto store = open_store(file, "run");
    for (int i = 0; i < 700; ++i) {
      store->put(std::to_string(i), reply_of("x"), [&](Status status) { stored += status.ok(); });
      store->find("none", ReplyStore::Scope::any_run, [&](auto found) { looked_up += found.ok(); });
    }
  }
  CHECK(stored == 700);
  CHECK(looked_up == 700);
  CHECK(find(*open_store(file, "run"), "699").has_value());
}

TEST_CASE("eight threads put and find at once") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  constexpr int kThreads = 8;
  constexpr int kEach = 150;
  std::atomic<int> wrong = 0;
  {
    const auto store = open_store(file, "run");
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        std::latch done(kEach);
        for (int i = 0; i < kEach; ++i) {
          const std::string key = std::to_string(t) + "-" + std::to_string(i);
          store->put(key, reply_of(key), [&, key](Status status) {
            wrong += !status.ok();
            store->find(key, ReplyStore::Scope::any_run, [&, key](auto reply) {
              wrong += !reply.ok() || !(*reply).has_value() || (*reply)->body != key;
              done.count_down();
            });
          });
        }
        done.wait();
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(store->stored() == kThreads * kEach);
  }
  CHECK(wrong == 0);
}

TEST_CASE("two stores share one file") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  const auto a = open_store(file, "a");
  const auto b = open_store(file, "b");
  std::atomic<int> stored = 0;
  std::latch done(400);
  for (int i = 0; i < 200; ++i) {
    for (ReplyDatabase* store : {a.get(), b.get()}) {
      const std::string key = (store == a.get() ? "a" : "b") + std::to_string(i);
      store->put(key, reply_of(key), [&](Status status) {
        stored += status.ok();
        done.count_down();
      });
    }
  }
  done.wait();
  CHECK(stored == 400);
  CHECK(find(*a, "b199").has_value());
  CHECK(find(*b, "a199").has_value());
}

TEST_CASE("when a store vanishes every waiting callback gets the run fault") {
  ScratchFolder folder;
  std::filesystem::create_directory(folder / "sub");
  const auto store = open_store(folder / "sub/replies.db", "run");
  REQUIRE(put(*store, "before", "x").ok());
  std::filesystem::rename(folder / "sub", folder / "moved");
  const Status status = put(*store, "after", "x");
  CHECK(status.code() == StatusCode::unavailable);
  CHECK(status.fault() == rare::Fault::run);
  CHECK(status.message().find("sub/replies.db was removed or replaced") != std::string::npos);
  CHECK(store->stored() == 1);
}

TEST_CASE("the log on disk stays bounded while replies pour in") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  const auto store = open_store(file, "run");
  const std::string body = random_bytes(1'000'000);
  // A reader that holds its snapshot for long keeps SQLite from starting the log over.
  sqlite3* reader = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &reader) == SQLITE_OK);
  const auto pour = [&](int round) {
    for (int i = 0; i < 30; ++i) {
      REQUIRE(put(*store, std::to_string(round * 100 + i), body).ok());
    }
  };
  REQUIRE(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM replies", nullptr, nullptr, nullptr) ==
          SQLITE_OK);
  for (int round = 0; round < 4; ++round) pour(round);
  CHECK(std::filesystem::file_size(file + "-wal") > 100'000'000);
  sqlite3_exec(reader, "COMMIT", nullptr, nullptr, nullptr);
  sqlite3_close(reader);
  // Soon, as it is cut beside the replies: a few rounds, or many on a machine that is busy.
  for (int round = 4; std::filesystem::file_size(file + "-wal") > 100'000'000; ++round) pour(round);
}

TEST_CASE("after a sync that failed all stays in the log, and the next open finds it") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  const std::string body = random_bytes(1'000'000);
  {
    const FailingSync failing;
    std::vector<rare::Status> faults;
    const auto opened =
        ReplyDatabase::open(file, "run", [&](rare::Status fault) { faults.push_back(fault); });
    REQUIRE(opened.ok());
    const auto& store = *opened;
    failing.fail_once();
    for (int i = 0; i < 60; ++i) REQUIRE(put(*store, std::to_string(i), body).ok());
    CHECK(failing.has_failed());
    REQUIRE(faults.size() == 1);
    CHECK(faults[0].fault() == rare::Fault::run);
    CHECK(faults[0].message().find("end every program that has the file open") !=
          std::string::npos);
  }
  // Neither cut short at 32 MB nor folded into the file and removed.
  REQUIRE(std::filesystem::exists(file + "-wal"));
  CHECK(std::filesystem::file_size(file + "-wal") > 50'000'000);
  const auto store = open_store(file, "run");
  for (int i = 0; i < 60; ++i) {
    const auto found = find(*store, std::to_string(i));
    REQUIRE(found.has_value());
    CHECK(found->body == body);
  }
}

TEST_CASE("a damaged store says how to save what can be read, and that works") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  {
    const auto store = open_store(file, "run");
    for (int i = 0; i < 200; ++i) {
      REQUIRE(put(*store, std::to_string(i), noise(4000, i)).ok());
    }
  }
  {
    std::fstream damage(file, std::ios::binary | std::ios::in | std::ios::out);
    damage.seekp(20 * 16384);  // one page in the middle
    damage << std::string(16384, '?');
  }
  rare::Status status;
  {
    const auto store = open_store(file, "run");
    for (int i = 0; i < 200; ++i) {
      store->find(std::to_string(i), ReplyStore::Scope::any_run, [&](auto reply) {
        if (!reply.ok()) status = reply.status();
      });
    }
  }
  CHECK(status.code() == StatusCode::invalid_argument);
  const std::string& message = status.message();
  CHECK(message.find("the reply store " + file + " is damaged (") == 0);
  CHECK(message.find("--cache FILE") != std::string::npos);
  const std::size_t begin = message.find("\n  (sqlite3 ");
  REQUIRE(begin != std::string::npos);
  const std::string command = message.substr(begin, message.find('\n', begin + 1) - begin);
  if (std::system("command -v sqlite3 >/dev/null") != 0) {
    WARN("NOT TESTED: the command that saves a damaged store needs the sqlite3 shell");
    return;
  }
  static_cast<void>(std::system(("(" + command + ") >/dev/null 2>&1").c_str()));
  const auto saved = open_store(file + ".saved", "run");
  int found = 0;
  for (int i = 0; i < 200; ++i) found += find(*saved, std::to_string(i)).has_value();
  CHECK(found > 100);
  CHECK(found < 200);
}

TEST_CASE("a file that is no database is refused as a reply store") {
  ScratchFolder folder;
  std::ofstream(folder / "replies.db") << std::string(5000, 'x');
  const auto store = ReplyDatabase::open(folder / "replies.db", "run");
  REQUIRE_FALSE(store.ok());
  CHECK(store.status().code() == StatusCode::invalid_argument);
  CHECK(store.status().message().find("is damaged (file is not a database)") != std::string::npos);
}

TEST_CASE("a state is not taken for a reply store") {
  ScratchFolder folder;
  REQUIRE(RunState::open(options_for(folder / "run")).ok());
  const auto store = ReplyDatabase::open(folder / "run/state.db", "run");
  REQUIRE_FALSE(store.ok());
  CHECK(store.status().message().find("not a reply store of rare-engine") != std::string::npos);
}

}  // namespace
