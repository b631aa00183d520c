// What a row of replies.db is made of: packed against a dictionary, sealed, brought over from
// format 1; and what is said of one that is damaged.
#include <algorithm>

#include "catch.h"
#include "engine/state/reply_codec.h"
#include "engine/state/reply_prune.h"
#include "reply_fixture.h"
#include "state_fixture.h"

namespace {

using namespace rare::engine;
using namespace rare::engine::state_test;
using rare::Json;
using rare::ReplyStore;
using rare::StatusCode;
using rare::StoredReply;

TEST_CASE("a text comes back from the dictionary that it was packed with, and from no other") {
  const std::string common = noise(5000, 1);
  const PackingDictionary packing(common);
  const UnpackingDictionary unpacking(common);
  Packer packer;
  Unpacker unpacker;
  for (const std::string& text :
       {std::string(), std::string("x"), common, noise(3000, 2) + common + noise(100'000, 3)}) {
    const auto packed = packer.pack(text, packing);
    REQUIRE(packed.ok());
    CHECK(packed->size() <=
          std::max<std::size_t>(100, text.size() - std::min<std::size_t>(text.size(), 2500)));
    const auto back = unpacker.unpack(*packed, text.size(), unpacking);
    REQUIRE(back.ok());
    CHECK(*back == text);
    CHECK_FALSE(unpacker.unpack(*packed, text.size() + 1, unpacking).ok());
  }
  const auto packed = packer.pack(common, packing);
  REQUIRE(packed.ok());
  const std::string kept(*packed);
  const auto other = unpacker.unpack(kept, common.size(), UnpackingDictionary(noise(5000, 9)));
  CHECK((!other.ok() || *other != common));
  CHECK_FALSE(unpacker.unpack("no zstd", common.size(), unpacking).ok());
  CHECK_FALSE(unpacker.unpack("", common.size(), unpacking).ok());
}

// The request and reply of a node whose prompt is long and whose passages differ.
StoredReply from_node(const std::string& node, int number) {
  StoredReply reply = reply_of(noise(400, 1000 + number));
  reply.node = node;
  reply.request =
      rare::Json{{"messages",
                  {{{"role", "user"}, {"content", noise(3000, node.size()) + noise(300, number)}}}}}
          .dump();
  return reply;
}

TEST_CASE("replies of a node are packed against its first one, which is kept twice") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  const auto store = open_store(file, "run");
  for (int i = 0; i < 20; ++i) {
    REQUIRE(put(*store, "short" + std::to_string(i), from_node("short", i)).ok());
    REQUIRE(put(*store, "longer" + std::to_string(i), from_node("longer", i)).ok());
  }
  CHECK(query(file, "SELECT node FROM dictionaries ORDER BY dictionary") == "short\nlonger\n");
  CHECK(query(file, "SELECT count(*) FROM dictionaries NATURAL JOIN dictionary_copies") == "2\n");
  CHECK(query(file, "SELECT count(*) FROM calls WHERE packed_bytes > 900") == "0\n");
  CHECK(query(file, "SELECT count(*) FROM calls WHERE request_bytes + reply_bytes > 3700") ==
        "40\n");
  for (const std::string node : {"short", "longer"}) {
    const auto reply = find(*store, node + "7");
    REQUIRE(reply.has_value());
    CHECK(reply->request == from_node(node, 7).request);
    CHECK(reply->body == from_node(node, 7).body);
  }
}

TEST_CASE("two stores on one file use one dictionary, also when it is taken from under them") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  const auto a = open_store(file, "a");
  const auto b = open_store(file, "b");
  REQUIRE(put(*a, "1", from_node("node", 1)).ok());
  REQUIRE(put(*b, "2", from_node("node", 2)).ok());
  CHECK(query(file, "SELECT count(*) FROM dictionaries") == "1\n");
  execute_sql(file, "DELETE FROM replies; DELETE FROM dictionaries; DELETE FROM dictionary_copies");
  REQUIRE(put(*a, "3", from_node("node", 3)).ok());
  REQUIRE(put(*b, "4", from_node("node", 4)).ok());
  CHECK(query(file, "SELECT dictionary FROM dictionaries") == "2\n");
  CHECK(find(*b, "3")->body == from_node("node", 3).body);
  CHECK(find(*a, "4")->body == from_node("node", 4).body);
}

TEST_CASE("a byte that changed in any column of a reply is noticed when it is looked up") {
  for (const char* change :
       {"run_id = 'x'", "created_s = 1", "model = 'x'", "node = 'x'", "latency_s = 2",
        "prompt_tokens = 1", "completion_tokens = 1", "request_bytes = request_bytes + 1",
        "reply_bytes = reply_bytes - 1", "dictionary = 2", "seal = seal + 1",
        "packed = substr(packed, 1, 20) || x'00' || substr(packed, 22)", "packed = x''"}) {
    INFO(change);
    ScratchFolder folder;
    const std::string file = folder / "replies.db";
    {
      const auto store = open_store(file, "run");
      REQUIRE(put(*store, "key", from_node("first", 1)).ok());
      REQUIRE(put(*store, "other", from_node("second", 2)).ok());
      REQUIRE(put(*store, "third", from_node("first", 3)).ok());
    }
    execute_sql(file, std::string("UPDATE replies SET ") + change + " WHERE key = 'third'");
    const auto store = open_store(file, "run");
    const auto reply = look_up(*store, "third");
    REQUIRE_FALSE(reply.ok());
    CHECK(reply.status().code() == StatusCode::invalid_argument);
    CHECK(reply.status().fault() == rare::Fault::run);
    CHECK(reply.status().message().find("the reply store " + file +
                                        ": the reply under the key third is damaged (") == 0);
    CHECK(reply.status().message().find(
              "Nothing was changed. `rare-engine cache prune --damaged --cache " + file) !=
          std::string::npos);
    CHECK(find(*store, "other").has_value());
  }
}

TEST_CASE("a damaged dictionary is read from its copy, and mended by prune") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  {
    const auto store = open_store(file, "run");
    for (int i = 0; i < 3; ++i) REQUIRE(put(*store, std::to_string(i), from_node("n", i)).ok());
  }
  const std::string spoil =
      " SET content = CAST(x'00' || substr(content, 2) AS BLOB) WHERE dictionary = 1";
  execute_sql(file, "UPDATE dictionaries" + spoil);
  CHECK(find(*open_store(file, "run"), "2")->body == from_node("n", 2).body);
  PruneOptions damaged;
  damaged.damaged = true;
  auto pruned = prune_replies(file, damaged);
  INFO(pruned.status().message());
  REQUIRE(pruned.ok());
  CHECK(pruned->removed == 0);
  CHECK(pruned->dictionaries_mended == 1);
  execute_sql(file, "UPDATE dictionary_copies" + spoil);
  CHECK(find(*open_store(file, "run"), "2")->body == from_node("n", 2).body);

