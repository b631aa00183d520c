// Small replies, and their way into a store and out of it, for the tests of replies.db.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "catch.h"
#include "engine/state/reply_database.h"

namespace rare::engine::state_test {

inline std::unique_ptr<ReplyDatabase> open_store(const std::string& file,
                                                 const std::string& run_id) {
  auto store = ReplyDatabase::open(file, run_id);
  INFO(store.status().message());
  REQUIRE(store.ok());
  return *std::move(store);
}

inline StoredReply reply_of(const std::string& body) {
  StoredReply reply;
  reply.body = body;
  reply.request = R"({"messages":[{"content":"why?","role":"user"}]})";
  reply.model = "model-1";
  reply.node = "questions";
  reply.latency_s = 1.5;
  reply.prompt_tokens = 12;
  reply.completion_tokens = 3;
  return reply;
}

inline Status put(ReplyDatabase& store, const std::string& key, StoredReply reply) {
  std::promise<Status> done;
  store.put(key, std::move(reply), [&](Status status) { done.set_value(std::move(status)); });
  return done.get_future().get();
}

inline Status put(ReplyDatabase& store, const std::string& key, const std::string& body) {
  return put(store, key, reply_of(body));
}

inline Result<std::optional<StoredReply>> look_up(
    ReplyDatabase& store, const std::string& key,
    ReplyStore::Scope scope = ReplyStore::Scope::any_run) {
  std::promise<Result<std::optional<StoredReply>>> done;
  store.find(key, scope, [&](auto result) { done.set_value(std::move(result)); });
  return done.get_future().get();
}

inline std::optional<StoredReply> find(ReplyDatabase& store, const std::string& key,
                                       ReplyStore::Scope scope = ReplyStore::Scope::any_run) {
  auto result = look_up(store, key, scope);
  INFO(result.status().message());
  REQUIRE(result.ok());
  return *std::move(result);
}

// Text that nothing makes shorter by more than a quarter; another one for each seed.
inline std::string noise(std::size_t bytes, std::uint64_t seed = 0) {
  static constexpr char kLetters[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::mt19937_64 random(seed);
  std::string text;
  text.reserve(bytes + 10);
  while (text.size() < bytes) {
    std::uint64_t bits = random();
    for (int i = 0; i < 10; ++i, bits >>= 6) text += kLetters[bits & 63];
  }
  text.resize(bytes);
  return text;
}

// Bytes that nothing makes shorter, and that nothing tries to for long.
inline std::string random_bytes(std::size_t bytes) {
  std::mt19937_64 random(1);
  std::string text;
  text.reserve(bytes + 8);
  while (text.size() < bytes) {
    const std::uint64_t bits = random();
    text.append(reinterpret_cast<const char*>(&bits), sizeof bits);
  }
  text.resize(bytes);
  return text;
}

// Changes a database behind everybody's back.
inline void execute_sql(const std::string& file, const std::string& sql) {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &database) == SQLITE_OK);
  char* message = nullptr;
  const int code = sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &message);
  INFO((message == nullptr ? "" : message));
  CHECK(code == SQLITE_OK);
  sqlite3_free(message);
  sqlite3_close(database);
}

// The first column of a query's rows, a line each.
inline std::string query(const std::string& file, const std::string& sql) {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &database) == SQLITE_OK);
  std::string rows;
  const auto add = [](void* text, int, char** values, char**) {
    *static_cast<std::string*>(text) += std::string(values[0] == nullptr ? "" : values[0]) + "\n";
    return 0;
  };
  CHECK(sqlite3_exec(database, sql.c_str(), add, &rows, nullptr) == SQLITE_OK);
  sqlite3_close(database);
  return rows;
}

}  // namespace rare::engine::state_test
