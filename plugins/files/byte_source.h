// Bytes in the order in which they are read: a file's own, or what a compressed one holds.
//
// Thread-safety: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rare/status.h"

namespace rare::files {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // The next bytes, at least one and at most `most`; 0 at the end. Errors are run faults that name
  // the file.
  virtual Result<std::size_t> read(char* to, std::size_t most) = 0;
  // How far the file itself was read, in its own bytes.
  virtual std::uint64_t file_offset() const = 0;
};

// A regular file, or standard input (`-`), which is read once and from the beginning. Owns its
// descriptor.
class FileBytes final : public ByteSource {
 public:
  // The bytes [offset, end). What is appended to the file later is not seen.
  static Result<std::unique_ptr<FileBytes>> open(const std::string& path, std::uint64_t offset,
                                                 std::uint64_t end);
  ~FileBytes() override;
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  Result<std::size_t> read(char* to, std::size_t most) override;
  std::uint64_t file_offset() const override { return offset_ - peeked_.size(); }
  // The next bytes, which read() gives all the same; fewer at the end.
  Result<std::string_view> peek(std::size_t bytes);

 private:
  Result<std::size_t> read_file(char* to, std::size_t most);
  FileBytes(std::string path, int fd, std::uint64_t offset, std::uint64_t end)
      : path_(std::move(path)), fd_(fd), offset_(offset), end_(end) {}

  std::string path_;
  int fd_;
  std::uint64_t offset_;
  std::uint64_t end_;
  std::string peeked_;  // read from the file, and not given yet
};

}  // namespace rare::files
