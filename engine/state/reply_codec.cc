#include "engine/state/reply_codec.h"

#include <zstd.h>

namespace rare::engine {
namespace {

// On prompts with passages level 3 takes an eighth longer for no fewer bytes, levels 6 and 9 four
// and six times as long for 7% fewer.
constexpr int kLevel = 1;

Status no_memory() {
  return Status::run_fault(StatusCode::resource_exhausted, "no memory left to pack a reply.");
}

}  // namespace

void ZstdFree::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }
void ZstdFree::operator()(ZSTD_CDict_s* dictionary) const { ZSTD_freeCDict(dictionary); }
void ZstdFree::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }
void ZstdFree::operator()(ZSTD_DDict_s* dictionary) const { ZSTD_freeDDict(dictionary); }

PackingDictionary::PackingDictionary(std::string_view content)
    : digested_(ZSTD_createCDict(content.data(), content.size(), kLevel)) {}

UnpackingDictionary::UnpackingDictionary(std::string_view content)
    : digested_(ZSTD_createDDict(content.data(), content.size())) {}

Packer::Packer() : context_(ZSTD_createCCtx()) {}

Result<std::string_view> Packer::pack(std::string_view text, const PackingDictionary& dictionary) {
  if (!context_ || !dictionary.digested_) return no_memory();
  const std::size_t room = ZSTD_compressBound(text.size());
  if (packed_.size() < room) packed_.resize(room);
  const std::size_t bytes =
      ZSTD_compress_usingCDict(context_.get(), packed_.data(), packed_.size(), text.data(),
                               text.size(), dictionary.digested_.get());
  if (ZSTD_isError(bytes) != 0) return no_memory();
  return std::string_view(packed_).substr(0, bytes);
}

Unpacker::Unpacker() : context_(ZSTD_createDCtx()) {}

Result<std::string> Unpacker::unpack(std::string_view packed, std::size_t bytes,
                                     const UnpackingDictionary& dictionary) {
  if (!context_ || !dictionary.digested_) return no_memory();
  // Before the memory is taken: the number may be wrong.
  if (ZSTD_getFrameContentSize(packed.data(), packed.size()) != bytes) {
    return Status(StatusCode::invalid_data, "it unpacks to another length");
  }
  std::string text(bytes, '\0');
  const std::size_t got =
      ZSTD_decompress_usingDDict(context_.get(), text.data(), text.size(), packed.data(),
                                 packed.size(), dictionary.digested_.get());
  if (ZSTD_isError(got) != 0) return Status(StatusCode::invalid_data, ZSTD_getErrorName(got));
  if (got != bytes) return Status(StatusCode::invalid_data, "it unpacks to another length");
  return text;
}

}  // namespace rare::engine
