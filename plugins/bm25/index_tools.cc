#include "plugins/bm25/index_tools.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include "plugins/bm25/analyzer.h"
#include "plugins/bm25/byte_size.h"
#include "plugins/bm25/corpus_index.h"
#include "plugins/bm25/index_check.h"
#include "plugins/bm25/search_pool.h"
#include "plugins/corpus/file_stream.h"
#include "plugins/files/format.h"

namespace rare::bm25 {
namespace {

std::string summary_of(const IndexHeader& header) {
  return std::to_string(header.documents) + " of " + std::to_string(header.records) + " records, " +
         std::to_string(header.terms) + " terms, " + std::to_string(header.postings) + " postings";
}

}  // namespace

ToolUsage IndexBuildTool::usage() {
  return {Spec("index.build")
              .summary("builds a BM25 index over the texts of files")
              .description(
                  "Prints the index file's path. A folder that has the index of the same texts and "
                  "settings already is left as it is; one that has another index is refused. A "
                  "build that ends early leaves nothing that could be taken for an index.")
              .required_param(
                  &IndexBuildTool::corpus_, "corpus",
                  "Files of any format that files.read knows, folders or patterns; repeatable.")
              .input_path()
              .param(&IndexBuildTool::format_, "format", "auto", "How they are written.")
              .choices(files::formats_to_read())
              .param(&IndexBuildTool::field_, "field", "text", "The field that holds the text.")
              .param(&IndexBuildTool::id_field_, "id_field", "id",
                     "The field that holds the id, text or an integer.")
              .param(&IndexBuildTool::analyzer_, "analyzer", "english",
                     "How texts and queries are cut into terms.")
              .choices(analyzer_names())
              .param(&IndexBuildTool::k1_, "k1", 0.9, "Of BM25.")
              .range(0, 1000)
              .param(&IndexBuildTool::b_, "b", 0.4, "Of BM25.")
              .range(0, 1)
              .param(&IndexBuildTool::scoring_, "scoring", "lucene",
                     "As Lucene scores, or as the published code of RARE.")
              .choices({"lucene", "reference"})
              .param(&IndexBuildTool::memory_limit_, "memory_limit", "1GB",
                     "Memory for building, 16MB or more.")
              .param(&IndexBuildTool::compact_, "compact", false,
                     "Leave out what only makes searches faster; they find the same.")
              .param(&IndexBuildTool::threads_, "threads", 0, "0: as many as there are cores.")
              .range(0, 1024)
              .required_param(&IndexBuildTool::out_, "out", "The folder of the index.")
              .output_path(),
          {},
          "rare-engine index build --corpus data/passages.jsonl --out data/index"};
}

Result<int> IndexBuildTool::run(ToolContext& context) {
  const Result<std::uint64_t> limit = parse_byte_size(memory_limit_);
  if (!limit || *limit < kLeastBuildMemoryBytes) {
    return Status(StatusCode::invalid_argument,
                  "--memory-limit: expected 16MB or more, such as 512MB or 2GiB, got '" +
                      memory_limit_ + "'");
  }
  const auto open = [&]() -> Result<std::unique_ptr<RecordStream>> {
    auto files = corpus::FileStream::open(corpus_, format_, [&](const std::string& fault) {
      context.log(LogLevel::warning, "a record cannot be read, and is not indexed: " + fault +
                                         " (said once, may hold for others)");
    });
    if (!files) return files.status();
    return std::unique_ptr<RecordStream>(std::move(*files));
  };
  CorpusSettings settings;
  settings.field = field_;
  settings.id_field = id_field_;
  settings.analyzer = analyzer_;
  settings.parameters = {static_cast<float>(k1_), static_cast<float>(b_)};
  settings.folder = out_;
  settings.memory_limit_bytes = *limit;
  settings.threads = threads_or_cores(threads_);
  settings.compact = compact_;
  settings.scoring = scoring_ == "reference" ? Scoring::reference : Scoring::lucene;
  settings.alone = true;
  Result<std::unique_ptr<RecordStream>> records = open();
  if (!records) return records.status();
  BuildProgress progress;
  const auto index = index_of_corpus(
      std::move(*records), open, settings, [] { return false; },
      [&](LogLevel level, std::string_view message) { context.log(level, message); }, progress);
  if (!index) return index.status();
  const IndexHeader& header = (*index)->header();
  context.log(LogLevel::info, summary_of(header));
  context.out() << (settings.folder / index_name(settings, header.corpus)).string() << "\n";
  return 0;
}

ToolUsage IndexInfoTool::usage() {
  return {
      Spec("index.info")
          .summary("shows what an index holds and how it was made")
          .description("Reads the header only; `index verify` reads all of it.")
          .required_param(&IndexInfoTool::index_, "index", "The folder of an index, or its file.")
          .input_path()
          .param(&IndexInfoTool::json_, "json", false, "As JSON."),
      {"index"},
      "rare-engine index info data/index"};
}

Result<int> IndexInfoTool::run(ToolContext& context) {
  const auto opened = open_index(index_, IndexFile::Check::header);
  if (!opened) return opened.status();
  const Json json = describe_index(opened->path, *opened->file);
  if (json_) {
    context.out() << json.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
    return 0;
  }
  const auto line = [&](const std::string& name, const std::string& value) {
    context.out() << name
                  << std::string(std::max<std::size_t>(20, name.size() + 2) - name.size(), ' ')
                  << value << "\n";
  };
  for (const auto& [name, value] : json.items()) {
    if (name == "sections") continue;
    line(name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  for (const Json& section : json["sections"]) {
    line("  " + section["name"].get<std::string>(),
         section["bytes"].dump() + " bytes, checksum " + section["checksum"].get<std::string>());
  }
  return 0;
}

ToolUsage IndexVerifyTool::usage() {
  return {
      Spec("index.verify")
          .summary("reads all of an index and says what is damaged")
          .description("Exit code 0: it is whole; 1: it is not.")
          .required_param(&IndexVerifyTool::index_, "index", "The folder of an index, or its file.")
          .input_path(),
      {"index"},
      "rare-engine index verify data/index"};
}

Result<int> IndexVerifyTool::run(ToolContext& context) {
  const auto opened = open_index(index_, IndexFile::Check::header);
  if (!opened) return opened.status();
  const std::vector<std::string> faults = faults_of_index(*opened->file);
  for (const std::string& fault : faults) context.out() << fault << "\n";
  const std::string name = opened->path.string();
  if (!faults.empty()) {
    return Status(StatusCode::invalid_data, name + " is damaged; remove it, and build it again");
  }
  context.out() << name << ": whole, " << summary_of(opened->file->header()) << "\n";
  return 0;
}

}  // namespace rare::bm25
