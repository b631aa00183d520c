// A folder of its own for each test, and short ways to read and write files in it.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rare/json.h"
#include "rare/source.h"
#include "rare/testing/harness.h"
#include "read_source.h"
#include "write_sink.h"

namespace rare::files::test {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "rare-files-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string path(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, std::string_view bytes) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path(name);
  }
  static std::string read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::filesystem::path path_;
};

// What a source gave: records and errors in one sequence, and how it ended.
struct Reading {
  std::vector<Json> records;
  std::vector<Status> errors;
  std::vector<std::string> sequence;  // a record's text, or "error"
  std::optional<Status> fault;
};

inline Reading read_all(Source& source) {
  Reading reading;
  for (;;) {
    Result<std::optional<Record>> next = source.next();
    if (!next && next.status().fault() == Fault::run) {
      reading.fault = next.status();
      return reading;
    }
    if (!next) {
      reading.errors.push_back(next.status());
      reading.sequence.push_back("error");
    } else if (*next) {
      reading.records.push_back((*next)->fields());
      reading.sequence.push_back((*next)->fields().dump());
    } else {
      return reading;
    }
  }
}

// `format`: its name, or an object of parameters.
inline std::unique_ptr<ReadSource> source_of(std::vector<std::string> paths,
                                             const Json& format = "auto") {
  Json parameters = format.is_object() ? format : Json{{"format", format}};
  parameters["path"] = std::move(paths);
  return testing::make<ReadSource>(parameters);
}

inline Reading read_files(std::vector<std::string> paths, const Json& format = "auto") {
  testing::TestContext context;
  const auto source = source_of(std::move(paths), format);
  Reading reading;
  Status opened = source->open(context, std::nullopt);
  if (!opened) {
    reading.fault = opened;
    return reading;
  }
  return read_all(*source);
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace rare::files::test
