#include "plugins/bm25/corpus_index.h"

#include <array>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/bm25/analyzer.h"
#include "plugins/bm25/han_share.h"
#include "plugins/bm25/index_builder.h"
#include "plugins/bm25/shortest_float.h"

namespace rare::bm25 {
namespace {

// The share of Han characters from which `english` is likely the wrong analyzer.
constexpr double kMuchHan = 0.2;

std::string ending_of_names() { return "-v" + std::to_string(kIndexVersion) + ".index"; }

std::string start_of_names(const CorpusSettings& settings, const CorpusDigest& corpus) {
  std::array<char, 40> digest;
  std::snprintf(digest.data(), digest.size(), "-%016llx%016llx-",
                static_cast<unsigned long long>(corpus.high),
                static_cast<unsigned long long>(corpus.low));
  return analyzer_key(settings.analyzer) + digest.data();
}

// Index files in the folder whose names begin so.
std::vector<std::filesystem::path> indexes_in(const std::filesystem::path& folder,
                                              std::string_view start) {
  std::vector<std::filesystem::path> found;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(start) && name.ends_with(ending_of_names())) found.push_back(entry.path());
  }
  return found;
}

// One build of an index, whichever way.
class CorpusIndexing {
 public:
  CorpusIndexing(const CorpusSettings& settings, const std::function<bool()>& stopped,
                 const Log& log, BuildProgress& progress)
      : settings_(settings), stopped_(stopped), log_(log), progress_(progress) {}

  Result<CorpusDigest> digest_of(RecordStream& records) {
    progress_.comparing = true;
    CorpusDigester digester;
    const Status status = read_texts(records, fields(), stopped_, progress_,
                                     [&](std::string_view text, std::string_view id) {
                                       digester.add(text, id);
                                       han_.add(text);
                                       return Status();
                                     });
    progress_.comparing = false;
    if (!status.ok()) return status;
    warn_of_han();
    return digester.digest();
  }

  // The corpus's index if it lies ready, whole or but for k1 and b; else null.
  Result<std::unique_ptr<const IndexFile>> find(const CorpusDigest& corpus) {
    const auto path = settings_.folder / index_name(settings_, corpus);
    if (auto index = open(path)) return index;
    if (settings_.alone && !std::filesystem::exists(path)) {
      return Status(StatusCode::already_exists,
                    settings_.folder.string() +
                        " has an index of another corpus, or with other settings; name another "
                        "folder, or remove what is there");
    }
    for (const auto& other : indexes_in(settings_.folder, start_of_names(settings_, corpus))) {
      const auto index = other == path || settings_.compact ? nullptr : open(other);
      if (!index || index->header().compact()) continue;
      log_(LogLevel::info,
           "the index " + other.string() + " is remade for another k1, b or scoring");
      const Status status = remake_index(*index, build_settings(), path);
      if (!status.ok()) return status;
      return IndexFile::open(path, IndexFile::Check::header);
    }
    return std::unique_ptr<const IndexFile>();
  }

  Result<std::unique_ptr<const IndexFile>> build(RecordStream& records) {
    Result<std::unique_ptr<IndexBuilder>> builder =
        IndexBuilder::make(settings_.folder, build_settings());
    if (!builder) return builder.status();
    Status status = read_texts(records, fields(), stopped_, progress_,
                               [&](std::string_view text, std::string_view id) {
                                 han_.add(text);
                                 return (*builder)->add(text, id);
                               });
    if (status.ok()) warn_of_han();
    const auto path = settings_.folder / index_name(settings_, (*builder)->digest());
    if (status.ok()) status = (*builder)->finish(path);
    if (!status.ok()) return status;
    return IndexFile::open(path, IndexFile::Check::header);
  }

 private:
  // Said once, even where the corpus is read twice.
  void warn_of_han() {
    if (settings_.analyzer != "english" || han_warned_ || han_.share() <= kMuchHan) return;
    han_warned_ = true;
    log_(
        LogLevel::warning,
        std::to_string(static_cast<int>(han_.share() * 100)) +
            "% of the corpus is Han characters (Chinese, Japanese): under `analyzer: english` each "
            "is a term of its own, and a search finds texts with the same characters rather than "
            "the same words; `analyzer: cjk` makes terms of pairs of characters");
  }

