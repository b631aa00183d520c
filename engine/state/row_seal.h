// The checksum of a row's values, kept in its last column, `seal`. SQLite finds broken structure,
// not a byte that changed inside a value.
//
// Values are taken as SQLite stores them: an integer for a column of type TEXT becomes text there,
// and must be added as text. Thread-safety: one thread at a time.
#pragma once

#include <boost/crc.hpp>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rare::engine {

// CRC-32 (ISO 3309) over the values' types, lengths and bytes (numbers little-endian, 8 bytes).
class RowSeal {
 public:
  template <std::integral T>
  void add(T value) {
    put('i', static_cast<std::uint64_t>(static_cast<std::int64_t>(value)));
  }
  void add(double value) {
    std::uint64_t bits;
    static_assert(sizeof bits == sizeof value);
    __builtin_memcpy(&bits, &value, sizeof bits);
    put('r', bits);
  }
  void add(std::string_view bytes) {  // TEXT and BLOB alike
    put('t', bytes.size());
    crc_.process_bytes(bytes.data(), bytes.size());
  }
  void add(const char* text) { add(std::string_view(text)); }
  void add(const std::string& text) { add(std::string_view(text)); }
  void add_null() { put('n', 0); }
  void add(const std::optional<std::string>& blob) {
    if (blob) {
      add(std::string_view(*blob));
    } else {
      add_null();
    }
  }
  std::int64_t value() const { return static_cast<std::int64_t>(crc_.checksum()); }

 private:
  void put(char type, std::uint64_t number) {
    unsigned char bytes[9] = {static_cast<unsigned char>(type)};
    for (int i = 0; i < 8; ++i) bytes[1 + i] = static_cast<unsigned char>(number >> (8 * i));
    crc_.process_bytes(bytes, sizeof bytes);
  }
  boost::crc_32_type crc_;
};

}  // namespace rare::engine
