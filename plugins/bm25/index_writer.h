// Puts an index file together, section by section, in any order.
// Thread-safety: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <utility>

#include "plugins/bm25/index_format.h"
#include "plugins/bm25/mapped_file.h"
#include "rare/status.h"

namespace rare::bm25 {

class IndexWriter {
 public:
  // The file is made in `folder`. Errors as FileInTheMaking's.
  static Result<IndexWriter> make(const std::filesystem::path& folder);

  IndexHeader& header() { return header_; }

  // A section whose bytes come one after the other. One at a time.
  Status begin(Section section);
  Status append(std::span<const std::byte> bytes) { return file_.append(bytes); }
  void end(Section section);
  // The same for bytes that are there.
  Status write(Section section, std::span<const std::byte> bytes);
  // A section of zeros, to be filled in.
  Result<MappedRegion> reserve(Section section, std::uint64_t bytes);
  // A section that was ended, to be read or changed.
  Result<MappedRegion> map(Section section);

  // Adds checksums and header and gives the file its name.
  Status publish(const std::filesystem::path& path) &&;

 private:
  explicit IndexWriter(FileInTheMaking file) : file_(std::move(file)) {}
  SectionPlace& place(Section section) {
    return header_.sections[static_cast<std::size_t>(section)];
  }

  FileInTheMaking file_;
  IndexHeader header_;
};

}  // namespace rare::bm25
