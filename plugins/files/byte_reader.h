// Reads a file front to back through one buffer that grows only for what does not fit. A file that
// is compressed, which its first bytes tell, is read as what it holds: offsets count the bytes
// unpacked.
//
// Thread-safety: one thread at a time. Owns its file descriptor and buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "byte_source.h"
#include "decoded_bytes.h"
#include "frame_codec.h"
#include "rare/status.h"

namespace rare::files {

class ByteReader {
 public:
  // Bytes that may be read (not used) behind any window: what simdjson's parser asks for.
  static constexpr std::size_t kPaddingBytes = 64;

  ByteReader() = default;
  ByteReader(const ByteReader&) = delete;
  ByteReader& operator=(const ByteReader&) = delete;

  // Reads from byte `offset` up to where the file has `end` bytes of its own. What is appended to
  // it later is not seen. In an `encoding` other than UTF-8 (decoded_bytes.h) the bytes are those
  // of the same text in UTF-8, and offsets count them.
  Status open(const std::string& path, std::uint64_t offset, std::uint64_t end,
              const std::string& encoding = "utf-8");

  // What was read and not consumed yet. Valid until the next fill() or open(); consume() leaves
  // the bytes where they are.
  std::string_view window() const { return {buffer_.data() + cursor_, filled_ - cursor_}; }
  // Adds bytes at the window's end. False at the end of the file.
  Result<bool> fill();
  void consume(std::size_t bytes) { cursor_ += bytes; }
  // Fills the window until it has a line break at or behind `from`, and gives the bytes up to and
  // with that; what is there at the end of the file, or when it is more than `most`.
  Result<std::size_t> line_end(std::size_t from, std::size_t most);
  // The offset of the window's first byte.
  std::uint64_t offset() const { return read_offset_ - (filled_ - cursor_); }
  // How many of the file's own bytes are done.
  std::uint64_t file_offset() const;
  // See DecodedBytes; never in a file that is UTF-8.
  std::optional<std::uint64_t> undecodable(std::uint64_t from, std::uint64_t to) const;

 private:
  Status unpack(const std::string& path, Compression compression, std::uint64_t offset);
  Status decode(const std::string& encoding, std::uint64_t offset);
  void make_room();

  std::unique_ptr<ByteSource> source_;
  const DecodedBytes* decoded_ = nullptr;  // what source_ is, if it is that
  bool is_plain_ = true;                   // source_ gives the file's own bytes
  std::uint64_t read_offset_ = 0;          // of the next byte that will be read
  std::vector<char> buffer_;
  std::size_t cursor_ = 0;
  std::size_t filled_ = 0;
};

}  // namespace rare::files
