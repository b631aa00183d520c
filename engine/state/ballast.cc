#include "engine/state/ballast.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "engine/state/folder.h"

namespace rare::engine {

Ballast::Ballast(const std::string& folder, std::uint64_t bytes)
    : descriptor_(open_nameless(folder)), bytes_(bytes) {
  if (descriptor_ < 0 || posix_fallocate(descriptor_, 0, static_cast<off_t>(bytes)) != 0) release();
}

Ballast::~Ballast() { release(); }

bool Ballast::release() {
  if (descriptor_ >= 0) close(std::exchange(descriptor_, -1));
  return std::exchange(bytes_, 0) > 0;
}

}  // namespace rare::engine
