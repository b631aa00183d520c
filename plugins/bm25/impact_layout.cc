#include "plugins/bm25/impact_layout.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <new>
#include <string>
#include <thread>
#include <vector>

namespace rare::bm25 {
namespace {

// Rounded up, and by so much more that no rounding of a float on the way to a score can lift it
// above its impact: a term's score errs by at most a few units in the last place of its weight,
// which has kUnitsOfGreatestWeight units at most.
double rounded_up(double score, double unit) { return std::ceil(score / unit * (1 + 1e-6) + 1e-3); }

constexpr double kGreatestRowValue = 254;

// What all windows share. Each thread writes to bytes of its own.
struct Target {
  const IndexHeader& header;
  const DocumentsView& documents;
  std::span<TermRecord> terms;
  LengthFactors length_factors;
  ReferenceScore reference_score;
  std::vector<float> weights;  // by term
  std::span<PostingBlock> blocks;
  std::span<const std::uint64_t> window_starts;
  std::span<std::uint32_t> postings;
  std::span<std::uint8_t> rows, row_maxima;
};

// Fills in one window after the other.
class WindowLayout {
 public:
  explicit WindowLayout(const Target& target)
      : target_(target),
        exact_(target.header.scoring() == Scoring::reference),
        next_posting_(target.header.terms, 0) {}

  // Postings and rows of the window.
  void fill(std::uint64_t window) {
    window_ = window;
    first_ = window * target_.header.window_documents;
    end_ =
        std::min<std::uint64_t>(first_ + target_.header.window_documents, target_.header.records);
    width_ = target_.header.window_width(window);
    rows_ = target_.rows.data() + first_ * target_.header.rows;
    count_terms();
    std::uint32_t begin = 0;
    blocks_.clear();
    for (const std::uint32_t term : terms_) {
      const std::uint32_t count = next_posting_[term];
      blocks_.push_back(
          {begin, static_cast<std::uint16_t>(window), static_cast<std::uint16_t>(count - 1)});
      next_posting_[term] = begin;
      begin += count;
    }
    max_impacts_.assign(terms_.size(), 0);
    place_postings();
    find_maxima();
  }

  // Hands the blocks over to the terms. One thread at a time, windows in order.
  void commit(std::vector<std::uint64_t>& next_block) {
    for (std::size_t i = 0; i < terms_.size(); ++i) {
      target_.blocks[next_block[terms_[i]]++] = blocks_[i];
      TermRecord& term = target_.terms[terms_[i]];
      term.max_impact = std::max(term.max_impact, max_impacts_[i]);
      next_posting_[terms_[i]] = 0;
    }
  }

 private:
  void count_terms() {
    terms_.clear();
    for (std::uint64_t ordinal = first_; ordinal < end_; ++ordinal) {
      DocumentReader reader = target_.documents.document(ordinal);
      while (reader.next()) {
        const std::uint32_t term = reader.current().term;
        if (target_.terms[term].row != kNoRow) continue;
        if (next_posting_[term]++ == 0) terms_.push_back(term);
      }
    }
    std::sort(terms_.begin(), terms_.end());
  }

  void place_postings() {
    std::uint32_t* postings = target_.postings.data() + target_.window_starts[window_];
    for (std::uint64_t ordinal = first_; ordinal < end_; ++ordinal) {
      const auto offset = static_cast<std::uint32_t>(ordinal - first_);
      const float length_factor = target_.length_factors[target_.documents.norms[ordinal]];
      const std::uint64_t length = exact_ ? length_of(ordinal) : 0;
      DocumentReader reader = target_.documents.document(ordinal);
      while (reader.next()) {
        const TermCount& at = reader.current();
        const TermRecord& term = target_.terms[at.term];
        const float weight = target_.weights[at.term];
        const double score = exact_
                                 ? weight * target_.reference_score.saturation(at.count, length)
                                 : term_score(weight, static_cast<float>(at.count), length_factor);
        if (term.row != kNoRow) {
          rows_[std::size_t{width_} * term.row + offset] =
              static_cast<std::uint8_t>(rounded_up(score, target_.header.unit * term.row_scale));
        } else {
          const auto impact = static_cast<std::uint32_t>(rounded_up(score, target_.header.unit));
          postings[next_posting_[at.term]++] = offset | impact << 16;
        }
      }
    }
    for (std::size_t i = 0; i < terms_.size(); ++i) {
      const std::uint32_t* begin = postings + blocks_[i].begin;
      for (std::uint32_t j = 0; j <= blocks_[i].last; ++j) {
        max_impacts_[i] = std::max(max_impacts_[i], static_cast<std::uint16_t>(begin[j] >> 16));
      }
    }
  }

