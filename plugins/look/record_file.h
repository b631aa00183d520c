// The records of a file by their number, whatever its format.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "plugins/files/read_parameters.h"
#include "rare/json.h"
#include "rare/status.h"

namespace rare::look {

struct FoundRecord {
  Json fields;        // an object, or null
  std::string fault;  // why there are no fields
  std::string raw;    // what stands there instead
};

// Thread-safety: one thread at a time.
class RecordFile {
 public:
  virtual ~RecordFile() = default;

  // Plain JSON Lines are looked up by their places (line_places.h), everything else is read from
  // the last of the places that were passed. `end`: only so many bytes of the file. Errors are run
  // faults that name the file.
  static Result<std::unique_ptr<RecordFile>> open(const std::string& path,
                                                  const files::ReadParameters& parameters,
                                                  std::optional<std::uint64_t> end = std::nullopt);

  // Counted from 0. Nothing: it has not been seen yet, or there are fewer.
  virtual Result<std::optional<FoundRecord>> record(std::uint64_t number) = 0;
  // Looks at a little more of the file, for a small part of a second. False: all was seen.
  virtual Result<bool> look_on() = 0;
  virtual std::uint64_t seen() const = 0;  // records
  virtual bool complete() const = 0;
  virtual double share_seen() const = 0;  // of the file's bytes
  // Keeps beside the file what a later look is quicker with. False: it cannot be written there.
  virtual bool keep() const { return true; }
};

class LineFile;
// Of what was scanned by somebody else.
std::unique_ptr<RecordFile> records_of(std::unique_ptr<LineFile> lines);

// Whether a file is JSON Lines in UTF-8 and not compressed.
Result<bool> is_plain_lines(const std::string& path, const files::ReadParameters& parameters);

}  // namespace rare::look
