// Merging the runs of a build: their dictionaries, and their documents under the merged numbers.
// Thread-safety: one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "plugins/bm25/index_format.h"
#include "plugins/bm25/term_run.h"
#include "rare/status.h"

namespace rare::bm25 {

// Takes each distinct term, in the order of its text as bytes, with the number of documents.
using TermSink = std::function<Status(std::string_view text, std::uint32_t documents)>;

// Numbers the terms of all runs in that order, from 0, and fills in their global_numbers().
// REQUIRES: sealed runs. Errors: the sink's, and more than 2^32 - 2 terms (resource_exhausted).
Status merge_dictionaries(std::span<const std::shared_ptr<TermRun>> runs, const TermSink& sink);

// The document's terms under their merged numbers, sorted.
void read_renumbered(const RunDocument& document, std::span<const std::uint32_t> global_numbers,
                     std::vector<TermCount>& counts);

// Counts in how many windows each term is, in TermRecord::first_block.
class BlockCounter {
 public:
  BlockCounter(std::span<TermRecord> terms, std::uint32_t window_documents)
      : terms_(terms), window_documents_(window_documents), windows_seen_(terms.size(), 0) {}
  // REQUIRES: ordinals grow.
  void count(std::uint64_t ordinal, std::span<const TermCount> terms);
  // Turns counts into first_block. REQUIRES: rows are chosen; they have no blocks.
  void set_first_blocks();

 private:
  std::span<TermRecord> terms_;
  std::uint32_t window_documents_;
  std::vector<std::uint32_t> windows_seen_;  // by term: the last window it was in, plus 1
};

}  // namespace rare::bm25
