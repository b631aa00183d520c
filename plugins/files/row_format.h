// How records become bytes of a file that grows row by row.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frame_codec.h"
#include "rare/json.h"
#include "rare/status.h"

namespace rare::files {

// The parameters of a writer.
struct WriteSettings {
  // What a row may have, in this order, `_rare` of provenance included; empty: whatever it has.
  std::vector<std::string> fields;
  Json schema = Json::object();      // parquet: the columns and their types; empty: the rows decide
  std::string compression = "auto";  // parquet
  Compression packing = Compression::none;  // of bytes that follow each other
};

// One of a row's fields. Both live as long as the record.
struct RowField {
  const std::string* name;
  const Json* value;
};

// Thread-safety: any thread.
class RowFormat {
 public:
  virtual ~RowFormat() = default;
  // What stands before the first row.
  virtual std::string head() const { return {}; }
  // The row, up to and with its line break. The fields come in the order of WriteSettings::fields,
  // those that the record lacks left out. An error is the record's, and names the field.
  virtual Result<std::string> encode(std::span<const RowField> fields) const = 0;
  // What stands in place of a first row's first bytes, and those themselves, which all later rows
  // have; of one length.
  virtual std::string_view first_bytes() const { return {}; }
  virtual std::string_view later_bytes() const { return {}; }
  // What stands behind the last row.
  virtual std::string end(bool /*has_rows*/) const { return {}; }
  // Whether a line break between quotes is a part of its row.
  virtual bool quotes_hide_breaks() const { return false; }
};

}  // namespace rare::files
