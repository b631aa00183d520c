// What reads the records of one file, and where it stands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "json_element.h"
#include "rare/json.h"
#include "rare/status.h"

namespace rare::files {

// A place between two records of one file, enough to go on from. Of a compressed file the bytes are
// counted unpacked. A format that is no text goes by `ordinal`, and uses the rest as it likes.
struct ReaderPosition {
  enum class Stage {
    start,   // nothing was read
    inside,  // behind a line, or behind an element of an array
    end,     // behind the array's bracket or the one top-level object
    broken,  // what follows cannot be told apart into records
  };
  Stage stage = Stage::start;
  std::uint64_t offset = 0;      // bytes
  std::uint64_t line = 1;        // of the byte at `offset`
  std::uint64_t line_start = 0;  // the offset of that line's first byte
  std::uint64_t ordinal = 0;     // records and unreadable records before it
};

// A record that is longer is not held in memory: it becomes an error, and reading goes on after it.
inline constexpr std::size_t kMaxRecordBytes = std::size_t{256} << 20;
// How much of an unreadable record is kept as evidence.
inline constexpr std::size_t kMaxRawBytes = std::size_t{16} << 20;

// Thread-safety: one thread at a time.
class RecordReader {
 public:
  virtual ~RecordReader() = default;
  // Reads the file's first `end` bytes (what is appended later is not seen), from a position that
  // an earlier reader of the same file gave.
  virtual Status open(const std::string& path, const ReaderPosition& from, std::uint64_t end) = 0;
  // The next object; nothing at the end of the file. An error with Fault::record stands for one
  // record, and reading goes on after it; Fault::run is given again by every later call.
  virtual Result<std::optional<Json>> next() = 0;
  // As Source::skip(), within the file. Leaves position() where as many calls of next() would.
  // Here, because libraries of formats have nothing else of this one.
  virtual Result<std::uint64_t> skip(std::uint64_t most) {
    std::uint64_t skipped = 0;
    for (; skipped < most; ++skipped) {
      const Result<std::optional<Json>> object = next();
      if (object && !*object) break;
      if (!object && object.status().fault() == Fault::run) return object.status();
    }
    return skipped;
  }
  // The place before what next() will give.
  virtual ReaderPosition position() const = 0;
  // How many of the file's own bytes are done, for progress.
  virtual std::uint64_t file_offset() const = 0;
  // Whether what is appended to such a file follows its records, as if it had always been there.
  // Also before open().
  virtual bool can_go_on() const { return false; }
  // With ReadSettings::leaves_unfinished_line, when next() gave nothing: where what it left begins.
  virtual std::optional<std::uint64_t> unfinished_line() const { return std::nullopt; }
  // Of what it read between two offsets, the place in the file of the first bytes that are no
  // character of the encoding that was said.
  virtual std::optional<std::uint64_t> undecodable(std::uint64_t /*from*/,
                                                   std::uint64_t /*to*/) const {
    return std::nullopt;
  }
};

// Skips a byte order mark at the start of a file.
std::size_t byte_order_mark_bytes(std::string_view file_start);

// "file:line:column: expected ..., came ..." as a record error that keeps the bytes. `text` starts
// at `start`; lines count from 1, columns in bytes from 1.
Status unreadable_record(const std::string& path, const ReaderPosition& start,
                         std::string_view text, const ParseProblem& problem);

// Moves a position over bytes that were read.
void advance(ReaderPosition& position, std::string_view bytes);

}  // namespace rare::files
