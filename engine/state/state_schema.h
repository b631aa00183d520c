// The tables of state.db. Specified in docs/formats/state.md: change both together, and raise the
// version when older programs would misread the result.
#pragma once

#include <cstdint>

namespace rare::engine {

inline constexpr std::uint32_t kStateApplicationId = 0x52415253;  // "RARS"
inline constexpr int kStateVersion = 2;

inline constexpr const char* kStateSchema = R"sql(
CREATE TABLE run (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  run_id TEXT NOT NULL,
  phase TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  created TEXT NOT NULL,
  retries INTEGER NOT NULL,
  commits INTEGER NOT NULL,
  read INTEGER NOT NULL, made INTEGER NOT NULL, copied INTEGER NOT NULL,
  written INTEGER NOT NULL, filtered INTEGER NOT NULL, merged INTEGER NOT NULL,
  dropped INTEGER NOT NULL, dead INTEGER NOT NULL,
  seal INTEGER NOT NULL);
CREATE TABLE starts (
  start INTEGER PRIMARY KEY,
  began TEXT NOT NULL,
  elapsed_s REAL NOT NULL,
  seal INTEGER NOT NULL);
CREATE TABLE inputs (source TEXT PRIMARY KEY, identity TEXT NOT NULL, seal INTEGER NOT NULL);
CREATE TABLE sources (
  source TEXT PRIMARY KEY,
  position TEXT NOT NULL,
  next_ordinal INTEGER NOT NULL,
  seal INTEGER NOT NULL);
CREATE TABLE finished (
  source TEXT NOT NULL,
  first INTEGER NOT NULL,
  end INTEGER NOT NULL,
  seal INTEGER NOT NULL,
  PRIMARY KEY (source, first)) WITHOUT ROWID;
CREATE TABLE sinks (sink TEXT PRIMARY KEY, "offset" TEXT NOT NULL, seal INTEGER NOT NULL);
CREATE TABLE nodes (
  node TEXT PRIMARY KEY,
  "in" INTEGER NOT NULL, out INTEGER NOT NULL,
  filtered INTEGER NOT NULL, dead INTEGER NOT NULL,
  seal INTEGER NOT NULL);
CREATE TABLE filter_reasons (
  node TEXT NOT NULL,
  reason TEXT NOT NULL,
  records INTEGER NOT NULL,
  seal INTEGER NOT NULL,
  PRIMARY KEY (node, reason)) WITHOUT ROWID;
CREATE TABLE usage (
  start INTEGER NOT NULL,
  service TEXT NOT NULL,
  totals TEXT NOT NULL,
  seal INTEGER NOT NULL,
  PRIMARY KEY (start, service)) WITHOUT ROWID;
CREATE TABLE dead_letter_rows (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  source INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  path TEXT NOT NULL,
  node TEXT NOT NULL,
  reason TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  raw BLOB,
  record TEXT NOT NULL,
  seal INTEGER NOT NULL);
CREATE TABLE dead_families (
  number INTEGER PRIMARY KEY,
  source INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  places TEXT NOT NULL,
  tally TEXT NOT NULL,
  seal INTEGER NOT NULL);
CREATE TABLE retried (
  node TEXT NOT NULL,
  source INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  path TEXT NOT NULL,
  round INTEGER NOT NULL,
  seal INTEGER NOT NULL,
  PRIMARY KEY (node, source, ordinal, path)) WITHOUT ROWID;
CREATE INDEX dead_letter_order ON dead_letter_rows (source, ordinal, number);
CREATE VIEW progress AS
  SELECT phase, (SELECT count(*) FROM starts) AS starts,
         (SELECT round(sum(elapsed_s), 1) FROM starts) AS elapsed_s,
         (SELECT coalesce(sum(end - first), 0) FROM finished) AS finished_records,
         read, made, copied, written, filtered, merged, dropped, dead, retries, commits, created
  FROM run;
CREATE VIEW dead_letters AS
  SELECT id, node, reason, attempts, CAST(raw AS TEXT) AS reply, record
  FROM dead_letter_rows ORDER BY source, ordinal, number;
)sql";

// Younger than version 2: made where it is not, and a file without it counts nothing.
inline constexpr const char* kCountersSchema = R"sql(
CREATE TABLE IF NOT EXISTS counters (
  node TEXT NOT NULL,
  counter TEXT NOT NULL,
  count INTEGER NOT NULL,
  seal INTEGER NOT NULL,
  PRIMARY KEY (node, counter)) WITHOUT ROWID;
)sql";

}  // namespace rare::engine
