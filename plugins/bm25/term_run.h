// Documents that one thread of a build has analysed: their terms under numbers of the run's own,
// and the run's dictionary. Runs are merged in the end (index_builder.h); one that has grown too
// large for the memory limit goes to disk before.
// Thread-safety: one thread at a time; a sealed run is immutable but for global_numbers().
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/bm25/document_terms.h"
#include "plugins/bm25/mapped_file.h"
#include "rare/status.h"

namespace rare::bm25 {

// A document as a run holds it.
struct RunDocument {
  std::uint32_t length = 0;  // terms, repetitions included
  std::span<const std::uint8_t> terms;
};

class TermRun {
 public:
  // The next document. Returns where it begins, for read().
  std::uint64_t add(const std::vector<std::string>& terms);
  std::size_t memory_bytes() const;
  std::uint64_t total_terms() const { return total_terms_; }

  // Sorts the dictionary; nothing is added after that. With a folder, all of it then lies in a
  // file there.
  Status seal(const std::optional<std::filesystem::path>& folder);

  // Of a sealed run, by rank in the sorted dictionary.
  std::size_t terms() const { return numbers_.size(); }
  std::string_view term_text(std::size_t rank) const {
    return {texts_.data() + text_starts_[rank],
            static_cast<std::size_t>(text_starts_[rank + 1] - text_starts_[rank])};
  }
  std::uint32_t term_documents(std::size_t rank) const { return term_documents_[rank]; }
  std::uint32_t number(std::size_t rank) const { return numbers_[rank]; }
  // By number: what the merge calls the term. To be filled in by it.
  std::span<std::uint32_t> global_numbers() const { return global_numbers_; }

  // The document that begins at `position`, which is moved behind it.
  RunDocument read(std::uint64_t& position) const;

 private:
  // By number, while documents are added; by rank, once sealed.
  struct Dictionary {
    std::string texts;
    std::vector<std::uint64_t> text_starts = {0};
    std::vector<std::uint32_t> documents;
    std::vector<std::uint32_t> numbers;         // once sealed
    std::vector<std::uint32_t> global_numbers;  // once sealed
  };
  std::uint32_t number_of(std::string_view term);
  void grow_slots();
  Dictionary sorted() const;
  Status spill(const std::filesystem::path& folder);
  void point_at_memory();

  Dictionary dictionary_;
  std::vector<std::uint64_t> hashes_;  // by number
  std::vector<std::uint32_t> slots_;   // number + 1; a power of two of them
  std::vector<std::uint8_t> bytes_;    // documents: length, size of what follows, terms
  std::vector<std::uint32_t> numbers_of_document_;
  std::vector<TermCount> counts_;
  std::vector<std::uint8_t> encoded_;
  std::uint64_t total_terms_ = 0;

  // Of a sealed run: into the members above, or into the file.
  std::vector<MappedRegion> spilled_;
  std::span<const char> texts_;
  std::span<const std::uint64_t> text_starts_;
  std::span<const std::uint32_t> term_documents_, numbers_;
  std::span<std::uint32_t> global_numbers_;
  std::span<const std::uint8_t> documents_;
};

}  // namespace rare::bm25
