// A set of 128-bit digests that may be larger than memory: past a limit it is an SQLite table in a
// temporary file.
//
// Errors are run faults. Thread-safety: one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "rare/context.h"
#include "rare/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace rare::basic {

using Digest = std::array<unsigned char, 16>;

// The first half of the SHA-256: no two different texts are known that share it, and among 10^9
// texts chance makes such a pair with a probability of about 10^-21.
Digest digest_of(std::string_view text);

class DigestSet {
 public:
  // REQUIRES: `context` outlives it. Its scratch folder is asked for when memory is used up.
  DigestSet(Context& context, std::size_t memory_bytes);
  ~DigestSet();
  DigestSet(const DigestSet&) = delete;
  DigestSet& operator=(const DigestSet&) = delete;

  // Whether it was not in there.
  Result<bool> insert(const Digest& digest);
  bool is_on_disk() const { return database_ != nullptr; }

 private:
  struct Hash {
    std::size_t operator()(const Digest& digest) const {
      std::size_t bits = 0;
      std::memcpy(&bits, digest.data(), sizeof bits);
      return bits;
    }
  };
  struct Close {
    void operator()(sqlite3* database) const;
    void operator()(sqlite3_stmt* statement) const;
  };
  Status move_to_disk();
  Status execute(const std::string& statement);
  Result<bool> insert_on_disk(const Digest& digest);
  Status fault() const;

  Context& context_;
  const std::size_t memory_bytes_;
  std::unordered_set<Digest, Hash> memory_;
  std::string path_;
  std::unique_ptr<sqlite3, Close> database_;
  std::unique_ptr<sqlite3_stmt, Close> insert_;
};

}  // namespace rare::basic
