// Builds an index file from texts, with several threads and within a memory limit.
//
//   Result<std::unique_ptr<IndexBuilder>> builder = IndexBuilder::make(folder, settings);
//   Status status = (*builder)->add(text);  // for each record, in order
//   status = std::move(**builder).finish(folder / "name.index");
//
// Each thread analyses the batches it takes into a run of its own (term_run.h); a run that has
// grown too large is spilled to disk. In the end the dictionaries of all runs are merged, terms get
// their numbers in the order of their texts, documents are renumbered, and postings are laid out
// window by window (impact_layout.h). The file's bytes depend on the texts and on settings other
// than `threads` and `memory_limit_bytes`, but on neither of these two.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "plugins/bm25/analyzer.h"
#include "plugins/bm25/index_file.h"
#include "plugins/bm25/index_format.h"
#include "plugins/bm25/index_writer.h"
#include "plugins/bm25/mapped_file.h"
#include "plugins/bm25/term_run.h"
#include "rare/status.h"

namespace rare::bm25 {

struct BuildSettings {
  std::string analyzer;  // one of analyzer_names()
  Bm25Parameters parameters;
  // Of the heap, for runs; beyond it 8 bytes a record, 16 bytes and its text a distinct term, and
  // 4 bytes more of that for each thread. Pages of files are the system's to take away.
  std::uint64_t memory_limit_bytes = std::uint64_t{1} << 30;
  int threads = 1;
  // Without what only makes searches faster (docs/formats/index.md).
  bool compact = false;
  Scoring scoring = Scoring::lucene;
  std::uint32_t window_documents = 32768;  // a power of two, 64 to kMaxWindowDocuments
  std::function<bool()> stopped = [] { return false; };  // any thread
};

// Of the texts of a corpus in their order, each with its length, and of its id where it has one.
// Records without text count.
class CorpusDigester {
 public:
  CorpusDigester();
  ~CorpusDigester();
  CorpusDigester(const CorpusDigester&) = delete;
  CorpusDigester& operator=(const CorpusDigester&) = delete;
  void add(std::string_view text, std::string_view id);
  CorpusDigest digest() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Thread-safety: one thread at a time.
class IndexBuilder {
 public:
  // Everything temporary lies in `folder`, too, without names or locked (mapped_file.h).
  static Result<std::unique_ptr<IndexBuilder>> make(const std::filesystem::path& folder,
                                                    BuildSettings settings);
  ~IndexBuilder();

  // The next record's text, empty when it has none to index, and its id, empty when it has none.
  // Waits while all threads are busy.
  // Errors: resource_exhausted (disk, or more than 2^32 - 1 records), unavailable.
  Status add(std::string_view text, std::string_view id = {});
  // Of what was added.
  CorpusDigest digest() const { return digester_.digest(); }
  // Errors: as add()'s, and cancelled when settings.stopped says so. Once, the last call.
  Status finish(const std::filesystem::path& path);

 private:
  struct Batch {
    std::uint64_t first = 0;  // ordinal
    std::vector<std::string> texts;
    std::size_t bytes = 0;
  };
  // Where the documents of a batch are.
  struct Piece {
    std::uint64_t first;
    std::uint64_t count;
    std::uint64_t position;
    std::shared_ptr<TermRun> run;
  };
  // The documents' terms: sections of the file, or of a compact one's files that are gone with it.
  struct DocumentPlaces {
    MappedRegion documents;
    MappedRegion starts;
  };
  IndexBuilder(const std::filesystem::path& folder, BuildSettings settings, IndexWriter writer);
  void work();
  bool take(Batch& batch);
  void keep(Piece piece);
  Status seal(TermRun& run, bool spill) const;
  Status hand_over();
  Status stop_threads();
  Status write_terms();
  Result<DocumentPlaces> write_documents();
  Result<MappedRegion> document_starts();
  Status write_document_bytes(std::span<const std::uint8_t> bytes);
  void fill_slots(std::span<std::uint32_t> slots, std::span<const TermRecord> terms,
                  std::span<const char> texts) const;

  const std::filesystem::path folder_;
  const BuildSettings settings_;
  const std::unique_ptr<const Analyzer> analyzer_;
  IndexWriter writer_;
  CorpusDigester digester_;
  std::optional<FileInTheMaking> scratch_documents_, scratch_starts_;  // compact only
  std::vector<std::uint64_t> text_starts_ = {0};
  std::vector<std::uint8_t> id_length_;
  Batch batch_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> waiting_;
  std::vector<Piece> pieces_;
  std::vector<std::shared_ptr<TermRun>> runs_;
  Status failure_;  // of a thread
  bool closed_ = false;
  std::vector<std::jthread> threads_;
};

// The same index for another k1, b or scoring: nothing is analysed again. REQUIRES: it is not
// compact. Errors as IndexBuilder::finish.
Status remake_index(const IndexFile& index, const BuildSettings& settings,
                    const std::filesystem::path& path);

}  // namespace rare::bm25
