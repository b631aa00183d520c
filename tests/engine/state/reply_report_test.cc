// Looks at replies.db from outside: totals, export, and what is taken out of it.
#include "engine/state/reply_report.h"

#include <sys/stat.h>

#include "catch.h"
#include "engine/state/reply_prune.h"
#include "reply_fixture.h"
#include "state_fixture.h"

namespace {

using namespace rare::engine;
using namespace rare::engine::state_test;
using rare::StatusCode;
using rare::StoredReply;

// `count` replies of the model and node, by the run, whose keys begin with it.
void fill(const std::string& file, const std::string& run, const std::string& model,
          const std::string& node, int count) {
  int stored = 0;
  auto store = open_store(file, run);
  for (int i = 0; i < count; ++i) {
    StoredReply reply = reply_of(noise(2000, i));
    reply.model = model;
    reply.node = node;
    store->put(run + "-" + model + "-" + node + "-" + std::to_string(i), reply,
               [&stored](rare::Status status) { stored += status.ok(); });
  }
  store.reset();  // waits for them
  REQUIRE(stored == count);
}

PruneOptions of_run(const std::string& run) {
  PruneOptions options;
  options.filter.run_id = run;
  return options;
}

Pruned pruned_by(const std::string& file, const PruneOptions& options) {
  const auto pruned = prune_replies(file, options);
  INFO(pruned.status().message());
  REQUIRE(pruned.ok());
  return *pruned;
}

// A run whose state is in `folder`; done, if it says so. Its id.
std::string make_run_in(const std::string& folder, bool done) {
  const auto state = RunState::open(options_for(folder));
  REQUIRE(state.ok());
  if (done) REQUIRE((*state)->set_phase(Phase::done).ok());
  return (*state)->run_id();
}

TEST_CASE("the report counts replies by asker and by run, and what was not answered") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  fill(file, "run1", "small", "questions", 3);
  fill(file, "run1", "large", "questions", 2);
  fill(file, "run2", "large", "reasoning", 4);
  open_store(file, "run2")->asked("key", "teacher");
  const auto report = read_reply_report(file);
  INFO(report.status().message());
  REQUIRE(report.ok());
  CHECK(report->all.replies == 9);
  CHECK(report->all.prompt_tokens == 9 * 12);
  CHECK(report->all.completion_tokens == 9 * 3);
  CHECK(report->all.raw_bytes == 9 * (2000 + reply_of("").request.size()));
  CHECK(report->all.packed_bytes < report->all.raw_bytes);
  CHECK(report->all.oldest_s > 1.7e9);
  CHECK(report->all.newest_s >= report->all.oldest_s);
  CHECK(report->disk_bytes >= std::filesystem::file_size(file));
  REQUIRE(report->by_asker.size() == 3);
  CHECK(report->by_asker.at({"large", "reasoning"}).replies == 4);
  REQUIRE(report->by_run.size() == 2);
  CHECK(report->by_run.at("run1").replies == 5);
  CHECK(report->by_run.at("run1").unanswered == 0);
  CHECK(report->by_run.at("run2").unanswered == 1);
}

TEST_CASE("the report of a file that is not there makes none") {
  ScratchFolder folder;
  const auto report = read_reply_report(folder / "none.db");
  REQUIRE_FALSE(report.ok());
  CHECK(report.status().code() == StatusCode::not_found);
  CHECK(report.status().message().find("there is no reply store " + folder / "none.db") == 0);
  CHECK_FALSE(prune_replies(folder / "none.db", of_run("x")).ok());
  CHECK_FALSE(std::filesystem::exists(folder / "none.db"));
}

TEST_CASE("each reply that a filter means is given out, in order, but damaged ones") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  fill(file, "run1", "it's", "a", 3);
  fill(file, "run2", "m", "b", 2);
  std::vector<std::string> keys;
  const auto collect = [&](const ReplyFilter& filter) {
    keys.clear();
    const auto damaged = each_reply(file, filter, [&](const ReplyRow& row) {
      keys.push_back(row.key);
      CHECK(row.request == reply_of("").request);
      CHECK(row.body.size() == 2000);
      return true;
    });
    REQUIRE(damaged.ok());
    return *damaged;
  };
  CHECK(collect({}) == 0);
  CHECK(keys.size() == 5);
  ReplyFilter filter;
  filter.model = "it's";
  collect(filter);
  CHECK(keys == std::vector<std::string>{"run1-it's-a-0", "run1-it's-a-1", "run1-it's-a-2"});
  filter.key = "run1-it's-a-1";
  collect(filter);
  CHECK(keys == std::vector<std::string>{"run1-it's-a-1"});
  filter = {};
  filter.run_id = "run2";
  filter.node = "b";
  collect(filter);
  CHECK(keys.size() == 2);
  filter.created_before_s = 1;
  collect(filter);
  CHECK(keys.empty());
  execute_sql(file, "UPDATE replies SET latency_s = 9 WHERE key LIKE '%-1'");
  CHECK(collect({}) == 2);
  CHECK(keys.size() == 3);
}

