// JSON: one array, whose elements are the records, or one top-level object, the only record. The
// array is the document's, or one within its objects. Streamed: memory holds one element, however
// long the array is.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "byte_record_reader.h"
#include "read_settings.h"

namespace rare::files {

// Finds where an element ends by counting brackets outside of strings; judges nothing else.
class ElementScan {
 public:
  enum class End {
    none,       // not reached yet
    delimiter,  // at a ',' or ']' of the array around it
    closed,     // behind the bracket that closes a top-level object
    mismatch,   // behind a bracket that closes what was not opened: nothing can be told any more
  };
  explicit ElementScan(bool top_level) : top_level_(top_level) {}

  // Takes the next bytes; returns how many of them belong to the element.
  std::size_t take(std::string_view bytes);
  End end() const { return end_; }
  // Whether the element may stop here: no string, object or array is open.
  bool complete() const { return !in_string_ && closers_.empty(); }

 private:
  bool close(char bracket);
  bool outside(char c);

  bool top_level_;
  bool in_string_ = false;
  bool escaped_ = false;
  std::vector<char> closers_;  // the brackets that are still to come, innermost last
  End end_ = End::none;
};

class JsonReader final : public ByteRecordReader {
 public:
  explicit JsonReader(std::size_t max_record_bytes = kMaxRecordBytes)
      : max_record_bytes_(max_record_bytes) {}
  // `array`: the members that lead to it (json_path.h). What stands beside them is passed over, and
  // only its brackets and quotes are looked at.
  JsonReader(const ReadSettings& settings, std::vector<std::string> array) : JsonReader() {
    encoding_ = settings.encoding;
    way_ = std::move(array);
  }

  Status open(const std::string& path, const ReaderPosition& from, std::uint64_t end) override;
  Result<std::optional<Json>> next() override;

 private:
  static constexpr int kEndOfFile = -1;

  // The next byte that is no white space, not consumed; kEndOfFile at the end.
  Result<int> peek();
  void consume(std::size_t bytes);
  Result<std::optional<Json>> first();
  Result<std::optional<Json>> following();
  Result<std::optional<Json>> at_end();
  Result<std::optional<Json>> element(bool top_level);
  // Into the object at the next byte, up to the value of its member `name`.
  Status enter(const std::string& name);
  Result<std::string> member_name();
  Status pass_value();
  Result<std::optional<Json>> take_element(const ElementScan& scan, std::size_t size);
  // The rest of an element that does not fit; `scan` has seen the first `seen` bytes of the window.
  Status overlong_element(ElementScan& scan, std::size_t seen);
  Status fault(const std::string& expected, int came, const std::string& advice) const;
  Status broken() const;

  std::size_t max_record_bytes_;
  std::string encoding_ = "utf-8";
  std::vector<std::string> way_;
  ElementParser parser_;
};

}  // namespace rare::files
