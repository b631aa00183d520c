// The tables of replies.db. Specified in docs/formats/state.md: change both together, and raise the
// version when older programs would misread the result.
#pragma once

#include <cstdint>

namespace rare::engine {

inline constexpr std::uint32_t kReplyApplicationId = 0x52415252;  // "RARR"
inline constexpr int kReplyVersion = 2;

// A row in a table ordered by rowid, with the key in an index beside it: as WITHOUT ROWID a reply
// of a few kB would take an overflow page of its own. Numbers of dictionaries are never given twice
// (AUTOINCREMENT): other processes keep them by number.
inline constexpr const char* kReplySchema = R"sql(
CREATE TABLE replies (
  key TEXT NOT NULL PRIMARY KEY,
  run_id TEXT NOT NULL,
  created_s REAL NOT NULL,
  model TEXT NOT NULL,
  node TEXT NOT NULL,
  latency_s REAL NOT NULL,
  prompt_tokens INTEGER NOT NULL,
  completion_tokens INTEGER NOT NULL,
  request_bytes INTEGER NOT NULL,
  reply_bytes INTEGER NOT NULL,
  dictionary INTEGER NOT NULL,
  packed BLOB NOT NULL,
  seal INTEGER NOT NULL);
CREATE TABLE dictionaries (
  dictionary INTEGER PRIMARY KEY AUTOINCREMENT,
  model TEXT NOT NULL,
  node TEXT NOT NULL,
  content BLOB NOT NULL,
  seal INTEGER NOT NULL);
CREATE INDEX dictionary_of ON dictionaries (model, node);
CREATE TABLE dictionary_copies (
  dictionary INTEGER PRIMARY KEY,
  model TEXT NOT NULL,
  node TEXT NOT NULL,
  content BLOB NOT NULL,
  seal INTEGER NOT NULL);
CREATE TABLE asked (
  number INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL,
  key TEXT NOT NULL,
  service TEXT NOT NULL);
CREATE TABLE unanswered (
  run_id TEXT NOT NULL,
  service TEXT NOT NULL,
  calls INTEGER NOT NULL,
  PRIMARY KEY (run_id, service)) WITHOUT ROWID;
CREATE VIEW calls AS
  SELECT datetime(created_s, 'unixepoch') AS created, model, node, round(latency_s, 2) AS latency_s,
         prompt_tokens, completion_tokens, request_bytes, reply_bytes,
         length(packed) AS packed_bytes, run_id, key
  FROM replies ORDER BY rowid DESC;
)sql";

// Younger than version 2, and nothing that reads a file without it needs it: made where it is not.
inline constexpr const char* kPaidSchema = R"sql(
CREATE TABLE IF NOT EXISTS paid (
  run_id TEXT NOT NULL,
  service TEXT NOT NULL,
  node TEXT NOT NULL,
  replies INTEGER NOT NULL,
  prompt_tokens INTEGER NOT NULL,
  completion_tokens INTEGER NOT NULL,
  latency_us TEXT NOT NULL,
  first_token_us TEXT NOT NULL,
  seal INTEGER NOT NULL,
  PRIMARY KEY (run_id, service, node)) WITHOUT ROWID;
)sql";

}  // namespace rare::engine
