// Room on a disk that is kept for the moment when it is full: taken at the start, given back to the
// file system when the last thing that has to be written finds no room.
//
// The file has no name, so nothing is left of it when the process is gone, however that comes
// about. Another program may take the room before it is used: a promise as good as the disk is
// quiet.
// Thread-safety: one thread at a time.
#pragma once

#include <cstdint>
#include <string>

namespace rare::engine {

class Ballast {
 public:
  // Where there is no room for it, it is empty: keeping less would promise what cannot be kept.
  Ballast(const std::string& folder, std::uint64_t bytes);
  ~Ballast();
  Ballast(const Ballast&) = delete;
  Ballast& operator=(const Ballast&) = delete;

  std::uint64_t bytes() const { return bytes_; }
  // Gives the room back; true when there was some.
  bool release();

 private:
  int descriptor_ = -1;
  std::uint64_t bytes_ = 0;
};

}  // namespace rare::engine
