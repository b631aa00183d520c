// The rows of replies.db: packs a reply into one, reads it back, and notices one that is no longer
// what was written.
//
// The first reply of a model and node becomes the dictionary of all of theirs. It is kept twice,
// because so many rows hang on it.
// Thread-safety: one thread at a time, that of the database; pack_ahead() from one other thread,
// too.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "engine/state/reply_codec.h"
#include "engine/state/sqlite.h"
#include "rare/status.h"

namespace rare::engine {

struct ReplyRow {
  std::string key, run_id;
  double created_s = 0;  // since 1970, UTC
  std::string model, node;
  double latency_s = 0;
  std::int64_t prompt_tokens = 0, completion_tokens = 0;  // 0: not known
  std::string request;                                    // JSON
  std::string body;
};

// A row that may have been packed before its turn.
struct PackedAhead {
  std::int64_t dictionary = 0;  // 0: not packed
  std::string packed;
};

class ReplyTable {
 public:
  // REQUIRES: the database, of the present format, outlives the table.
  explicit ReplyTable(sqlite::Database& database) : database_(database) {}

  // Says that a new transaction has begun: what another process took away meanwhile, or what the
  // last one did not bring to its end, is looked at again.
  void begin() { ++transaction_; }
  // Within a transaction. A row with the same key is replaced, and keeps its place.
  Status write(const ReplyRow& row, const PackedAhead& ahead = {});
  // Packs a row as write() would, without looking into the file: nothing for the first of a model
  // and node. write() packs anew when the dictionary is another one by then.
  PackedAhead pack_ahead(const ReplyRow& row);

  // What read() takes: "SELECT " + kColumns + " FROM replies ...".
  static constexpr const char* kColumns =
      "key, run_id, created_s, model, node, latency_s, prompt_tokens, completion_tokens, "
      "request_bytes, reply_bytes, dictionary, packed, seal";
  // A row that differs from what was written, or that cannot be unpacked, gives a run fault
  // (invalid_argument) that names the file and `key`, the one that was looked for.
  Result<ReplyRow> read(const sqlite::Statement& row, const std::string& key);

 private:
  struct Packing {
    std::int64_t number = 0;
    std::uint64_t looked_at = 0;  // the transaction that saw it in the file
    std::shared_ptr<const PackingDictionary> dictionary;
  };
  using Asker = std::pair<std::string, std::string>;  // model, node

  Result<const Packing*> packing_for(const ReplyRow& row);
  Result<std::int64_t> newest_dictionary(const ReplyRow& row);
  Result<std::int64_t> add_dictionary(const ReplyRow& row, std::string_view content);
  Result<std::string> dictionary_content(std::int64_t number);
  Result<const UnpackingDictionary*> unpacking(std::int64_t number);
  Status unreadable(const std::string& key, const std::string& detail) const;

  sqlite::Database& database_;
  std::uint64_t transaction_ = 1;
  Packer packer_, ahead_packer_;
  Unpacker unpacker_;
  std::string text_, ahead_text_;  // of the row that is packed: request and body
  // As many as there are models and nodes; each takes some 100 kB. Changed by the database's thread
  // with the mutex held.
  std::map<Asker, Packing> packing_;
  std::mutex packing_mutex_;
  std::map<std::int64_t, std::unique_ptr<UnpackingDictionary>> unpacking_;
};

}  // namespace rare::engine
