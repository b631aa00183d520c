#include "row_blocks.h"

#include <algorithm>

#include "line_places.h"
#include "plugins/files/format.h"
#include "plugins/files/record_reader.h"
#include "rare/json.h"

namespace rare::look {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;
// Rows that are longer are counted, and not looked into.
constexpr std::size_t kMostRowBytes = std::size_t{64} << 20;

class LineBlocks final : public RowBlocks {
 public:
  explicit LineBlocks(std::unique_ptr<LineFile> file) : file_(std::move(file)) {}

  Result<std::optional<RowBlock>> next() override {
    RowBlock block;
    block.first = number_ + 1;
    while (block.rows.empty()) {
      Result<bool> more = read_block(block);
      if (!more) return more.status();
      if (!*more) return std::optional<RowBlock>();
    }
    block.bytes.append(RowBlock::kPaddingBytes, ' ');
    return std::optional<RowBlock>(std::move(block));
  }
  Result<std::unique_ptr<RecordFile>> records() override { return records_of(std::move(file_)); }

 private:
  // Whole lines from offset_ on. False at the end.
  Result<bool> read_block(RowBlock& block) {
    std::size_t wanted = kBlockBytes;
    std::size_t whole = 0;
    for (;;) {
      Result<std::string> read = file_->bytes(offset_, wanted);
      if (!read) return read.status();
      if (read->empty()) return false;
      const bool at_end = offset_ + read->size() >= file_->size_bytes() || read->size() < wanted;
      const std::size_t newline = read->rfind('\n');
      whole = newline == std::string::npos ? 0 : newline + 1;
      if (whole == 0 && at_end) whole = read->size();
      if (whole > 0) {
        block.bytes = std::move(*read);
        block.bytes.resize(whole);
        break;
      }
      if (wanted >= kMostRowBytes) return pass_over_long_row(block);
      wanted *= 8;
    }
    for (std::size_t begin = 0; begin < whole;) {
      const std::size_t end = std::min(block.bytes.find('\n', begin), whole - 1) + 1;
      const std::string_view line = std::string_view(block.bytes).substr(begin, end - begin);
      if (!is_blank(line)) {
        const std::size_t mark =
            offset_ + begin == 0 ? files::byte_order_mark_bytes(line) : std::size_t{0};
        block.rows.push_back({begin + mark, line.size() - mark, {}});
        file_->note(number_++, offset_ + begin, line.size());
      }
      begin = end;
    }
    offset_ += whole;
    return true;
  }
  Result<bool> pass_over_long_row(RowBlock& block) {
    const std::uint64_t begin = offset_;
    for (;;) {
      const Result<std::string> read = file_->bytes(offset_, kBlockBytes);
      if (!read) return read.status();
      const std::size_t newline = read->find('\n');
      offset_ += std::min(newline, read->size() - 1) + 1;
      if (newline != std::string::npos || offset_ >= file_->size_bytes() || read->empty()) break;
    }
    file_->note(number_++, begin, offset_ - begin);
    block.rows.push_back(
        {0, 0, "longer than " + std::to_string(kMostRowBytes) + " bytes; it is not looked into"});
    return true;
  }

  std::unique_ptr<LineFile> file_;
  std::uint64_t offset_ = 0;
  std::uint64_t number_ = 0;  // of rows so far
};

class ReaderBlocks final : public RowBlocks {
 public:
  ReaderBlocks(std::string path, files::ReadParameters parameters, std::optional<std::uint64_t> end)
      : path_(std::move(path)), parameters_(std::move(parameters)), end_(end) {}

  Status open(const files::Format& format) {
    reader_ = format.make_reader(parameters_.settings());
    return reader_->open(path_, {}, end_.value_or(~std::uint64_t{0}));
  }
  Result<std::optional<RowBlock>> next() override {
    RowBlock block;
    block.first = number_ + 1;
    while (block.bytes.size() < kBlockBytes) {
      const Result<std::optional<Json>> record = reader_->next();
      if (!record && record.status().fault() == Fault::run) {
        if (block.rows.empty()) return record.status();
        break;  // it is given again by the next call
      }
      if (record && !*record) break;
      ++number_;
      const std::size_t begin = block.bytes.size();
      if (record) block.bytes += (*record)->dump(-1, ' ', false, Json::error_handler_t::replace);
      block.rows.push_back(
          {begin, block.bytes.size() - begin, record ? std::string() : record.status().message()});
    }
    if (block.rows.empty()) return std::optional<RowBlock>();
    block.bytes.append(RowBlock::kPaddingBytes, ' ');
    return std::optional<RowBlock>(std::move(block));
  }
  Result<std::unique_ptr<RecordFile>> records() override {
    return RecordFile::open(path_, parameters_, end_);
  }

 private:
  std::string path_;
  files::ReadParameters parameters_;
  std::optional<std::uint64_t> end_;
  std::unique_ptr<files::RecordReader> reader_;
  std::uint64_t number_ = 0;
};

}  // namespace

Result<std::unique_ptr<RowBlocks>> RowBlocks::open(const std::string& path,
                                                   const files::ReadParameters& parameters,
                                                   std::optional<std::uint64_t> end) {
  if (Status fine = parameters.check_settings(); !fine) return fine;
  const Result<bool> plain = is_plain_lines(path, parameters);
  if (!plain) return plain.status();
  if (*plain) {
    Result<std::unique_ptr<LineFile>> file = LineFile::open(path, end, false);
    if (!file) return file.status();
    return std::unique_ptr<RowBlocks>(std::make_unique<LineBlocks>(std::move(*file)));
  }
  const Result<const files::Format*> format =
      files::find_format(parameters.format_, path, files::Purpose::read);
  if (!format) return format.status();
  auto blocks = std::make_unique<ReaderBlocks>(path, parameters, end);
  if (Status opened = blocks->open(**format); !opened) return opened;
  return std::unique_ptr<RowBlocks>(std::move(blocks));
}

}  // namespace rare::look
