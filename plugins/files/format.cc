#include "format.h"

#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "csv_file.h"
#include "csv_reader.h"
#include "csv_rows.h"
#include "format_library.h"
#include "frame_codec.h"
#include "json_path.h"
#include "json_reader.h"
#include "json_rows.h"
#include "jsonl_reader.h"
#include "text_reader.h"

namespace rare::files {
namespace {

std::unique_ptr<RecordReader> make_jsonl_reader(const ReadSettings& settings) {
  return std::make_unique<JsonlReader>(settings);
}

template <class Rows>
Result<std::unique_ptr<RowFormat>> make_rows_of(const WriteSettings&) {
  return std::unique_ptr<RowFormat>(std::make_unique<Rows>());
}

// The path is one that parse_json_path() takes: who makes readers has checked it.
std::unique_ptr<RecordReader> make_json_reader(const ReadSettings& settings) {
  Result<std::vector<std::string>> way = parse_json_path(settings.records);
  return way ? std::make_unique<JsonReader>(settings, std::move(*way)) : nullptr;
}
std::unique_ptr<RecordReader> make_csv_reader(const ReadSettings& settings) {
  return std::make_unique<CsvReader>(settings, std::nullopt);
}
std::unique_ptr<RecordReader> make_tsv_reader(const ReadSettings& settings) {
  return std::make_unique<CsvReader>(settings, '\t');
}
std::unique_ptr<RecordReader> make_text_reader(const ReadSettings& settings) {
  return std::make_unique<TextReader>(settings, false);
}
std::unique_ptr<RecordReader> make_markdown_reader(const ReadSettings& settings) {
  return std::make_unique<TextReader>(settings, true);
}
Result<std::unique_ptr<RowFormat>> make_csv_rows(const WriteSettings& settings) {
  return CsvRows::make(settings, ',');
}
Result<std::unique_ptr<RowFormat>> make_tsv_rows(const WriteSettings& settings) {
  return CsvRows::make(settings, '\t');
}

Result<std::unique_ptr<WholeFile>> make_csv_file(const WriteSettings& settings) {
  return std::unique_ptr<WholeFile>(std::make_unique<CsvFile>(',', settings.packing));
}
Result<std::unique_ptr<WholeFile>> make_tsv_file(const WriteSettings& settings) {
  return std::unique_ptr<WholeFile>(std::make_unique<CsvFile>('\t', settings.packing));
}

const std::vector<Format>& all_formats() {
  static const std::vector<Format> formats{
      {"jsonl",
       {".jsonl", ".ndjson"},
       make_jsonl_reader,
       make_rows_of<JsonLineRows>,
       nullptr,
       "",
       false},
      {"json", {".json"}, make_json_reader, make_rows_of<JsonArrayRows>, nullptr, "", false},
      {"csv", {".csv"}, make_csv_reader, make_csv_rows, make_csv_file, "", false, true},
      {"tsv", {".tsv", ".tab"}, make_tsv_reader, make_tsv_rows, make_tsv_file, "", false, true},
      {"text", {".txt", ".text"}, make_text_reader, nullptr, nullptr, "", false},
      {"markdown", {".md", ".markdown"}, make_markdown_reader, nullptr, nullptr, "", false},
      {"parquet", {".parquet"}, nullptr, nullptr, nullptr, "parquet", true},
  };
  return formats;
}

bool serves(const Format& format, Purpose purpose) {
  if (!format.library.empty()) return true;
  if (purpose == Purpose::read) return format.make_reader != nullptr;
  return format.make_rows != nullptr || format.make_file != nullptr;
}

std::vector<std::string> names_for(Purpose purpose) {
  std::vector<std::string> names{"auto"};
  for (const Format& format : all_formats()) {
    if (serves(format, purpose)) names.push_back(format.name);
  }
  return names;
}

const Format* listed_format(const std::string& name, const std::string& path, Purpose purpose) {
  for (const Format& format : all_formats()) {
    if (!serves(format, purpose)) continue;
    if (format.name == name) return &format;
    const std::string_view bare = format.packs_itself ? path : without_compression(path);
    for (const std::string& extension : format.extensions) {
      if (name == "auto" && bare.ends_with(extension)) return &format;
    }
  }
  return nullptr;
}

std::string extensions_for(Purpose purpose) {
  std::string list;
  for (const Format& format : all_formats()) {
    if (!serves(format, purpose)) continue;
    for (const std::string& extension : format.extensions) {
      list += (list.empty() ? "" : ", ") + extension;
    }
  }
  return list;
}

// Loaded once; a failure is looked at again by who asks again.
Result<const Format*> loaded_format(const std::string& library) {
  static std::mutex mutex;
  static std::map<std::string, const Format*> loaded;
  const std::lock_guard lock(mutex);
  const auto found = loaded.find(library);
  if (found != loaded.end()) return found->second;
  Result<const Format*> format = load_format(format_folder(), library);
  if (format) loaded[library] = *format;
  return format;
}

}  // namespace

bool is_written_whole(const Format& format, const WriteSettings& settings) {
  if (format.make_file == nullptr) return false;
  return !format.wants_fields || settings.fields.empty();
}

std::string what_formats_lack() {
  std::string text;
  for (const Format& format : all_formats()) {
    if (format.library.empty()) continue;
    const Result<const Format*> loaded = loaded_format(format.library);
    std::string lack;
    if (!loaded) {
      lack = loaded.status().message();
    } else if ((*loaded)->lacks != nullptr) {
      lack = (*loaded)->lacks();
    }
    if (!lack.empty()) text += (text.empty() ? "" : "; ") + lack;
  }
  return text;
}

std::vector<std::string> formats_to_read() { return names_for(Purpose::read); }
std::vector<std::string> formats_to_write() { return names_for(Purpose::write); }

bool tells_format(const std::string& path, Purpose purpose) {
  return listed_format("auto", path, purpose) != nullptr;
}

Result<const Format*> find_format(const std::string& name, const std::string& path,
                                  Purpose purpose) {
  const Format* format = listed_format(name, path, purpose);
  const auto refused = [&](const std::string& reason) {
    return Status::run_fault(StatusCode::invalid_argument, path + ": " + reason);
  };
  if (format == nullptr) {
    std::string names;
    for (const std::string& one : names_for(purpose)) {
      if (one != "auto") names += (names.empty() ? "" : ", ") + one;
    }
    return refused("expected one of the extensions " + extensions_for(purpose) +
                   " (.gz or .zst may follow); rename it, or say what the file holds with "
                   "`format:` (" +
                   names + ")");
  }
  if (format->library.empty()) return format;
  const Result<const Format*> loaded = loaded_format(format->library);
  if (!loaded) {
    return refused(
        "expected what reads and writes " + format->name +
        ", which is not there: " + loaded.status().message() +
        "; how to get it is in docs/formats/parquet.md, or convert the file to JSON Lines");
  }
  if (!serves(**loaded, purpose)) {
    return refused(format->name + std::string(" cannot be ") +
                   (purpose == Purpose::read ? "read" : "written"));
  }
  return *loaded;
}

}  // namespace rare::files
