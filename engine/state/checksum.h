// The checksum of bytes that wait on disk: CRC-32 (ISO 3309), which finds every flipped bit of a
// frame.
#pragma once

#include <boost/crc.hpp>
#include <cstdint>
#include <string_view>

namespace rare::engine {

inline std::uint32_t checksum(std::string_view bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

}  // namespace rare::engine