  execute_sql(file, "UPDATE dictionaries" + spoil);
  {
    const auto store = open_store(file, "run");
    const auto lost = look_up(*store, "2");
    REQUIRE_FALSE(lost.ok());
    CHECK(lost.status().message().find("its dictionary 1 is damaged or gone") != std::string::npos);
    // What comes now gets a dictionary of its own.
    REQUIRE(put(*store, "new", from_node("n", 9)).ok());
    CHECK(find(*store, "new")->body == from_node("n", 9).body);
  }
  pruned = prune_replies(file, damaged);
  REQUIRE(pruned.ok());
  CHECK(pruned->removed == 3);
  CHECK(query(file, "SELECT key FROM replies") == "new\n");
  CHECK(query(file, "SELECT dictionary FROM dictionaries") == "2\n");
}

// A file as format 1 made it.
void make_format_1(const std::string& file) {
  execute_sql(file, R"sql(
PRAGMA page_size = 16384;
PRAGMA journal_mode = WAL;
CREATE TABLE replies (
  key TEXT NOT NULL PRIMARY KEY,
  run_id TEXT NOT NULL,
  created_s REAL NOT NULL,
  model TEXT NOT NULL,
  node TEXT NOT NULL,
  latency_s REAL NOT NULL,
  request TEXT NOT NULL,
  body TEXT NOT NULL);
CREATE VIEW recent AS
  SELECT datetime(created_s, 'unixepoch') AS created, model, node, round(latency_s, 2) AS latency_s,
         substr(body, 1, 200) AS body, key
  FROM replies ORDER BY rowid DESC;
PRAGMA application_id = 1380012626;
PRAGMA user_version = 1;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99)
INSERT INTO replies SELECT 'key' || (99 - i), 'run' || (i % 2), 1.5 + i, 'model', 'node', i / 4.0,
  '{"messages": ["' || hex(randomblob(i)) || '"], "number": ' || i || '}',
  'body ' || i || hex(zeroblob(2000)) || CAST(x'ff00c3' AS TEXT) FROM n;
)sql");
}