  std::uint64_t length_of(std::uint64_t ordinal) const {
    std::uint64_t length = 0;
    DocumentReader reader = target_.documents.document(ordinal);
    while (reader.next()) length += reader.current().count;
    return length;
  }

  void find_maxima() {
    const std::size_t full = target_.header.maxima_width(0);
    const std::size_t width = target_.header.maxima_width(window_);
    std::uint8_t* maxima = target_.row_maxima.data() + window_ * full * target_.header.rows;
    for (std::size_t row = 0; row < target_.header.rows; ++row) {
      const std::uint8_t* values = rows_ + row * width_;
      for (std::size_t group = 0; group < width_ / kGroupDocuments; ++group) {
        maxima[row * width + group] = *std::max_element(values + group * kGroupDocuments,
                                                        values + (group + 1) * kGroupDocuments);
      }
    }
  }

  const Target& target_;
  const bool exact_;                         // lengths
  std::vector<std::uint32_t> next_posting_;  // by term; before that its count
  std::uint64_t window_ = 0, first_ = 0, end_ = 0;
  std::uint32_t width_ = 0;
  std::uint8_t* rows_ = nullptr;
  std::vector<std::uint32_t> terms_;  // that are no rows, of this window
  std::vector<PostingBlock> blocks_;  // of terms_
  std::vector<std::uint16_t> max_impacts_;
};

std::vector<float> weights_of(const IndexHeader& header, std::span<const TermRecord> terms) {
  std::vector<float> weights;
  weights.reserve(header.terms);
  for (const TermRecord& term : terms.first(header.terms)) {
    weights.push_back(inverse_document_frequency(term.documents, header.documents));
  }
  return weights;
}

// Windows are filled by several threads, and committed in order. False: memory did not suffice.
bool fill_windows(const Target& target, int threads, const std::function<bool()>& stopped) {
  std::vector<std::uint64_t> next_block;
  for (std::uint64_t i = 0; i < target.header.terms; ++i) {
    next_block.push_back(target.terms[i].first_block);
  }
  std::atomic<std::uint64_t> next_window{0};
  std::mutex mutex;
  std::condition_variable turn_changed;
  std::uint64_t turn = 0;
  std::atomic<bool> failed{false};
  const auto work_on_windows = [&] {
    WindowLayout layout(target);
    while (!failed && !stopped()) {
      const std::uint64_t window = next_window++;
      if (window >= target.header.windows()) return;
      layout.fill(window);
      std::unique_lock lock(mutex);
      turn_changed.wait(lock, [&] { return turn == window || failed; });
      if (failed) return;
      layout.commit(next_block);
      ++turn;
      turn_changed.notify_all();
    }
  };
  const auto work = [&] {
    try {
      work_on_windows();
    } catch (const std::bad_alloc&) {
      const std::lock_guard lock(mutex);
      failed = true;
      turn_changed.notify_all();
    }
  };
  const std::uint64_t useful =
      std::min<std::uint64_t>(static_cast<std::uint64_t>(threads), target.header.windows());
  {
    std::vector<std::jthread> workers;
    for (std::uint64_t i = 1; i < useful; ++i) workers.emplace_back(work);
    work();
  }
  return !failed;
}

// Which postings are in which window: those of rows are none.
std::vector<std::uint64_t> window_starts_of(const IndexHeader& header,
                                            const DocumentsView& documents,
                                            std::span<const TermRecord> terms) {
  std::vector<std::uint64_t> starts = {0};
  std::uint64_t count = 0;
  for (std::uint64_t ordinal = 0; ordinal < header.records; ++ordinal) {
    DocumentReader reader = documents.document(ordinal);
    while (reader.next()) count += terms[reader.current().term].row == kNoRow ? 1 : 0;
    if ((ordinal + 1) % header.window_documents == 0) starts.push_back(count);
  }
  if (starts.size() <= header.windows()) starts.push_back(count);
  return starts;
}

std::uint64_t row_maxima_bytes(const IndexHeader& header) {
  if (header.windows() == 0) return 0;
  const std::uint64_t last = header.windows() - 1;
  return (last * header.maxima_width(0) + header.maxima_width(last)) * header.rows;
}

std::uint64_t rows_bytes(const IndexHeader& header) {
  if (header.windows() == 0) return 0;
  const std::uint64_t last = header.windows() - 1;
  return (last * header.window_documents + header.window_width(last)) * header.rows;
}

}  // namespace

void choose_rows(IndexHeader& header, std::span<TermRecord> terms) {
  std::uint32_t rows = 0;
  float greatest = 0;
  for (std::uint64_t i = 0; i < header.terms; ++i) {
    TermRecord& term = terms[i];
    const bool frequent =
        !header.compact() && std::uint64_t{term.documents} * kRowShare >= header.documents;
    term.row = frequent ? rows++ : kNoRow;
    greatest = std::max(greatest, inverse_document_frequency(term.documents, header.documents));
  }
  header.rows = rows;
  header.unit = greatest / kUnitsOfGreatestWeight;
  for (std::uint64_t i = 0; i < header.terms; ++i) {
    TermRecord& term = terms[i];
    term.max_impact = 0;
    term.row_scale = 0;
    if (term.row == kNoRow) continue;
    const double weight = inverse_document_frequency(term.documents, header.documents);
    const double scale = std::max(1.0, std::ceil(weight / header.unit / kGreatestRowValue));
    term.row_scale = static_cast<std::uint16_t>(scale);
    term.max_impact = static_cast<std::uint16_t>(scale * rounded_up(weight, header.unit * scale));
  }
}

Status write_impacts(IndexWriter& writer, const DocumentsView& documents,
                     std::span<TermRecord> terms, int threads,
                     const std::function<bool()>& stopped) {
  const IndexHeader& header = writer.header();
  const std::vector<std::uint64_t> window_starts = window_starts_of(header, documents, terms);
  for (std::size_t i = 1; i < window_starts.size(); ++i) {
    if (window_starts[i] - window_starts[i - 1] > std::numeric_limits<std::uint32_t>::max()) {
      return Status(StatusCode::resource_exhausted,
                    std::to_string(header.window_documents) +
                        " neighbouring records have 2^32 or more different terms, added up; "
                        "cut long texts into shorter ones");
    }
  }
  Status status = writer.write(Section::window_starts, std::as_bytes(std::span(window_starts)));
  if (!status.ok()) return status;
  Result<MappedRegion> blocks =
      writer.reserve(Section::blocks, terms[header.terms].first_block * sizeof(PostingBlock));
  if (!blocks) return blocks.status();
  Result<MappedRegion> postings =
      writer.reserve(Section::postings, window_starts.back() * sizeof(std::uint32_t));
  if (!postings) return postings.status();
  Result<MappedRegion> rows = writer.reserve(Section::rows, rows_bytes(header));
  if (!rows) return rows.status();
  Result<MappedRegion> row_maxima = writer.reserve(Section::row_maxima, row_maxima_bytes(header));
  if (!row_maxima) return row_maxima.status();
  const Target target{header,
                      documents,
                      terms,
                      LengthFactors(header.parameters, header.documents, header.total_terms),
                      ReferenceScore(header.parameters, header.documents, header.total_terms),
                      weights_of(header, terms),
                      blocks->as<PostingBlock>(),
                      window_starts,
                      postings->as<std::uint32_t>(),
                      rows->as<std::uint8_t>(),
                      row_maxima->as<std::uint8_t>()};
  if (!fill_windows(target, threads, stopped)) {
    return Status(StatusCode::resource_exhausted, "there is not enough memory to lay out a window");
  }
  return stopped() ? Status::cancelled() : Status();
}

}  // namespace rare::bm25
