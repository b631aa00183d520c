#include "plugins/bm25/dictionary_merge.h"

#include <algorithm>
#include <limits>
#include <queue>
#include <utility>

namespace rare::bm25 {
namespace {

// Where the merge is in a run.
struct MergeCursor {
  std::string_view text;
  std::size_t run;
  std::size_t rank;
};

struct ComesLater {
  bool operator()(const MergeCursor& left, const MergeCursor& right) const {
    return left.text != right.text ? left.text > right.text : left.run > right.run;
  }
};

}  // namespace

Status merge_dictionaries(std::span<const std::shared_ptr<TermRun>> runs, const TermSink& sink) {
  std::priority_queue<MergeCursor, std::vector<MergeCursor>, ComesLater> heads;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    if (runs[run]->terms() > 0) heads.push({runs[run]->term_text(0), run, 0});
  }
  for (std::uint32_t term = 0; !heads.empty(); ++term) {
    if (term == std::numeric_limits<std::uint32_t>::max() - 1) {
      return Status(StatusCode::resource_exhausted, "the corpus has more than 2^32 - 2 terms");
    }
    const std::string_view text = heads.top().text;
    std::uint32_t documents = 0;
    while (!heads.empty() && heads.top().text == text) {
      const MergeCursor head = heads.top();
      heads.pop();
      const TermRun& run = *runs[head.run];
      documents += run.term_documents(head.rank);
      run.global_numbers()[run.number(head.rank)] = term;
      if (head.rank + 1 < run.terms()) {
        heads.push({run.term_text(head.rank + 1), head.run, head.rank + 1});
      }
    }
    if (Status status = sink(text, documents); !status.ok()) return status;
  }
  return Status();
}

void read_renumbered(const RunDocument& document, std::span<const std::uint32_t> global_numbers,
                     std::vector<TermCount>& counts) {
  counts.clear();
  DocumentReader reader(document.terms);
  while (reader.next()) {
    counts.push_back({global_numbers[reader.current().term], reader.current().count});
  }
  std::sort(counts.begin(), counts.end(),
            [](const TermCount& left, const TermCount& right) { return left.term < right.term; });
}

void BlockCounter::count(std::uint64_t ordinal, std::span<const TermCount> terms) {
  const auto window = static_cast<std::uint32_t>(ordinal / window_documents_ + 1);
  for (const TermCount& term : terms) {
    if (windows_seen_[term.term] == window) continue;
    windows_seen_[term.term] = window;
    ++terms_[term.term].first_block;
  }
}

void BlockCounter::set_first_blocks() {
  std::uint64_t first = 0;
  for (TermRecord& term : terms_) {
    const std::uint64_t blocks = term.row == kNoRow ? term.first_block : 0;
    term.first_block = first;
    first += blocks;
  }
}

}  // namespace rare::bm25
