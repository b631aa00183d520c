#define XXH_INLINE_ALL
#include <xxhash.h>

#include <memory>

#include "plugins/bm25/index_builder.h"

namespace rare::bm25 {

struct CorpusDigester::State {
  XXH3_state_t hash;
};

CorpusDigester::CorpusDigester() : state_(std::make_unique<State>()) {
  XXH3_128bits_reset(&state_->hash);
}

CorpusDigester::~CorpusDigester() = default;

void CorpusDigester::add(std::string_view text, std::string_view id) {
  const std::uint64_t bytes = text.size();
  XXH3_128bits_update(&state_->hash, &bytes, sizeof bytes);
  XXH3_128bits_update(&state_->hash, text.data(), text.size());
  if (id.empty()) return;
  // No text is so long: what follows is an id.
  const std::uint64_t id_bytes = ~static_cast<std::uint64_t>(id.size());
  XXH3_128bits_update(&state_->hash, &id_bytes, sizeof id_bytes);
  XXH3_128bits_update(&state_->hash, id.data(), id.size());
}

CorpusDigest CorpusDigester::digest() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(&state_->hash);
  return {hash.low64, hash.high64};
}

}  // namespace rare::bm25