TEST_CASE("prune removes what meets all conditions, and makes the file smaller") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  fill(file, "run1", "small", "a", 1200);
  fill(file, "run1", "large", "a", 5);
  fill(file, "run2", "small", "a", 5);
  PruneOptions options = of_run("run1");
  options.filter.model = "small";
  const Pruned pruned = pruned_by(file, options);
  CHECK(pruned.looked_at == 1210);
  CHECK(pruned.removed == 1200);
  CHECK(pruned.space_kept.empty());
  CHECK(pruned.bytes_after < pruned.bytes_before / 3);
  CHECK(pruned.bytes_after == std::filesystem::file_size(file));
  CHECK(query(file, "SELECT count(*) FROM replies") == "10\n");
  CHECK(query(file, "PRAGMA integrity_check") == "ok\n");
  CHECK(find(*open_store(file, "x"), "run1-large-a-4").has_value());
  CHECK(find(*open_store(file, "x"), "run2-small-a-4").has_value());
  struct stat found {};
  REQUIRE(stat(file.c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0600);

  PruneOptions old;
  old.filter.created_before_s = 1e9;
  CHECK(pruned_by(file, old).removed == 0);
  old.filter.created_before_s = 1e11;
  CHECK(pruned_by(file, old).removed == 10);
  CHECK(query(file, "SELECT count(*) FROM dictionaries") == "0\n");
  fill(file, "run3", "small", "a", 1);
  CHECK(find(*open_store(file, "x"), "run3-small-a-0").has_value());
}

TEST_CASE("prune beside a run removes, leaves the file as large as it is, and the run goes on") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  fill(file, "old", "m", "a", 100);
  const auto store = open_store(file, "now");
  REQUIRE(put(*store, "mine", "x").ok());
  const Pruned pruned = pruned_by(file, of_run("old"));
  CHECK(pruned.removed == 100);
  CHECK(pruned.space_kept.find("another process uses the file") == 0);
  CHECK(find(*store, "mine").has_value());
  CHECK_FALSE(find(*store, "old-m-a-1").has_value());
  REQUIRE(put(*store, "mine too", "y").ok());
  CHECK(find(*store, "mine too")->body == "y");
}

TEST_CASE("prune of damaged replies removes those and no others") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  fill(file, "run", "m", "a", 20);
  execute_sql(file, "UPDATE replies SET latency_s = 9 WHERE key LIKE '%-1_'");
  PruneOptions options;
  options.damaged = true;
  CHECK(pruned_by(file, options).removed == 10);
  CHECK(pruned_by(file, options).removed == 0);
  const auto store = open_store(file, "run");
  CHECK_FALSE(find(*store, "run-m-a-11").has_value());
  CHECK(find(*store, "run-m-a-9").has_value());
}

TEST_CASE("prune keeps what a run that is not done goes on from, unless it is forced") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  const std::string open_run = make_run_in(folder / "rare/shard-1-of-2", false);
  const std::string done_run = make_run_in(folder / "other", true);
  for (const std::string& run : {open_run, done_run}) fill(file, run, "m", "a", 3);
  PruneOptions all;
  all.filter.model = "m";
  for (const PruneOptions& options : {all, of_run(open_run)}) {
    const auto refused = prune_replies(file, options);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.status().code() == StatusCode::invalid_argument);
    CHECK(refused.status().message().find("the run in " + folder / "rare/shard-1-of-2" +
                                          " is not done and goes on from 3 of these replies: "
                                          "nothing was removed.") == 0);
    CHECK(refused.status().message().find("--force") != std::string::npos);
  }
  CHECK(query(file, "SELECT count(*) FROM replies") == "6\n");
  CHECK(pruned_by(file, of_run(done_run)).removed == 3);
  all.force = true;
  CHECK(pruned_by(file, all).removed == 3);
}

TEST_CASE("prune with a state beside it that cannot be read removes nothing") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  fill(file, "run", "m", "a", 1);
  std::filesystem::create_directory(folder / "rare");
  std::ofstream(folder / "rare/state.db") << "no database at all, but a longer text than none";
  const auto refused = prune_replies(file, of_run("run"));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.status().message().find("its state cannot be read") != std::string::npos);
  PruneOptions force = of_run("run");
  force.force = true;
  CHECK(pruned_by(file, force).removed == 1);
}

TEST_CASE("a disk too full to make the file smaller loses nothing") {
  ScratchFolder folder;
  Pruned pruned;
  std::size_t kept = 0;
  const bool tested = with_small_disk(folder.path(), 48'000'000, [&] {
    const std::string file = folder / "replies.db";
    fill(file, "old", "m", "a", 100);
    // In parts, as the log is gone whenever the store closes.
    for (int part = 0; part < 8; ++part) fill(file, "new" + std::to_string(part), "m", "b", 300);
    const std::string ballast = fill_disk(folder.path(), 1'500'000);
    const auto result = prune_replies(file, of_run("old"));
    if (result.ok()) pruned = *result;
    std::filesystem::remove(ballast);
    const auto store = open_store(file, "x");
    for (int i = 0; i < 2400; ++i) {
      const std::string key = "new" + std::to_string(i / 300) + "-m-b-" + std::to_string(i % 300);
      kept += find(*store, key).has_value();
    }
  });
  if (!tested) {
    WARN("NOT TESTED: a disk of our own needs CAP_SYS_ADMIN (run as root to test a full disk)");
    return;
  }
  CHECK(pruned.removed == 100);
  CHECK(pruned.space_kept.find("the disk is full") == 0);
  CHECK(kept == 2400);
}

}  // namespace
