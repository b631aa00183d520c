#include "plugins/corpus/corpus_source.h"

#include <utility>

#include "plugins/corpus/file_stream.h"

namespace rare::corpus {

Result<OpenCorpus> open_corpus(ServiceContext& context, const std::string& from,
                               const std::vector<std::string>& path, const std::string& format) {
  if (!from.empty()) {
    Result<std::unique_ptr<RecordStream>> records = context.records_of(from);
    if (!records) return records.status();
    return OpenCorpus{std::move(*records), Json()};
  }
  Result<std::unique_ptr<FileStream>> files =
      FileStream::open(path, format, [&context](const std::string& fault) {
        context.log(LogLevel::warning,
                    "a record of the corpus cannot be read, and is not indexed: " + fault +
                        " (said once, may hold for others)");
      });
  if (!files) return files.status();
  Result<Json> identity = (*files)->identity();
  if (!identity) return identity.status();
  return OpenCorpus{std::move(*files), std::move(*identity)};
}

std::string corpus_name(const std::string& from, const std::vector<std::string>& path) {
  if (!from.empty()) return "node `" + from + "`";
  return path.size() == 1 ? path.front()
                          : path.front() + " and " + std::to_string(path.size() - 1) + " more";
}

}  // namespace rare::corpus
