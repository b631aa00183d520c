#include "byte_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "frame_codec.h"

namespace rare::files {
namespace {
constexpr std::size_t kReadBytes = std::size_t{1} << 20;
// A buffer that one long record has blown up beyond this is given back after it.
constexpr std::size_t kKeptBufferBytes = std::size_t{8} << 20;

Result<Compression> compression_of_file(const std::string& path, std::uint64_t end) {
  Result<std::unique_ptr<FileBytes>> file = FileBytes::open(path, 0, end);
  if (!file) return file.status();
  char magic[4];
  std::size_t size = 0;
  while (size < sizeof magic) {
    Result<std::size_t> got = (*file)->read(magic + size, sizeof magic - size);
    if (!got) return got.status();
    if (*got == 0) break;
    size += *got;
  }
  return compression_of_bytes({magic, size});
}
}  // namespace

Status ByteReader::open(const std::string& path, std::uint64_t offset, std::uint64_t end) {
  cursor_ = filled_ = 0;
  read_offset_ = offset;
  source_.reset();
  if (buffer_.empty()) buffer_.resize(kReadBytes + kPaddingBytes);
  const Result<Compression> compression = compression_of_file(path, end);
  if (!compression) return compression.status();
  packed_ = *compression != Compression::none;
  Result<std::unique_ptr<FileBytes>> file = FileBytes::open(path, packed_ ? 0 : offset, end);
  if (!file) return file.status();
  if (!packed_) {
    source_ = std::move(*file);
    return Status();
  }
  auto frames = FrameReader::open(path, *compression, std::move(*file),
                                  "fetch or pack the file again and start again");
  if (!frames) return frames.status();
  if (Status skipped = (*frames)->skip_to(offset); !skipped) return skipped;
  source_ = std::move(*frames);
  return Status();
}

std::uint64_t ByteReader::file_offset() const {
  return packed_ && source_ ? source_->file_offset() : offset();
}

void ByteReader::make_room() {
  const std::size_t left = filled_ - cursor_;
  if (left == 0 && buffer_.size() > kKeptBufferBytes) {
    buffer_ = std::vector<char>(kReadBytes + kPaddingBytes);
  } else if (cursor_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + cursor_, left);
  } else if (filled_ + kPaddingBytes == buffer_.size()) {
    buffer_.resize((buffer_.size() - kPaddingBytes) * 2 + kPaddingBytes);
  }
  cursor_ = 0;
  filled_ = left;
}

Result<bool> ByteReader::fill() {
  if (!source_) return false;
  make_room();
  const Result<std::size_t> got =
      source_->read(buffer_.data() + filled_, buffer_.size() - kPaddingBytes - filled_);
  if (!got) return got.status();
  filled_ += *got;
  read_offset_ += *got;
  return *got > 0;
}

}  // namespace rare::files
