// Sizes as users write them: 512MB, 2 GiB, 1.5GB, 1000000.
#pragma once

#include <cstdint>
#include <string_view>

#include "rare/status.h"

namespace rare::bm25 {

// KB, MB, GB and TB are powers of 1000, KiB, MiB, GiB and TiB of 1024; upper or lower case. Error:
// invalid_argument for anything else.
Result<std::uint64_t> parse_byte_size(std::string_view text);

}  // namespace rare::bm25
