// The formats of files: what reads each, and what writes it. One table; `files.read`, `files.write`
// and the verbs choose from it by name or by a path's extension.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "read_settings.h"
#include "record_reader.h"
#include "row_format.h"
#include "whole_file.h"

namespace rare::files {

struct Format {
  std::string name;
  std::vector<std::string> extensions;  // with the dot, without that of a compression
  std::unique_ptr<RecordReader> (*make_reader)(const ReadSettings&) = nullptr;  // null: none
  // A format that is written has rows that follow each other in a file that grows, or with
  // `make_file` (see `wants_fields`) a file that is written whole when all of its rows are there.
  // Until then they wait as lines of JSON, whatever they hold (null, or `wants_fields`), or as rows
  // that `make_rows` has checked.
  Result<std::unique_ptr<RowFormat>> (*make_rows)(const WriteSettings&) = nullptr;
  Result<std::unique_ptr<WholeFile>> (*make_file)(const WriteSettings&) = nullptr;
  // Some other library brings it (format_library.h): the functions are null here.
  std::string library;
  // Its bytes are packed by the format itself, if at all: .gz or .zst behind it means nothing.
  bool packs_itself = false;
  // Its rows cannot be written before their fields are known: without `fields`, a format that also
  // has `make_file` is written whole.
  bool wants_fields = false;
  // What it lacks on this machine and how that can be had, or nothing; null: it never lacks
  // anything.
  std::string (*lacks)() = nullptr;
};

// Whether a file of it is written whole when all of its rows are there.
bool is_written_whole(const Format& format, const WriteSettings& settings);

// "auto", and the names of all that can be read, or written.
std::vector<std::string> formats_to_read();
std::vector<std::string> formats_to_write();

enum class Purpose { read, write };

// What formats of other libraries lack here, a sentence each; empty: nothing. Loads those
// libraries.
std::string what_formats_lack();

// The format that `name` says; "auto" goes by the path's extension, an extension of a compression
// left out. What another library brings is loaded. Errors are run faults (invalid_argument) that
// name the path.
Result<const Format*> find_format(const std::string& name, const std::string& path,
                                  Purpose purpose);

// Whether the path's extension is one of a format's.
bool tells_format(const std::string& path, Purpose purpose);

}  // namespace rare::files
