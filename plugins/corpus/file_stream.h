// The records of files, read as files.read reads them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plugins/files/read_source.h"
#include "rare/context.h"

namespace rare::corpus {

// What cannot be read as a record is given as one without fields, so that it takes its ordinal.
class FileStream final : public RecordStream {
 public:
  // `paths`: files or patterns; `format`: as of files.read. Errors name the file.
  // `tell` gets what was wrong with the first record that cannot be read.
  using Tell = std::function<void(const std::string& fault)>;
  static Result<std::unique_ptr<FileStream>> open(const std::vector<std::string>& paths,
                                                  const std::string& format, Tell tell);

  Result<std::optional<Record>> next() override;
  // Of the files, as of an input of files.read.
  Result<Json> identity() const { return source_->identity(); }

 private:
  FileStream(std::unique_ptr<files::ReadSource> source, Tell tell)
      : source_(std::move(source)), tell_(std::move(tell)) {}

  std::unique_ptr<files::ReadSource> source_;
  Tell tell_;
  bool told_ = false;
};

}  // namespace rare::corpus