  corpus::CorpusFields fields() const { return {settings_.field, settings_.id_field}; }

  BuildSettings build_settings() const {
    BuildSettings build;
    build.analyzer = settings_.analyzer;
    build.parameters = settings_.parameters;
    build.memory_limit_bytes = settings_.memory_limit_bytes;
    build.threads = settings_.threads;
    build.compact = settings_.compact;
    build.scoring = settings_.scoring;
    build.stopped = stopped_;
    return build;
  }

  // Null when it is not there or not whole.
  std::unique_ptr<const IndexFile> open(const std::filesystem::path& path) {
    Result<std::unique_ptr<const IndexFile>> index = IndexFile::open(path, IndexFile::Check::all);
    if (index) return std::move(*index);
    if (index.status().code() != StatusCode::not_found) {
      log_(LogLevel::warning, index.status().message());
    }
    return nullptr;
  }

  const CorpusSettings& settings_;
  const std::function<bool()>& stopped_;
  const Log& log_;
  BuildProgress& progress_;
  HanShare han_;
  bool han_warned_ = false;
};

Result<std::filesystem::path> find_index(const std::filesystem::path& path) {
  std::error_code none;
  if (!std::filesystem::is_directory(path, none)) {
    if (std::filesystem::exists(path, none)) return path;
    return Status(StatusCode::not_found,
                  path.string() +
                      ": expected an index, a file or the folder that has it, found "
                      "nothing; `rare-engine index build` makes one");
  }
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(path, none)) {
    if (entry.path().extension() == ".index") found.push_back(entry.path());
  }
  if (found.size() == 1) return found.front();
  const std::string expected = path.string() + ": expected a folder with one index, found ";
  if (found.empty()) {
    return Status(StatusCode::not_found, expected + "none; `rare-engine index build --out " +
                                             path.string() + "` makes it");
  }
  return Status(StatusCode::invalid_argument,
                expected + std::to_string(found.size()) + "; name one of its files");
}

}  // namespace

std::string index_name(const CorpusSettings& settings, const CorpusDigest& corpus) {
  return start_of_names(settings, corpus) + shortest_digits(settings.parameters.k1) + "-" +
         shortest_digits(settings.parameters.b) +
         (settings.scoring == Scoring::reference ? "-reference" : "") +
         (settings.compact ? "-compact" : "") + ending_of_names();
}

Result<OpenedIndex> open_index(const std::filesystem::path& path, IndexFile::Check check) {
  Result<std::filesystem::path> found = find_index(path);
  if (!found) return found.status();
  auto file = IndexFile::open(*found, check);
  if (!file) return file.status();
  return OpenedIndex{std::move(*found), std::move(*file)};
}

Status check_analyzer(const OpenedIndex& index) {
  const std::string analyzer(index.file->analyzer());
  if (make_analyzer(analyzer) != nullptr) return Status();
  return Status(StatusCode::invalid_argument,
                index.path.string() + ": its analyzer `" + analyzer +
                    "` is not known here; use the rare-engine, the ICU and the libstemmer "
                    "that made it");
}

Result<std::unique_ptr<const IndexFile>> index_of_corpus(std::unique_ptr<RecordStream> records,
                                                         const OpenStream& open_again,
                                                         const CorpusSettings& settings,
                                                         const std::function<bool()>& stopped,
                                                         const Log& log, BuildProgress& progress) {
  CorpusIndexing indexing(settings, stopped, log, progress);
  if (indexes_in(settings.folder, settings.alone ? "" : analyzer_key(settings.analyzer) + "-")
          .empty()) {
    return indexing.build(*records);
  }
  const Result<CorpusDigest> corpus = indexing.digest_of(*records);
  if (!corpus) return corpus.status();
  Result<std::unique_ptr<const IndexFile>> found = indexing.find(*corpus);
  if (!found || *found != nullptr) return found;
  records.reset();
  Result<std::unique_ptr<RecordStream>> again = open_again();
  if (!again) return again.status();
  return indexing.build(**again);
}

}  // namespace rare::bm25
