#include "digest_set.h"

#include <openssl/evp.h>
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <stdexcept>
#include <vector>

namespace rare::basic {
namespace {

// A digest, its hash-table node and its share of the buckets.
constexpr std::size_t kBytesEach = 64;

}  // namespace

Digest digest_of(std::string_view text) {
  unsigned char whole[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (EVP_Digest(text.data(), text.size(), whole, &length, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("SHA-256 is not available");
  }
  Digest digest;
  std::copy_n(whole, digest.size(), digest.begin());
  return digest;
}

void DigestSet::Close::operator()(sqlite3* database) const { sqlite3_close(database); }
void DigestSet::Close::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

DigestSet::DigestSet(Context& context, std::size_t memory_bytes)
    : context_(context), memory_bytes_(memory_bytes) {}

DigestSet::~DigestSet() {
  insert_.reset();
  database_.reset();
  if (!path_.empty()) std::remove(path_.c_str());
}

Status DigestSet::fault() const {
  const bool is_full = sqlite3_errcode(database_.get()) == SQLITE_FULL;
  return Status::run_fault(
      is_full ? StatusCode::resource_exhausted : StatusCode::unavailable,
      "cannot use the temporary file " + path_ + ": " + sqlite3_errmsg(database_.get()));
}

Status DigestSet::execute(const std::string& statement) {
  const int code = sqlite3_exec(database_.get(), statement.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Status() : fault();
}

Result<bool> DigestSet::insert(const Digest& digest) {
  if (database_) return insert_on_disk(digest);
  const bool is_new = memory_.insert(digest).second;
  if (memory_.size() * kBytesEach < memory_bytes_) return is_new;
  const Status status = move_to_disk();
  if (!status.ok()) return status;
  return is_new;
}

// No journal and no syncs: nobody needs the file after this process.
Status DigestSet::move_to_disk() {
  static std::atomic<unsigned long> number{0};
  path_ = context_.scratch_folder() + "/digests-" + std::to_string(number.fetch_add(1)) + ".db";
  sqlite3* opened = nullptr;
  const int code = sqlite3_open(path_.c_str(), &opened);
  database_.reset(opened);
  if (code != SQLITE_OK) return fault();
  Status status = execute(
      "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;"
      "PRAGMA cache_size = -" +
      std::to_string(memory_bytes_ / 1024) +
      "; CREATE TABLE digests (digest BLOB PRIMARY KEY) WITHOUT ROWID; BEGIN");
  if (!status.ok()) return status;
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(database_.get(), "INSERT OR IGNORE INTO digests VALUES (?)", -1, &prepared,
                         nullptr) != SQLITE_OK) {
    return fault();
  }
  insert_.reset(prepared);
  // In their order the table is filled from one end to the other.
  std::vector<Digest> sorted(memory_.begin(), memory_.end());
  memory_ = {};
  std::sort(sorted.begin(), sorted.end());
  for (const Digest& digest : sorted) {
    const Result<bool> inserted = insert_on_disk(digest);
    if (!inserted) return inserted.status();
  }
  return Status();
}

Result<bool> DigestSet::insert_on_disk(const Digest& digest) {
  sqlite3_bind_blob(insert_.get(), 1, digest.data(), static_cast<int>(digest.size()),
                    SQLITE_STATIC);
  const int code = sqlite3_step(insert_.get());
  const bool is_new = sqlite3_changes(database_.get()) == 1;
  sqlite3_reset(insert_.get());
  if (code != SQLITE_DONE) return fault();
  return is_new;
}

}  // namespace rare::basic
