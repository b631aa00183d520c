#include "plugins/corpus/file_stream.h"

#include <algorithm>
#include <utility>

namespace rare::corpus {

Result<std::unique_ptr<FileStream>> FileStream::open(const std::vector<std::string>& paths,
                                                     const std::string& format, Tell tell) {
  if (std::find(paths.begin(), paths.end(), files::kStandardInput) != paths.end()) {
    return Status::run_fault(StatusCode::invalid_argument,
                             "a corpus is read more than once, and standard input cannot be: keep "
                             "it in a file");
  }
  auto source = std::make_unique<files::ReadSource>(paths, format);
  if (Status status = source->open(); !status.ok()) return status;
  return std::unique_ptr<FileStream>(new FileStream(std::move(source), std::move(tell)));
}

Result<std::optional<Record>> FileStream::next() {
  Result<std::optional<Record>> record = source_->next();
  if (record || record.status().fault() == Fault::run) return record;
  if (!std::exchange(told_, true)) tell_(record.status().message());
  return std::optional<Record>(Record(Json::object()));
}

}  // namespace rare::corpus