TEST_CASE("a store of format 1 is brought to format 2, with all that it holds, in its order") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  make_format_1(file);
  const std::string bodies = query(file, "SELECT hex(body) FROM replies ORDER BY key");
  {
    const auto store = open_store(file, "run1");
    const auto reply = find(*store, "key42");
    REQUIRE(reply.has_value());
    CHECK(rare::Json::parse(reply->request)["number"] == 57);
    CHECK(reply->latency_s == 57 / 4.0);
    CHECK(reply->prompt_tokens == 0);
    CHECK(reply->body.size() == 4000 + 7 + 3);
    CHECK(reply->body.substr(4007) == std::string("\xff\0\xc3", 3));
    CHECK(find(*store, "key42", ReplyStore::Scope::this_run).has_value());
    CHECK_FALSE(find(*store, "key41", ReplyStore::Scope::this_run).has_value());
    for (int i = 0; i < 100; ++i) CHECK(find(*store, "key" + std::to_string(i)).has_value());
    REQUIRE(put(*store, "new", "x").ok());
  }
  CHECK(query(file, "PRAGMA user_version") == "2\n");
  CHECK(query(file, "PRAGMA integrity_check") == "ok\n");
  CHECK(query(file, "SELECT key FROM replies ORDER BY rowid LIMIT 2") == "key99\nkey98\n");
  CHECK(query(file, "SELECT key FROM calls LIMIT 2") == "new\nkey0\n");
  CHECK(query(file, "SELECT name FROM sqlite_master WHERE name LIKE '%1' OR name = 'recent'") ==
        "sqlite_autoindex_replies_1\n");
  CHECK(find(*open_store(file, "run"), "key7").has_value());
}

TEST_CASE("a store of format 1 that cannot be brought over whole stays as it was") {
  ScratchFolder folder;
  rare::Status status;
  std::string version, rows;
  const bool tested = with_small_disk(folder.path(), 4'500'000, [&] {
    const std::string file = folder / "replies.db";
    make_format_1(file);
    execute_sql(file,
                "UPDATE replies SET body = hex(randomblob(6000)); PRAGMA wal_checkpoint(TRUNCATE)");
    fill_disk(folder.path(), 300'000);
    status = ReplyDatabase::open(file, "run").status();
    version = query(file, "PRAGMA user_version");
    rows = query(file, "SELECT count(*) FROM recent WHERE length(body) = 200");
  });
  if (!tested) {
    WARN("NOT TESTED: a disk of our own needs CAP_SYS_ADMIN (run as root to test a full disk)");
    return;
  }
  CHECK(status.code() == StatusCode::resource_exhausted);
  CHECK(version == "1\n");
  CHECK(rows == "100\n");
}

TEST_CASE("a store that lost its newest transactions says that they are paid again") {
  ScratchFolder folder;
  const std::string file = folder / "replies.db";
  {
    const auto store = open_store(file, "run");
    REQUIRE(put(*store, "1", "x").ok());
  }
  std::filesystem::copy_file(file, folder / "older.db");
  {
    const auto store = open_store(file, "run");
    REQUIRE(put(*store, "2", "x").ok());
    REQUIRE(put(*store, "3", "x").ok());
  }
  std::filesystem::copy_file(folder / "older.db", file,
                             std::filesystem::copy_options::overwrite_existing);
  const auto store = ReplyDatabase::open(file, "run");
  REQUIRE_FALSE(store.ok());
  CHECK(store.status().code() == StatusCode::invalid_argument);
  CHECK(store.status().message().find("lost the newest 2 of its ") != std::string::npos);
  CHECK(store.status().message().find("remove " + file +
                                      "-commits: replies that are not there are paid again.") !=
        std::string::npos);
  std::filesystem::remove(file + "-commits");
  CHECK(find(*open_store(file, "run"), "1").has_value());
}

}  // namespace
