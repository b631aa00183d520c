// A file of entries that are written once and read once, in order. Temporary: it is removed with
// its owner.
//
// Errors are run faults that name the file: every later record would meet them.
// Thread-safety: one thread at a time.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "rare/status.h"

namespace rare::basic {

struct Entry {
  std::string key;
  std::string payload;
};

class RunFile {
 public:
  static Result<std::unique_ptr<RunFile>> create(std::string path);
  ~RunFile();
  RunFile(const RunFile&) = delete;
  RunFile& operator=(const RunFile&) = delete;

  Status write(const Entry& entry);
  // Ends the writing; after it the file takes no memory until it is read.
  Status close();
  // The next entry; nothing at the end. The first call opens the file.
  Result<std::optional<Entry>> read();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  explicit RunFile(std::string path) : path_(std::move(path)) {}
  Status fault(const std::string& what) const;
  Status write_text(const std::string& text);
  Result<bool> read_text(std::string& text);

  const std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace rare::basic
