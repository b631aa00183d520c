// The number of transactions that is noted beside a database.
#include "engine/state/commit_mark.h"

#include "catch.h"
#include "engine/state/sqlite.h"
#include "state_fixture.h"

namespace {

using namespace rare::engine;
using namespace rare::engine::state_test;

sqlite::Options marked_options() {
  sqlite::Options options;
  options.what = "test file";
  options.application_id = 7;
  options.schema = "CREATE TABLE t (x)";
  return options;
}

void commit_one(sqlite::Database& database, bool is_synced) {
  sqlite::Transaction transaction(database);
  REQUIRE(transaction.begin().ok());
  REQUIRE(database.statement("INSERT INTO t VALUES (?1)").run(1).ok());
  REQUIRE(transaction.commit(is_synced).ok());
}

TEST_CASE("the note says what is safely on disk, and never more") {
  ScratchFolder folder;
  const std::string file = folder / "t.db";
  CHECK_FALSE(CommitMark::read(file).has_value());
  {
    auto database = sqlite::Database::open(file, marked_options());
    REQUIRE(database.ok());
    const auto begun = CommitMark::read(file);
    REQUIRE(begun.has_value());
    commit_one(**database, true);
    CHECK(CommitMark::read(file)->transactions == begun->transactions + 1);
    commit_one(**database, false);
    CHECK(CommitMark::read(file)->transactions == begun->transactions + 1);
    CHECK((*database)->transactions() == begun->transactions + 2);
    commit_one(**database, true);
    CHECK(CommitMark::read(file)->transactions == begun->transactions + 3);
    CHECK(CommitMark::read(file)->file_id == begun->file_id);
  }
  CHECK(sqlite::Database::open(file, marked_options()).ok());
}

TEST_CASE("a note of another file, or none that can be read, says nothing") {
  ScratchFolder folder;
  const std::string file = folder / "t.db";
  REQUIRE(sqlite::Database::open(file, marked_options()).ok());
  const std::string note = read_file(CommitMark::file_of(file));
  for (const std::string& other : {std::string(32, 'A') + " 00000000000000000099\n",
                                   std::string("not a note"), note.substr(0, 40), std::string()}) {
    std::ofstream(CommitMark::file_of(file), std::ios::trunc) << other;
    INFO(other);
    CHECK(sqlite::Database::open(file, marked_options()).ok());
  }
  std::ofstream(CommitMark::file_of(file), std::ios::trunc)
      << note.substr(0, 33) + "00000000000000000099\n";
  const auto refused = sqlite::Database::open(file, marked_options());
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.status().message().find("lost the newest ") != std::string::npos);
}

}  // namespace
