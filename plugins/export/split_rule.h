// Which part of a data set a document belongs to.
#pragma once

#include <cstdint>
#include <string_view>

#include "rare/random.h"

namespace rare::exports {

enum class Part { train, validation };

// The first number of Random(derive_seed(seed, document, "export.split")), its upper 53 bits as a
// share of 2^53: below `share` is validation. It looks at nothing else, so that a document that is
// named by what it holds stays where it is when others come or go, and is on the same side in every
// export of one seed. One that is named by its place in the input does so in that input alone.
// Thread-safety: any thread.
inline Part part_of(std::uint64_t seed, std::string_view document, double share) {
  const std::uint64_t number = Random(derive_seed(seed, document, "export.split")).next();
  return static_cast<double>(number >> 11) * 0x1p-53 < share ? Part::validation : Part::train;
}

}  // namespace rare::exports
