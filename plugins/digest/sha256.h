// SHA-256 (FIPS 180-4), as 64 lower-case hexadecimal digits.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rare/status.h"

struct evp_md_ctx_st;

namespace rare::digest {

// Of bytes that come one after the other. Thread-safety: one thread at a time.
class Sha256 {
 public:
  // A run fault where OpenSSL was built or set up to do without it.
  static Result<Sha256> begin();
  void add(std::string_view bytes);
  // Of all that was added. Once.
  std::string hex();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  using Context = std::unique_ptr<evp_md_ctx_st, Free>;
  explicit Sha256(Context context) : context_(std::move(context)) {}
  Context context_;
};

// Any thread.
std::string sha256_hex(std::string_view bytes);

}  // namespace rare::digest
