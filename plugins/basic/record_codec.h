// Records as bytes, for a while on disk: nothing of them is lost, their identity included.
//
// The bytes are CBOR (RFC 8949), which unlike JSON text keeps every double as it is. They are for
// the process that made them only.
// Thread-safety: one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "rare/record.h"
#include "rare/status.h"

namespace rare::basic {

class RecordCodec {
 public:
  std::string encode(const Record& record);
  // REQUIRES: encoded by this object.
  Result<Record> decode(const std::string& bytes) const;

 private:
  static constexpr std::size_t kLengthBytes = 4;
  // The texts before ordinals, by source: few, and shared by all ids of a source.
  std::map<std::uint32_t, std::shared_ptr<const std::string>> prefixes_;
};

}  // namespace rare::basic
