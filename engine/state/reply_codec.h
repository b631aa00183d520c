// Packs texts with zstd (RFC 8878), each against a dictionary: a text that has much in common with
// it, whose parts need not be packed again. Replies of one node share the words of its prompt, so
// one of them is a good dictionary for all others.
//
// Thread-safety: dictionaries are immutable; a Packer or Unpacker belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "rare/status.h"

struct ZSTD_CCtx_s;
struct ZSTD_CDict_s;
struct ZSTD_DCtx_s;
struct ZSTD_DDict_s;

namespace rare::engine {

struct ZstdFree {
  void operator()(ZSTD_CCtx_s* context) const;
  void operator()(ZSTD_CDict_s* dictionary) const;
  void operator()(ZSTD_DCtx_s* context) const;
  void operator()(ZSTD_DDict_s* dictionary) const;
};

// REQUIRES of both: `content` does not begin with the bytes 37 A4 30 EC, which mark a dictionary of
// another kind; no JSON text does.
class PackingDictionary {
 public:
  explicit PackingDictionary(std::string_view content);

 private:
  friend class Packer;
  std::unique_ptr<ZSTD_CDict_s, ZstdFree> digested_;
};

class UnpackingDictionary {
 public:
  explicit UnpackingDictionary(std::string_view content);

 private:
  friend class Unpacker;
  std::unique_ptr<ZSTD_DDict_s, ZstdFree> digested_;
};

class Packer {
 public:
  Packer();
  // The packed text, valid until the next call. Fails only when memory is used up.
  Result<std::string_view> pack(std::string_view text, const PackingDictionary& dictionary);

 private:
  std::unique_ptr<ZSTD_CCtx_s, ZstdFree> context_;
  std::string packed_;
};

class Unpacker {
 public:
  Unpacker();
  // The text that pack() was given with the same dictionary; an error (invalid_data, in a few
  // words) when `packed` is nothing that unpacks to `bytes` bytes.
  Result<std::string> unpack(std::string_view packed, std::size_t bytes,
                             const UnpackingDictionary& dictionary);

 private:
  std::unique_ptr<ZSTD_DCtx_s, ZstdFree> context_;
};

}  // namespace rare::engine
