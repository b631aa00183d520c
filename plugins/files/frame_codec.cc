#include "frame_codec.h"

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <limits>
#include <utility>
#include <vector>

#include "output_file.h"

namespace rare::files {
namespace {

constexpr int kGzipLevel = 6;
constexpr int kGzipWindow = 15 + 16;  // 32 kB, and a gzip header
constexpr int kZstdLevel = 3;
constexpr std::size_t kPackedReadBytes = std::size_t{256} << 10;
constexpr std::size_t kSkippedBytes = std::size_t{256} << 10;
// Longer frames are unpacked to get past them.
constexpr std::size_t kMostPassedOverBytes = std::size_t{8} << 20;

Status no_memory() {
  return Status::run_fault(StatusCode::resource_exhausted,
                           "no memory is left to compress the output");
}

Result<std::string> pack_gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, kGzipLevel, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return no_memory();
  }
  std::string frame(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(frame.data());
  stream.avail_out = static_cast<uInt>(frame.size());
  const int ended = deflate(&stream, Z_FINISH);
  frame.resize(stream.total_out);
  deflateEnd(&stream);
  return ended == Z_STREAM_END ? Result<std::string>(std::move(frame)) : no_memory();
}

Result<std::string> pack_zstd(std::string_view bytes) {
  const std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                                        ZSTD_freeCCtx);
  if (!context) return no_memory();
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kZstdLevel);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string frame(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size =
      ZSTD_compress2(context.get(), frame.data(), frame.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(size)) return no_memory();
  frame.resize(size);
  return frame;
}

// What `zstd --long=31` writes, where addresses have 64 bits.
int largest_window_log() { return ZSTD_dParam_getBounds(ZSTD_d_windowLogMax).upperBound; }

// The file's bytes as they are, and what is wrong with them.
class PackedBytes {
 public:
  PackedBytes(std::string path, std::unique_ptr<ByteSource> source, std::string advice)
      : path_(std::move(path)),
        source_(std::move(source)),
        advice_(std::move(advice)),
        bytes_(kPackedReadBytes) {}

  // Adds bytes behind what is left. False at the end.
  Result<bool> fill() {
    std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
    if (end_ == bytes_.size()) bytes_.resize(2 * bytes_.size());
    const Result<std::size_t> got = source_->read(bytes_.data() + end_, bytes_.size() - end_);
    if (!got) return got.status();
    end_ += *got;
    return *got > 0;
  }
  std::string_view left() const { return {bytes_.data() + begin_, end_ - begin_}; }
  void consume(std::size_t bytes) { begin_ += bytes; }
  std::uint64_t offset() const { return source_->file_offset() - left().size(); }
  Status damaged(const std::string& detail) const {
    return Status::run_fault(
        StatusCode::invalid_data,
        path_ + ": expected a whole compressed file, came a damaged or cut one (" + detail +
            ", at byte " + std::to_string(offset()) + "); " + advice_);
  }
  Status window_too_large() const {
    return Status::run_fault(
        StatusCode::invalid_data,
        path_ + ": expected frames with a window of at most 2^" +
            std::to_string(largest_window_log()) + " bytes, came one with a larger one, at byte " +
            std::to_string(offset()) + "; pack it again with a smaller one (zstd --long=27)");
  }
  Status no_memory_to_unpack() const {
    return Status::run_fault(StatusCode::resource_exhausted,
                             path_ + ": no memory is left to unpack it, at byte " +
                                 std::to_string(offset()) +
                                 ": a frame of zstd wants as much as its window; free some, or "
                                 "pack it again with a smaller one (zstd --long=27)");
  }

 private:
  std::string path_;
  std::unique_ptr<ByteSource> source_;
  std::string advice_;
  std::vector<char> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

// What both have in common. Either unpacks what is left of the file's bytes into a buffer.
class PackedReader : public FrameReader {
 public:
  explicit PackedReader(PackedBytes file) : file_(std::move(file)) {}

