#include "decoded_bytes.h"

#include <unicode/ucnv.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace rare::files {
namespace {

constexpr std::size_t kEncodedBytes = std::size_t{256} << 10;
// Where this many are kept, half of them are forgotten: a file in another encoding than was said.
constexpr std::size_t kMostKept = std::size_t{1} << 16;
constexpr char kNoCharacter = '\xff';

struct CloseConverter {
  void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using OpenConverter = std::unique_ptr<UConverter, CloseConverter>;

OpenConverter open_converter(const std::string& name) {
  UErrorCode error = U_ZERO_ERROR;
  OpenConverter converter(ucnv_open(name.c_str(), &error));
  if (U_SUCCESS(error)) {
    ucnv_setToUCallBack(converter.get(), UCNV_TO_U_CALLBACK_STOP, nullptr, nullptr, nullptr,
                        &error);
  }
  return U_SUCCESS(error) ? std::move(converter) : nullptr;
}

}  // namespace

bool is_encoding(const std::string& name) {
  return !name.empty() && open_converter(name) != nullptr;
}

bool is_utf8(std::string_view name) { return name == "utf-8" || name == "UTF-8" || name == "utf8"; }

struct DecodedBytes::Converter {
  OpenConverter open;
  // The first one is the first half of a pair, whose second half the next piece brings, or not.
  std::array<UChar, 4096> units;
  std::size_t kept = 0;
};

DecodedBytes::DecodedBytes(std::unique_ptr<Converter> converter, std::unique_ptr<ByteSource> bytes)
    : converter_(std::move(converter)), bytes_(std::move(bytes)), encoded_(kEncodedBytes) {}

DecodedBytes::~DecodedBytes() = default;

Result<std::unique_ptr<DecodedBytes>> DecodedBytes::open(const std::string& encoding,
                                                         std::unique_ptr<ByteSource> bytes) {
  auto converter = std::make_unique<Converter>();
  converter->open = open_converter(encoding);
  if (converter->open == nullptr) {
    return Status::run_fault(StatusCode::invalid_argument,
                             "encoding: expected a name that ICU knows, came " + encoding);
  }
  return std::unique_ptr<DecodedBytes>(new DecodedBytes(std::move(converter), std::move(bytes)));
}

Status DecodedBytes::fill() {
  begin_ = end_ = 0;
  const Result<std::size_t> got = bytes_->read(encoded_.data(), encoded_.size());
  if (!got) return got.status();
  end_ = *got;
  is_last_ = *got == 0;
  return Status();
}

// Adds to text_ what some of the bytes say.
Status DecodedBytes::decode() {
  if (begin_ == end_ && !is_last_) {
    if (Status filled = fill(); !filled) return filled;
  }
  auto& units = converter_->units;
  const char* const before = encoded_.data() + begin_;
  const char* source = before;
  UChar* target = units.data() + converter_->kept;
  UErrorCode error = U_ZERO_ERROR;
  ucnv_toUnicode(converter_->open.get(), &target, units.data() + units.size(), &source,
                 encoded_.data() + end_, nullptr, is_last_, &error);
  begin_ += static_cast<std::size_t>(source - before);
  consumed_ += static_cast<std::uint64_t>(source - before);
  std::size_t size = static_cast<std::size_t>(target - units.data());
  const bool ends_in_pair = error == U_BUFFER_OVERFLOW_ERROR && U16_IS_LEAD(units[size - 1]);
  converter_->kept = ends_in_pair ? 1 : 0;
  for (std::size_t at = 0; at < size - converter_->kept;) {
    UChar32 character = 0;
    U16_NEXT(units.data(), at, size, character);
    char bytes[U8_MAX_LENGTH];
    std::size_t length = 0;
    U8_APPEND_UNSAFE(bytes, length, character);
    text_.append(bytes, length);
  }
  if (ends_in_pair) units[0] = units[size - 1];
  const bool is_over = U_SUCCESS(error) || error == U_TRUNCATED_CHAR_FOUND;
  if (U_FAILURE(error) && error != U_BUFFER_OVERFLOW_ERROR) note_no_character();
  is_done_ = is_last_ && begin_ == end_ && is_over;
  return Status();
}

Result<std::size_t> DecodedBytes::read(char* to, std::size_t most) {
  while (text_given_ == text_.size() && !is_done_) {
    text_.clear();
    text_given_ = 0;
    if (Status decoded = decode(); !decoded) return decoded;
  }
  const std::size_t size = std::min(most, text_.size() - text_given_);
  std::memcpy(to, text_.data() + text_given_, size);
  text_given_ += size;
  given_ += size;
  return size;
}

// What ICU had taken of it is passed over.
void DecodedBytes::note_no_character() {
  char bytes[16];
  std::int8_t size = sizeof bytes;
  UErrorCode error = U_ZERO_ERROR;
  ucnv_getInvalidChars(converter_->open.get(), bytes, &size, &error);
  if (undecodable_.size() == kMostKept) {
    undecodable_.erase(undecodable_.begin(), undecodable_.begin() + kMostKept / 2);
  }
  const auto taken = static_cast<std::uint64_t>(U_SUCCESS(error) && size > 0 ? size : 0);
  undecodable_.emplace_back(given_ + text_.size() - text_given_, consumed_ - taken);
  text_ += kNoCharacter;
}

Status DecodedBytes::skip_to(std::uint64_t offset) {
  std::vector<char> unwanted(kEncodedBytes);
  while (given_ < offset) {
    const Result<std::size_t> got =
        read(unwanted.data(), std::min<std::uint64_t>(unwanted.size(), offset - given_));
    if (!got) return got.status();
    if (*got == 0) {
      return Status::run_fault(
          StatusCode::invalid_argument,
          "the input holds less than an earlier start had read; put it back as "
          "it was, or start with --fresh");
    }
  }
  return Status();
}

std::optional<std::uint64_t> DecodedBytes::undecodable(std::uint64_t from, std::uint64_t to) const {
  const auto found = std::lower_bound(undecodable_.begin(), undecodable_.end(),
                                      std::pair<std::uint64_t, std::uint64_t>(from, 0));
  if (found == undecodable_.end() || found->first >= to) return std::nullopt;
  return found->second;
}

}  // namespace rare::files
