// A file that grows under a working name (PATH.part) beside its final one, and is put in place
// whole.
//
// Every error is a run fault that names the path, the system's reason and what to do.
// Thread-safety: one thread at a time. Holds a lock on the working file while it is open.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rare/status.h"

namespace rare::files {

inline constexpr char kWorkingSuffix[] = ".part";
// Of a file that is to take a place which another one may have until then.
inline constexpr char kCopySuffix[] = ".copy";

class OutputFile {
 public:
  // `working_suffix`: what stands behind the path while the file is written.
  explicit OutputFile(std::string working_suffix = kWorkingSuffix)
      : working_suffix_(std::move(working_suffix)) {}
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Makes missing folders and begins an empty working file; an older one is lost.
  Status begin(const std::string& path);
  // Goes on behind the first `bytes` bytes and cuts off the rest. Where the working file is not
  // there, or another run's, but a finished one of `finished_bytes` is, finalise() has run: the
  // next append() works on a copy of its first `bytes`. Whose a file is, `end_digest` tells; empty:
  // its size alone.
  static constexpr std::uint64_t kNoFinished = ~std::uint64_t{0};  // `finished_bytes`: none counts
  Status resume(const std::string& path, std::uint64_t bytes, std::uint64_t finished_bytes,
                const std::string& end_digest);

  // Opens nothing: for who looks after the finished file himself.
  Status name(const std::string& path) { return check_target(path); }

  // Buffered.
  Status append(std::string_view bytes);
  // Appends bytes of the finished file, from `from` up to before `to`. REQUIRES: begin().
  Status append_finished(std::uint64_t from, std::uint64_t to);
  // What was appended is on disk.
  Status sync();
  // The SHA-256 of the last 64 KiB; empty where there is nothing. Rows of another run, which were
  // written to the same name since, differ there. REQUIRES: sync(), and nothing appended since.
  Result<std::string> end_digest() const;
  // Refuses a finished file that is not the one of `finished_bytes` (kNoFinished: of any size) of
  // which the first `bytes` had that digest.
  Status check_finished(std::uint64_t bytes, std::uint64_t finished_bytes,
                        const std::string& end_digest) const;
  // Gives the file its final name. Can be repeated.
  Status finalise();
  // Puts a copy of what is on disk, and `end` behind it, in place and keeps the working file.
  // REQUIRES: sync().
  Status publish_copy(std::string_view end);

  // Takes the working file away: what was to come of it is in place.
  Status discard();

  // Appended so far, with what is still buffered.
  std::uint64_t size_bytes() const { return flushed_ + buffer_.size(); }
  const std::string& path() const { return path_; }
  const std::string& working_suffix() const { return working_suffix_; }
  std::string working_path() const { return path_ + working_suffix_; }
  bool is_finished() const { return finished_; }
  static bool in_place(const std::string& path);

 private:
  Status check_target(const std::string& path);
  Status open_working(int flags);
  Status refuse_working(std::uint64_t bytes, std::uint64_t finished_bytes,
                        std::optional<std::uint64_t> working,
                        std::optional<std::uint64_t> finished) const;
  Status flush();
  Status reopen_finished();
  void remove_copy() const;
  Status copy_to(const std::string& target, const std::string& from, std::string_view end);
  Status still_there() const;
  Status failure(const std::string& what, int error) const;
  void close();

  std::string working_suffix_;
  std::string path_;
  int fd_ = -1;
  bool finished_ = false;  // the bytes stand under the final name, and there is no working file
  std::uint64_t flushed_ = 0;
  std::string buffer_;
};

// In bytes; nothing where there is no such file.
std::optional<std::uint64_t> size_of(const std::string& file);
// The one that `path` stands in.
std::filesystem::path folder_of(const std::string& path);
// What was made, renamed or removed there stays so, whatever happens to the power.
Status sync_folder(const std::filesystem::path& folder);

// Syncs a file, gives it another name, and syncs the folder.
Status put_in_place(const std::string& from, const std::string& to);

// Which code, and what to do, for a failed system call on `path`.
Status file_failure(const std::string& path, const std::string& what, int error);

}  // namespace rare::files
