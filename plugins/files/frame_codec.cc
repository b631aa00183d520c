#include "frame_codec.h"

#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "output_file.h"

namespace rare::files {
namespace {

constexpr int kGzipLevel = 6;
constexpr int kGzipWindow = 15 + 16;  // 32 kB, and a gzip header
constexpr int kZstdLevel = 3;
constexpr std::size_t kPackedReadBytes = std::size_t{256} << 10;

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

// The file's bytes as they are, and what is wrong with them.
class PackedFile {
 public:
  explicit PackedFile(std::string path) : path_(std::move(path)), file_(nullptr, std::fclose) {}

  Status open() {
    file_.reset(std::fopen(path_.c_str(), "rbe"));
    return file_ ? Status() : file_failure(path_, "opening", errno);
  }
  // False at the end.
  Result<bool> fill() {
    const std::size_t got = std::fread(bytes_.data(), 1, bytes_.size(), file_.get());
    if (got == 0 && std::ferror(file_.get()) != 0) return file_failure(path_, "reading", errno);
    left_ = {bytes_.data(), got};
    return got > 0;
  }
  std::string_view left() const { return left_; }
  void consume(std::size_t bytes) { left_.remove_prefix(bytes); }
  Status damaged(const std::string& detail) const {
    return Status::run_fault(
        StatusCode::invalid_data,
        path_ + ": expected a whole compressed file, came a damaged or cut one (" + detail +
            "); put the whole file back, or make the output anew with --fresh");
  }

 private:
  const std::string path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  std::array<char, kPackedReadBytes> bytes_;
  std::string_view left_;
};

// What both have in common. Either unpacks what is left of the file's bytes into a buffer.
class PackedReader : public FrameReader {
 public:
  explicit PackedReader(const std::string& path) : file_(path) {}

  Result<std::string> read(std::size_t most) final {
    std::string bytes(most, '\0');
    std::size_t got = 0;
    while (got == 0) {
      if (file_.left().empty() && !holds_output_) {
        Result<bool> filled = file_.fill();
        if (!filled) return filled.status();
        if (!*filled && within_frame_) return file_.damaged("it ends within a frame");
        if (!*filled) break;
      }
      Result<std::size_t> unpacked = unpack(bytes.data(), most);
      if (!unpacked) return unpacked.status();
      got = *unpacked;
      holds_output_ = got == most;
    }
    bytes.resize(got);
    offset_ += got;
    return bytes;
  }

 protected:
  // Consumes of file_.left() and sets within_frame_; how many bytes it gave, at most `most`.
  virtual Result<std::size_t> unpack(char* to, std::size_t most) = 0;

  PackedFile file_;
  bool within_frame_ = false;

 private:
  bool holds_output_ = false;  // there may be more that `file_` need not give anything for
};

class GzipReader final : public PackedReader {
 public:
  explicit GzipReader(const std::string& path) : PackedReader(path) {}
  ~GzipReader() override { inflateEnd(&stream_); }

  Status open() { return inflateInit2(&stream_, kGzipWindow) == Z_OK ? file_.open() : no_memory(); }

 protected:
  Result<std::size_t> unpack(char* to, std::size_t most) override {
    const std::string_view packed = file_.left();
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
    stream_.next_out = reinterpret_cast<Bytef*>(to);
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
  z_stream stream_{};
};

class ZstdReader final : public PackedReader {
 public:
  explicit ZstdReader(const std::string& path)
      : PackedReader(path), context_(ZSTD_createDCtx(), ZSTD_freeDCtx) {}

  Status open() { return context_ ? file_.open() : no_memory(); }

 protected:
  Result<std::size_t> unpack(char* to, std::size_t most) override {
    ZSTD_outBuffer out{to, most, 0};
    ZSTD_inBuffer in{file_.left().data(), file_.left().size(), 0};
    const std::size_t still_wanted = ZSTD_decompressStream(context_.get(), &out, &in);
    if (ZSTD_isError(still_wanted)) return file_.damaged(ZSTD_getErrorName(still_wanted));
    file_.consume(in.pos);
    within_frame_ = still_wanted != 0;
    return out.pos;
  }

 private:
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

Result<std::unique_ptr<FrameReader>> FrameReader::open(const std::string& path,
                                                       Compression compression) {
  if (compression == Compression::gzip) return opened(std::make_unique<GzipReader>(path));
  return opened(std::make_unique<ZstdReader>(path));
}

}  // namespace rare::files
