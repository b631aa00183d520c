// From a stream of records to an index over them: the one that lies ready in a folder when the
// texts and settings are the same, or else a new one.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "plugins/bm25/index_file.h"
#include "plugins/bm25/lucene_score.h"
#include "plugins/corpus/corpus_texts.h"
#include "rare/context.h"
#include "rare/status.h"

namespace rare::bm25 {

// What building takes whatever the limit.
inline constexpr std::uint64_t kLeastBuildMemoryBytes = 16'000'000;

struct CorpusSettings {
  std::string field;
  std::string id_field;  // text or an integer; empty: records have no ids
  std::string analyzer;  // one of analyzer_names()
  Bm25Parameters parameters;
  std::filesystem::path folder;  // of index files; made when it is missing
  std::uint64_t memory_limit_bytes = 0;
  int threads = 1;
  bool compact = false;  // BuildSettings::compact
  Scoring scoring = Scoring::lucene;
  // The folder is for one index: where it has another one, building fails as already_exists.
  bool alone = false;
};

// Where it is. Read from any thread.
struct BuildProgress : corpus::ReadProgress {
  std::atomic<bool> comparing{false};  // with indexes that lie ready; nothing is built yet
};

// What an index is called: equal for equal texts, ids and settings only.
std::string index_name(const CorpusSettings& settings, const CorpusDigest& corpus);

struct OpenedIndex {
  std::filesystem::path path;  // of the file
  std::unique_ptr<const IndexFile> file;
};

// The one index of a folder, or the file that `path` itself is. Errors: not_found (it is neither,
// or has none), invalid_argument (it has several), and those of IndexFile::open().
Result<OpenedIndex> open_index(const std::filesystem::path& path, IndexFile::Check check);

// Whether queries can be analyzed as the index's texts were; invalid_argument when not.
Status check_analyzer(const OpenedIndex& index);

// Gives a new stream over the corpus.
using OpenStream = std::function<Result<std::unique_ptr<RecordStream>>()>;
using Log = std::function<void(LogLevel, std::string_view)>;

// A record's ordinal is its place in the stream; one whose field is missing, not text or empty
// takes an ordinal and is not indexed. `records` is read to its end; where the folder has indexes
// of this analyzer, that is to see whether one of them is the corpus's, and when none is, the
// corpus is opened and read again. An index with another k1, b or
// scoring is remade without analysis. A damaged one is built anew, with a warning. Fails when a
// stream does, when there are records and none has text in the field, when the file cannot be
// written (FileInTheMaking), and as cancelled when `stopped` (any thread) says so.
Result<std::unique_ptr<const IndexFile>> index_of_corpus(std::unique_ptr<RecordStream> records,
                                                         const OpenStream& open_again,
                                                         const CorpusSettings& settings,
                                                         const std::function<bool()>& stopped,
                                                         const Log& log, BuildProgress& progress);

}  // namespace rare::bm25
