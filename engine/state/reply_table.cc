#include "engine/state/reply_table.h"

namespace rare::engine {
namespace {

constexpr std::size_t kDictionaryBytes = 64 * 1024;

// The columns of a dictionary, of either table.
std::string dictionary_in(const char* table) {
  return std::string("SELECT dictionary, model, node, content, seal FROM ") + table +
         " WHERE dictionary = ?1";
}

}  // namespace

PackedAhead ReplyTable::pack_ahead(const ReplyRow& row) {
  PackedAhead ahead;
  std::shared_ptr<const PackingDictionary> dictionary;
  {
    const std::lock_guard lock(packing_mutex_);
    const auto at = packing_.find({row.model, row.node});
    if (at == packing_.end() || !at->second.dictionary) return ahead;
    dictionary = at->second.dictionary;
    ahead.dictionary = at->second.number;
  }
  ahead_text_.assign(row.request).append(row.body);
  const auto packed = ahead_packer_.pack(ahead_text_, *dictionary);
  if (packed.ok()) {
    ahead.packed = *packed;
  } else {
    ahead.dictionary = 0;  // write() tries again, and says why it fails
  }
  return ahead;
}

Status ReplyTable::write(const ReplyRow& row, const PackedAhead& ahead) {
  const auto packing = packing_for(row);
  if (!packing) return packing.status();
  std::string_view packed = ahead.packed;
  if (ahead.dictionary != (*packing)->number) {
    text_.assign(row.request).append(row.body);
    const auto now = packer_.pack(text_, *(*packing)->dictionary);
    if (!now) return now.status();
    packed = *now;
  }
  sqlite::Statement& insert = database_.statement(
      std::string("INSERT INTO replies (") + kColumns +
      ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) "
      "ON CONFLICT (key) DO UPDATE SET run_id = excluded.run_id, created_s = excluded.created_s, "
      "model = excluded.model, node = excluded.node, latency_s = excluded.latency_s, "
      "prompt_tokens = excluded.prompt_tokens, completion_tokens = excluded.completion_tokens, "
      "request_bytes = excluded.request_bytes, reply_bytes = excluded.reply_bytes, "
      "dictionary = excluded.dictionary, packed = excluded.packed, seal = excluded.seal");
  return insert.run_sealed(row.key, row.run_id, row.created_s, row.model, row.node, row.latency_s,
                           row.prompt_tokens, row.completion_tokens, row.request.size(),
                           row.body.size(), (*packing)->number, sqlite::Blob{packed});
}

Result<const ReplyTable::Packing*> ReplyTable::packing_for(const ReplyRow& row) {
  const auto known = packing_.find({row.model, row.node});
  const bool is_known = known != packing_.end();
  if (is_known && known->second.looked_at == transaction_) return &known->second;
  Result<std::int64_t> number = newest_dictionary(row);
  if (!number) return number.status();
  Packing packing;
  if (is_known && known->second.number == *number) {
    packing = known->second;
  } else {
    Result<std::string> content = dictionary_content(*number);
    if (!content && content.status().code() != StatusCode::invalid_data) return content.status();
    if (!content) {  // none yet, or one that is damaged in both places
      content = (row.request + row.body).substr(0, kDictionaryBytes);
      number = add_dictionary(row, *content);
      if (!number) return number.status();
    }
    packing.number = *number;
    packing.dictionary = std::make_shared<PackingDictionary>(*content);
  }
  packing.looked_at = transaction_;
  const std::lock_guard lock(packing_mutex_);
  return &(packing_[{row.model, row.node}] = std::move(packing));
}

Result<std::int64_t> ReplyTable::newest_dictionary(const ReplyRow& row) {
  sqlite::Statement& newest = database_.statement(
      "SELECT coalesce(max(dictionary), 0) FROM dictionaries WHERE model = ?1 AND node = ?2");
  const Result<bool> found = newest.first(row.model, row.node);
  if (!found) return found.status();
  const std::int64_t number = newest.integer(0);
  newest.reset();
  return number;
}

Result<std::int64_t> ReplyTable::add_dictionary(const ReplyRow& row, std::string_view content) {
  sqlite::Statement& next = database_.statement(
      "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'dictionaries'), 0) + 1");
  const Result<bool> found = next.first();
  if (!found) return found.status();
  const std::int64_t number = next.integer(0);
  next.reset();
  for (const char* table : {"dictionaries", "dictionary_copies"}) {
    sqlite::Statement& insert =
        database_.statement(std::string("INSERT INTO ") + table + " VALUES (?1, ?2, ?3, ?4, ?5)");
    Status status = insert.run_sealed(number, row.model, row.node, sqlite::Blob{content});
    if (!status) return status;
  }
  return number;
}

// invalid_data: it is in neither place as it was written.
Result<std::string> ReplyTable::dictionary_content(std::int64_t number) {
  for (const char* table : {"dictionaries", "dictionary_copies"}) {
    sqlite::Statement& select = database_.statement(dictionary_in(table));
    const Result<bool> found = select.first(number);
    if (!found) {
      // Broken structure in one place says nothing about the other.
      if (found.status().code() == StatusCode::invalid_argument) continue;
      return found.status();
    }
    if (!*found) continue;
    const bool whole = select.sealed();
    std::string content = select.text(3);
    select.reset();
    if (whole) return content;
  }
  return Status(StatusCode::invalid_data,
                "its dictionary " + std::to_string(number) + " is damaged or gone");
}

Result<const UnpackingDictionary*> ReplyTable::unpacking(std::int64_t number) {
  std::unique_ptr<UnpackingDictionary>& slot = unpacking_[number];
  if (!slot) {
    const Result<std::string> content = dictionary_content(number);
    if (!content) return content.status();
    slot = std::make_unique<UnpackingDictionary>(*content);
  }
  return slot.get();
}

Result<ReplyRow> ReplyTable::read(const sqlite::Statement& row, const std::string& key) {
  if (!row.sealed()) return unreadable(key, "its bytes are not those that were written");
  const auto dictionary = unpacking(row.integer(10));
  if (!dictionary) {
    const Status& status = dictionary.status();
    return status.code() == StatusCode::invalid_data ? unreadable(key, status.message()) : status;
  }
  const std::size_t request_bytes = row.count(8);
  auto text = unpacker_.unpack(row.text(11), request_bytes + row.count(9), **dictionary);
  if (!text) {
    const Status& status = text.status();
    return status.code() == StatusCode::invalid_data ? unreadable(key, status.message()) : status;
  }
  ReplyRow reply;
  reply.key = row.text(0);
  reply.run_id = row.text(1);
  reply.created_s = row.real(2);
  reply.model = row.text(3);
  reply.node = row.text(4);
  reply.latency_s = row.real(5);
  reply.prompt_tokens = row.integer(6);
  reply.completion_tokens = row.integer(7);
  reply.request = text->substr(0, request_bytes);
  reply.body = text->substr(request_bytes);
  return reply;
}

Status ReplyTable::unreadable(const std::string& key, const std::string& detail) const {
  const std::string& file = database_.file();
  return Status::run_fault(
      StatusCode::invalid_argument,
      "the reply store " + file + ": the reply under the key " + key + " is damaged (" + detail +
          "). Nothing was changed. `rare-engine cache prune --damaged --cache " + file +
          "` removes what cannot be read, and only that is paid again.");
}

}  // namespace rare::engine