  Result<std::size_t> read(char* to, std::size_t most) final {
    std::size_t got = 0;
    while (got == 0) {
      if (file_.left().empty() && !holds_output_) {
        Result<bool> filled = file_.fill();
        if (!filled) return filled.status();
        if (!*filled && within_frame_) return file_.damaged("it ends within a frame");
        if (!*filled) break;
      }
      Result<std::size_t> unpacked = unpack(to, most);
      if (!unpacked) return unpacked.status();
      got = *unpacked;
      holds_output_ = got == most && within_frame_;
    }
    offset_ += got;
    return got;
  }

  Status skip_to(std::uint64_t offset) final {
    if (Status status = skip_frames(offset); !status) return status;
    std::vector<char> unwanted(kSkippedBytes);
    while (offset_ < offset) {
      const Result<std::size_t> got =
          read(unwanted.data(), std::min<std::uint64_t>(unwanted.size(), offset - offset_));
      if (!got) return got.status();
      if (*got == 0) {
        return file_.damaged("it holds " + std::to_string(offset_) +
                             " bytes, of which an earlier start had read " +
                             std::to_string(offset));
      }
    }
    return Status();
  }

  std::uint64_t file_offset() const final { return file_.offset(); }

 protected:
  // Consumes of file_.left() and sets within_frame_; how many bytes it gave, at most `most`.
  virtual Result<std::size_t> unpack(char* to, std::size_t most) = 0;
  // Passes over whole frames that end at `offset` or before.
  virtual Status skip_frames(std::uint64_t) { return Status(); }

  PackedBytes file_;
  bool within_frame_ = false;

 private:
  bool holds_output_ = false;  // there may be more that `file_` need not give anything for
};

class GzipReader final : public PackedReader {
 public:
  explicit GzipReader(PackedBytes file) : PackedReader(std::move(file)) {}
  ~GzipReader() override { inflateEnd(&stream_); }

  Status open() { return inflateInit2(&stream_, kGzipWindow) == Z_OK ? Status() : no_memory(); }

 protected:
  Result<std::size_t> unpack(char* to, std::size_t most) override {
    if (!within_frame_ && (is_padding_ || file_.left().front() == '\0')) return pass_padding();
    const std::string_view packed = file_.left();
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    most = std::min<std::size_t>(most, std::numeric_limits<uInt>::max());
    stream_.avail_out = static_cast<uInt>(most);
    within_frame_ = true;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    file_.consume(packed.size() - stream_.avail_in);
    if (result == Z_STREAM_END) {
      within_frame_ = false;
      inflateReset(&stream_);
    } else if (result != Z_OK && result != Z_BUF_ERROR) {  // the latter: it held no output
      return file_.damaged(stream_.msg != nullptr ? stream_.msg : "it is no gzip");
    }
    return most - stream_.avail_out;
  }

 private:
  // Zeros behind the last member, as tapes and block devices leave them; gzip reads over them, too.
  Result<std::size_t> pass_padding() {
    is_padding_ = true;
    const std::string_view packed = file_.left();
    const std::size_t zeros = std::min(packed.find_first_not_of('\0'), packed.size());
    file_.consume(zeros);
    if (zeros < packed.size()) {
      return file_.damaged("the zeros that pad it are followed by other bytes");
    }
    return std::size_t{0};
  }

  z_stream stream_{};
  bool is_padding_ = false;
};

class ZstdReader final : public PackedReader {
 public:
  explicit ZstdReader(PackedBytes file)
      : PackedReader(std::move(file)), context_(ZSTD_createDCtx(), ZSTD_freeDCtx) {}

  Status open() {
    if (!context_) return no_memory();
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, largest_window_log());
    return Status();
  }

 protected:
  Result<std::size_t> unpack(char* to, std::size_t most) override {
    ZSTD_outBuffer out{to, most, 0};
    ZSTD_inBuffer in{file_.left().data(), file_.left().size(), 0};
    const std::size_t still_wanted = ZSTD_decompressStream(context_.get(), &out, &in);
    if (ZSTD_isError(still_wanted)) return failure(still_wanted);
    file_.consume(in.pos);
    within_frame_ = still_wanted != 0;
    return out.pos;
  }

