// An index file, mapped. Format: docs/formats/index.md.
// Thread-safety: immutable; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "plugins/bm25/document_terms.h"
#include "plugins/bm25/index_format.h"
#include "plugins/bm25/mapped_file.h"
#include "rare/status.h"

namespace rare::bm25 {

class IndexFile {
 public:
  enum class Check {
    header,  // the header and where sections lie
    all,     // and every byte, which reads the whole file
  };
  // Errors name the file: it cannot be read (not_found, permission_denied, unavailable), or it is
  // no index, of a newer version, cut short or damaged (invalid_data).
  static Result<std::unique_ptr<const IndexFile>> open(const std::filesystem::path& path,
                                                       Check check);

  const IndexHeader& header() const { return *header_; }
  std::string_view analyzer() const;
  std::uint64_t file_bytes() const { return file_.bytes().size(); }

  // REQUIRES, of all below: ordinal < records, term < terms, window < windows, row < rows.
  std::string_view text(std::uint64_t ordinal) const;  // empty where nothing is indexed
  // What the corpus calls the record; empty where it has no name for it.
  std::string_view id(std::uint64_t ordinal) const;
  // Both, which stand together.
  std::pair<std::string_view, std::string_view> id_and_text(std::uint64_t ordinal) const;
  std::uint8_t norm(std::uint64_t ordinal) const { return norms_[ordinal]; }
  // REQUIRES: the index is not compact.
  DocumentReader document(std::uint64_t ordinal) const {
    const std::uint64_t begin = document_starts_[ordinal];
    return DocumentReader(documents_.subspan(begin, document_starts_[ordinal + 1] - begin));
  }
  // A hint that document() and norm() will be asked for it soon.
  void fetch_document(std::uint64_t ordinal) const {
    __builtin_prefetch(&norms_[ordinal]);
    if (header_->compact()) return;
    const std::uint8_t* begin = documents_.data() + document_starts_[ordinal];
    __builtin_prefetch(begin);
    __builtin_prefetch(begin + 64);
  }

  std::optional<std::uint32_t> term_number(std::string_view text) const;
  std::string_view term_text(std::uint32_t term) const;
  const TermRecord& term(std::uint32_t term) const { return terms_[term]; }
  std::span<const PostingBlock> blocks(std::uint32_t term) const {
    const std::uint64_t begin = terms_[term].first_block;
    return blocks_.subspan(begin, terms_[term + 1].first_block - begin);
  }

  // A window's postings; a PostingBlock says which are a term's.
  const std::uint32_t* postings(std::uint64_t window) const {
    return postings_.data() + window_starts_[window];
  }
  const std::uint8_t* row(std::uint64_t window, std::uint32_t row) const {
    return rows_.data() + window * header_->window_documents * header_->rows +
           std::size_t{header_->window_width(window)} * row;
  }
  const std::uint8_t* row_maxima(std::uint64_t window, std::uint32_t row) const;

  std::span<const std::byte> section(Section section) const;

 private:
  IndexFile() = default;
  Status check_header(const std::string& name) const;
  Status check_sections(const std::string& name, Check check) const;
  std::uint64_t expected_bytes(Section section) const;
  template <class T>
  std::span<const T> array(Section of) const {
    const std::span<const std::byte> bytes = section(of);
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }

  MappedRegion file_;
  const IndexHeader* header_ = nullptr;
  std::span<const char> texts_, term_texts_;
  std::span<const std::uint64_t> text_starts_, document_starts_, window_starts_;
  std::span<const std::uint8_t> norms_, documents_, rows_, row_maxima_;
  std::span<const std::uint32_t> term_slots_, postings_;
  std::span<const TermRecord> terms_;
  std::span<const PostingBlock> blocks_;
};

}  // namespace rare::bm25
