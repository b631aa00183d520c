// Files in memory: one that is read, and one that is written from front to back and then mapped.
// Thread-safety: one thread at a time; bytes of a region may be touched by any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>

#include "rare/status.h"

namespace rare::bm25 {

// Owns a mapping.
class MappedRegion {
 public:
  MappedRegion() = default;
  MappedRegion(void* mapping, std::size_t mapped_bytes, std::span<std::byte> bytes)
      : mapping_(mapping), mapped_bytes_(mapped_bytes), bytes_(bytes) {}
  MappedRegion(MappedRegion&& other) noexcept { swap(other); }
  MappedRegion& operator=(MappedRegion&& other) noexcept {
    swap(other);
    return *this;
  }
  ~MappedRegion();

  std::span<std::byte> bytes() const { return bytes_; }
  // As an array of T. REQUIRES: a multiple of its size; aligned.
  template <class T>
  std::span<T> as() const {
    return {reinterpret_cast<T*>(bytes_.data()), bytes_.size() / sizeof(T)};
  }

 private:
  void swap(MappedRegion& other) noexcept {
    std::swap(mapping_, other.mapping_);
    std::swap(mapped_bytes_, other.mapped_bytes_);
    std::swap(bytes_, other.bytes_);
  }
  void* mapping_ = nullptr;
  std::size_t mapped_bytes_ = 0;
  std::span<std::byte> bytes_;
};

// The whole file, to be read. Errors: not_found, permission_denied, unavailable.
Result<MappedRegion> map_for_reading(const std::filesystem::path& path);

// A file that gets its name when it is whole. Until then it lies in the same folder under a
// temporary name, locked; what a killed process left there is removed by the next one that makes a
// file there. Errors: resource_exhausted when the disk is full, else unavailable; each names the
// file.
class FileInTheMaking {
 public:
  // Makes the folder, too.
  static Result<FileInTheMaking> make(const std::filesystem::path& folder);
  // The same without a name, for what nobody else reads; gone with the object.
  static Result<FileInTheMaking> make_nameless(const std::filesystem::path& folder);
  FileInTheMaking(FileInTheMaking&& other) noexcept;
  FileInTheMaking& operator=(FileInTheMaking&&) = delete;
  ~FileInTheMaking();

  std::uint64_t size() const { return size_; }  // of all that was appended and reserved
  Status append(std::span<const std::byte> bytes);
  // Zeros up to the next multiple of `alignment`, a power of two.
  Status align(std::size_t alignment);
  // `bytes` zeros at the end, with room on the disk, mapped to be written.
  Result<MappedRegion> reserve(std::uint64_t bytes);
  // What was written, from `offset` on.
  Result<MappedRegion> map(std::uint64_t offset, std::uint64_t bytes);
  // Gives the file its name, in the place of a file that has it. Nothing is synced: who reads it
  // after a loss of power has to check it.
  Status publish(const std::filesystem::path& path) &&;

 private:
  FileInTheMaking(int descriptor, std::filesystem::path path)
      : descriptor_(descriptor), path_(std::move(path)) {}
  Status flush();
  Status failure(const char* what, int error) const;

  int descriptor_ = -1;
  std::filesystem::path path_;
  bool named_ = true;
  std::uint64_t size_ = 0;
  std::string buffer_;  // the last bytes of size_, not yet written
};

}  // namespace rare::bm25