  Status skip_frames(std::uint64_t offset) override {
    bool more = true;
    while (more) {
      const std::string_view packed = file_.left();
      const std::size_t size = ZSTD_findFrameCompressedSize(packed.data(), packed.size());
      if (!ZSTD_isError(size)) {
        const auto holds = ZSTD_getFrameContentSize(packed.data(), packed.size());
        if (holds >= ZSTD_CONTENTSIZE_ERROR || holds > offset - offset_) return Status();
        file_.consume(size);
        offset_ += holds;
        continue;
      }
      // Not all of it is here, or it is damaged, which who unpacks it will say.
      if (packed.size() > kMostPassedOverBytes) return Status();
      Result<bool> filled = file_.fill();
      if (!filled) return filled.status();
      more = *filled;
    }
    return Status();
  }

 private:
  Status failure(std::size_t error) const {
    switch (ZSTD_getErrorCode(error)) {
      case ZSTD_error_frameParameter_windowTooLarge:
        return file_.window_too_large();
      case ZSTD_error_memory_allocation:
        return file_.no_memory_to_unpack();
      default:
        return file_.damaged(ZSTD_getErrorName(error));
    }
  }

  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context_;
};

template <class Reader>
Result<std::unique_ptr<FrameReader>> opened(std::unique_ptr<Reader> reader) {
  Status status = reader->open();
  if (!status) return status;
  return std::unique_ptr<FrameReader>(std::move(reader));
}

}  // namespace

Compression compression_of_path(std::string_view path) {
  if (path.ends_with(".gz")) return Compression::gzip;
  if (path.ends_with(".zst")) return Compression::zstd;
  return Compression::none;
}

std::string_view without_compression(std::string_view path) {
  if (compression_of_path(path) != Compression::none)
    path.remove_suffix(path.size() - path.rfind('.'));
  return path;
}

Result<std::string> pack_frame(Compression compression, std::string_view bytes) {
  return compression == Compression::gzip ? pack_gzip(bytes) : pack_zstd(bytes);
}

Compression compression_of_bytes(std::string_view first_bytes) {
  if (first_bytes.starts_with("\x1f\x8b\x08")) return Compression::gzip;
  if (first_bytes.starts_with("\x28\xb5\x2f\xfd")) return Compression::zstd;
  // A frame of zstd that holds nothing, only somebody's notes, with which some files begin.
  if (first_bytes.size() == 4 && (first_bytes[0] & 0xf0) == 0x50 &&
      first_bytes.substr(1) == "\x2a\x4d\x18") {
    return Compression::zstd;
  }
  return Compression::none;
}

Result<std::unique_ptr<FrameReader>> FrameReader::open(const std::string& path,
                                                       Compression compression,
                                                       std::unique_ptr<ByteSource> packed,
                                                       std::string advice) {
  PackedBytes file(path, std::move(packed), std::move(advice));
  if (compression == Compression::gzip) {
    return opened(std::make_unique<GzipReader>(std::move(file)));
  }
  return opened(std::make_unique<ZstdReader>(std::move(file)));
}

Result<std::unique_ptr<FrameReader>> FrameReader::open(const std::string& path,
                                                       Compression compression) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) return file_failure(path, "opening", error.value());
  Result<std::unique_ptr<FileBytes>> file = FileBytes::open(path, 0, size);
  if (!file) return file.status();
  return open(path, compression, std::move(*file),
              "put the whole file back, or make the output anew with --fresh");
}

Result<std::string> FrameReader::read(std::size_t most) {
  std::string bytes(most, '\0');
  const Result<std::size_t> got = read(bytes.data(), most);
  if (!got) return got.status();
  bytes.resize(*got);
  return bytes;
}

}  // namespace rare::files
