// The part of an index that depends on k1, b and the scoring: postings with what each adds to a
// score, laid out window by window. Made from the documents' terms, so that another one needs no
// analysis.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "plugins/bm25/document_terms.h"
#include "plugins/bm25/index_format.h"
#include "plugins/bm25/index_writer.h"
#include "rare/status.h"

namespace rare::bm25 {

// The documents of an index, whatever becomes of them.
struct DocumentsView {
  std::span<const std::uint8_t> norms;      // by ordinal
  std::span<const std::uint8_t> documents;  // document_terms.h
  std::span<const std::uint64_t> starts;    // by ordinal, one more at the end

  DocumentReader document(std::uint64_t ordinal) const {
    return DocumentReader(
        documents.subspan(starts[ordinal], starts[ordinal + 1] - starts[ordinal]));
  }
};

// Decides which terms are rows and sets `header.rows` and TermRecord::row, and `header.unit`.
// REQUIRES: header.documents and the terms' `documents` are set.
void choose_rows(IndexHeader& header, std::span<TermRecord> terms);

// Writes the sections blocks, window_starts, postings, rows and row_maxima, and sets the terms'
// max_impact and row_scale. REQUIRES: choose_rows() was called; first_block is set; the header's
// counts, window and parameters are set. Takes 12 bytes of memory a term, and 4 more for each
// thread. Errors as the writer's, and cancelled when `stopped` says so (any thread).
Status write_impacts(IndexWriter& writer, const DocumentsView& documents,
                     std::span<TermRecord> terms, int threads,
                     const std::function<bool()>& stopped);

}  // namespace rare::bm25
