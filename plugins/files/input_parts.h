// What a source reads, part by part, in the order that decides the ordinals of its records: files,
// and where its input may grow (`append`), what came to a file after an earlier start had read it.
//
// A start that follows another keeps its parts, so that no record changes its ordinal: what came
// since is behind them, however its file sorts. Only the last part becomes longer, and only if
// its last line had its line break or was left.
// Thread-safety: functions of one thread. Errors are run faults that name the file and what to do.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "input_files.h"
#include "rare/json.h"
#include "rare/status.h"
#include "record_reader.h"

namespace rare::files {

struct InputPart {
  InputFile file;  // its size: where the part ends
  ReaderPosition from = {};
  std::uint64_t begin_bytes = 0;  // in the file, as it is on disk
  // ReadSettings: whether the file may grow while nothing else is known of it.
  bool leaves_unfinished_line = false;
  Json identity = {};  // null: not known yet
};

// What to do, at the end of a message, where what was read is not there as it was.
inline constexpr char kAnew[] =
    "begin anew with --fresh (stored replies are kept: only changed records are paid again)";

// A reader that is not open, for the file of a part.
using MakePartReader = std::function<Result<std::unique_ptr<RecordReader>>(const InputPart& part)>;

struct PartReading {
  MakePartReader make_reader;
  std::string format;  // `auto`: a file's name tells it
  std::string encoding;
};

// A file that an earlier start read at another path.
struct MovedFile {
  std::string from;
  std::string to;
};

struct FollowedParts {
  std::vector<InputPart> parts;
  std::vector<MovedFile> moved;
};

// One part for each file.
std::vector<InputPart> parts_of(const std::vector<InputFile>& files, bool may_grow);

// The parts of an earlier start by what it knew of them, each at the path where its file stands now
// (moved_parts.h). Refused where a file is gone, shorter, or begins with other bytes. With
// `takes_more`, what was appended to the files and which of `found` are new follow; refused where
// what was appended changes what was read. Where nothing has come, their identities are those of
// the earlier start, old paths and all: a finished run whose files were moved has nothing to do.
Result<FollowedParts> follow_parts(const Json& earlier, const std::vector<InputFile>& found,
                                   bool takes_more, const PartReading& reading);

// For each part {path, size, mtime_ns, sha256}, and where it may grow `content_sha256` over all of
// the file up to where the part ends, and `from`, where a part begins that is not the first
// of its file: {begin_bytes, offset, line, line_start, ordinal}.
Result<Json> identify_parts(std::vector<InputPart>& parts);

}  // namespace rare::files
