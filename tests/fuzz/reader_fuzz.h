// What the fuzz targets of both readers share: the input as a file, and what a reader made of it.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record_reader.h"

namespace rare::files::fuzz {

class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : fd_(memfd_create("input", MFD_CLOEXEC)) {
    if (fd_ < 0 || ::write(fd_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
      std::abort();
    }
  }
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

inline void expect(bool holds) {
  if (!holds) std::abort();
}

struct Reading {
  std::vector<std::optional<Json>> items;  // nullopt: a record that cannot be read
  std::vector<ReaderPosition> before;      // each item, and the end
  bool fault = false;
};

template <class Reader>
Reading read_from(const std::string& path, std::size_t size, const ReaderPosition& from) {
  Reader reader;
  expect(reader.open(path, from, size).ok());
  Reading reading;
  for (;;) {
    reading.before.push_back(reader.position());
    Result<std::optional<Json>> next = reader.next();
    expect(reader.position().offset <= size);
    if (!next) {
      // Every message can be written as JSON.
      (void)Json(next.status().message()).dump();
      if (next.status().fault() == Fault::run) {
        reading.fault = true;
        return reading;
      }
      reading.items.emplace_back();
    } else if (*next) {
      // Whatever is read can be written, and read again.
      expect(Json::parse((*next)->dump()) == **next);
      reading.items.push_back(std::move(**next));
    } else {
      return reading;
    }
  }
}

// From every position the rest is the same.
template <class Reader>
void check_positions(const std::string& path, std::size_t size, const Reading& whole) {
  const std::size_t step = whole.before.size() / 16 + 1;
  for (std::size_t i = 0; i < whole.before.size(); i += step) {
    const Reading rest = read_from<Reader>(path, size, whole.before[i]);
    expect(rest.fault == whole.fault);
    expect(rest.items == std::vector<std::optional<Json>>(
                             whole.items.begin() + static_cast<long>(i), whole.items.end()));
  }
}

}  // namespace rare::files::fuzz
