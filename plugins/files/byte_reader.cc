#include "byte_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace rare::files {
namespace {
constexpr std::size_t kReadBytes = std::size_t{1} << 20;
// A buffer that one long record has blown up beyond this is given back after it.
constexpr std::size_t kKeptBufferBytes = std::size_t{8} << 20;

}  // namespace

Status ByteReader::open(const std::string& path, std::uint64_t offset, std::uint64_t end,
                        const std::string& encoding) {
  cursor_ = filled_ = 0;
  read_offset_ = offset;
  source_.reset();
  decoded_ = nullptr;
  if (buffer_.empty()) buffer_.resize(kReadBytes + kPaddingBytes);
  Result<std::unique_ptr<FileBytes>> file = FileBytes::open(path, 0, end);
  if (!file) return file.status();
  const Result<std::string_view> first = (*file)->peek(4);
  if (!first) return first.status();
  const Compression compression = compression_of_bytes(*first);
  const bool is_encoded = !is_utf8(encoding);
  is_plain_ = compression == Compression::none && !is_encoded;
  if (is_plain_ && offset > 0) file = FileBytes::open(path, offset, end);
  if (!file) return file.status();
  source_ = std::move(*file);
  if (compression != Compression::none) {
    if (Status unpacked = unpack(path, compression, is_encoded ? 0 : offset); !unpacked) {
      return unpacked;
    }
  }
  return is_encoded ? decode(encoding, offset) : Status();
}

Status ByteReader::unpack(const std::string& path, Compression compression, std::uint64_t offset) {
  auto frames = FrameReader::open(path, compression, std::move(source_),
                                  "fetch or pack the file again and start again");
  if (!frames) return frames.status();
  if (Status skipped = (*frames)->skip_to(offset); !skipped) return skipped;
  source_ = std::move(*frames);
  return Status();
}

Status ByteReader::decode(const std::string& encoding, std::uint64_t offset) {
  auto decoded = DecodedBytes::open(encoding, std::move(source_));
  if (!decoded) return decoded.status();
  if (Status skipped = (*decoded)->skip_to(offset); !skipped) return skipped;
  decoded_ = decoded->get();
  source_ = std::move(*decoded);
  return Status();
}

Result<std::size_t> ByteReader::line_end(std::size_t from, std::size_t most) {
  for (std::size_t searched = from;;) {
    const std::size_t newline = window().find('\n', searched);
    if (newline != std::string_view::npos) return newline + 1;
    searched = window().size();
    if (searched > most) return searched;
    const Result<bool> more = fill();
    if (!more) return more.status();
    if (!*more) return window().size();
  }
}

std::uint64_t ByteReader::file_offset() const {
  return is_plain_ || !source_ ? offset() : source_->file_offset();
}

std::optional<std::uint64_t> ByteReader::undecodable(std::uint64_t from, std::uint64_t to) const {
  return decoded_ == nullptr ? std::nullopt : decoded_->undecodable(from, to);
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
