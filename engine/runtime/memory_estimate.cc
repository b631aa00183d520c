#include "engine/runtime/memory_estimate.h"

#include <string>

namespace rare::engine {

std::size_t estimated_bytes(const Json& value) {
  std::size_t bytes = 16;
  if (value.is_string()) {
    bytes += value.get_ref<const std::string&>().size() + 32;
  } else if (value.is_array()) {
    for (const Json& item : value) bytes += estimated_bytes(item);
  } else if (value.is_object()) {
    for (auto at = value.begin(); at != value.end(); ++at) {
      bytes += 80 + at.key().size() + estimated_bytes(at.value());
    }
  }
  return bytes;
}

}  // namespace rare::engine
