// A file in another encoding as UTF-8.
//
// What is no character of the encoding becomes the byte 0xff, which no UTF-8 has: the record that
// it stands in cannot be read, and the others can. Where it stood in the file is kept.
// Thread-safety: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "byte_source.h"

namespace rare::files {

// The encodings' names are ICU's: utf-16, iso-8859-1 or latin1, windows-1252, gb18030, shift_jis,
// ...
bool is_encoding(const std::string& name);
// Whether nothing has to be done to read it.
bool is_utf8(std::string_view name);

class DecodedBytes final : public ByteSource {
 public:
  // REQUIRES: is_encoding(). Offsets of `bytes` count from its beginning.
  static Result<std::unique_ptr<DecodedBytes>> open(const std::string& encoding,
                                                    std::unique_ptr<ByteSource> bytes);
  ~DecodedBytes() override;
  DecodedBytes(const DecodedBytes&) = delete;
  DecodedBytes& operator=(const DecodedBytes&) = delete;

  Result<std::size_t> read(char* to, std::size_t most) override;
  std::uint64_t file_offset() const override { return bytes_->file_offset(); }
  // Reads up to before `offset`, which an earlier start had reached.
  Status skip_to(std::uint64_t offset);
  // Of what was read as the bytes [from, to), the first that is no character: its place in the
  // encoded bytes (unpacked, if the file is compressed). Only what was read last is kept.
  std::optional<std::uint64_t> undecodable(std::uint64_t from, std::uint64_t to) const;

 private:
  struct Converter;
  DecodedBytes(std::unique_ptr<Converter> converter, std::unique_ptr<ByteSource> bytes);
  Status fill();
  Status decode();
  void note_no_character();

  std::unique_ptr<Converter> converter_;
  std::unique_ptr<ByteSource> bytes_;
  std::vector<char> encoded_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool is_last_ = false;                                              // the source has no more
  bool is_done_ = false;                                              // nor has the converter
  std::uint64_t consumed_ = 0;                                        // encoded bytes before begin_
  std::string text_;                                                  // decoded
  std::size_t text_given_ = 0;                                        // of it
  std::uint64_t given_ = 0;                                           // of all text
  std::vector<std::pair<std::uint64_t, std::uint64_t>> undecodable_;  // in the text, in the bytes
};

}  // namespace rare::files
