// The layout of an index file, as docs/formats/index.md specifies it. Numbers are little-endian;
// sections begin at multiples of 64 bytes.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "plugins/bm25/lucene_score.h"
#include "plugins/bm25/reference_score.h"

namespace rare::bm25 {

static_assert(std::endian::native == std::endian::little, "an index file is mapped as it is");

constexpr std::array<char, 8> kIndexMagic = {'R', 'A', 'R', 'E', 'B', 'M', '2', '5'};
constexpr std::uint32_t kIndexVersion = 2;
constexpr std::size_t kSectionAlignment = 64;

// Documents are looked at in groups of so many.
constexpr std::uint32_t kGroupDocuments = 64;
// A window's offsets fit into 16 bits.
constexpr std::uint32_t kMaxWindowDocuments = 65536;
// A window's number fits into 16 bits.
constexpr std::uint64_t kMaxWindows = 65536;
// The greatest inverse document frequency in units of an impact.
constexpr double kUnitsOfGreatestWeight = 2047;
// A term is a row where it is in at least one of so many documents.
constexpr std::uint64_t kRowShare = 16;
constexpr std::uint32_t kNoRow = 0xFFFFFFFF;

enum class Section : std::size_t {
  texts,            // by ordinal: varint length of its id, id, text
  text_starts,      // uint64, by ordinal, one more at the end
  norms,            // uint8, by ordinal; 0: no terms
  documents,        // their terms and counts (document_terms.h)
  document_starts,  // uint64, by ordinal, one more at the end
  term_texts,       // sorted as bytes, one after the other
  term_slots,       // uint32: hash table from a term's text to its number + 1
  terms,            // TermRecord, by number, one more at the end
  blocks,           // PostingBlock, by term, then by window
  window_starts,    // uint64: the first posting of each window, one more at the end
  postings,         // uint32: offset in the window, impact << 16; by window, term, offset
  rows,             // uint8, by window, row, offset
  row_maxima,       // uint8, by window, row, group
};
constexpr std::size_t kSectionCount = 13;
// As docs/formats/index.md calls them.
constexpr std::array<const char*, kSectionCount> kSectionNames = {
    "texts",      "text_starts", "norms",     "documents", "document_starts",
    "term_texts", "term_slots",  "terms",     "blocks",    "window_starts",
    "postings",   "rows",        "row_maxima"};

struct SectionPlace {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t checksum = 0;  // XXH3, 64 bits
};

struct CorpusDigest {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool operator==(const CorpusDigest&) const = default;
};

// Bits of IndexHeader::flags. Compact: no rows, and no sections documents and document_starts.
constexpr std::uint32_t kCompact = 1;
// Impacts are of Scoring::reference.
constexpr std::uint32_t kReferenceScoring = 2;
constexpr std::uint32_t kAllFlags = kCompact | kReferenceScoring;

struct IndexHeader {
  std::array<char, 8> magic = kIndexMagic;
  std::uint32_t version = kIndexVersion;
  std::uint32_t header_bytes = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t records = 0;    // ordinals
  std::uint64_t documents = 0;  // records with at least one term
  std::uint64_t total_terms = 0;
  std::uint64_t terms = 0;  // distinct
  std::uint64_t postings = 0;
  std::uint32_t window_documents = 0;
  std::uint32_t rows = 0;
  std::uint32_t flags = 0;
  std::uint32_t reserved = 0;
  Bm25Parameters parameters;
  double unit = 0;                  // score of one unit of an impact
  std::array<char, 32> analyzer{};  // padded with zeros
  CorpusDigest corpus;              // of the records' texts and ids
  std::array<SectionPlace, kSectionCount> sections;
  std::uint64_t checksum = 0;  // XXH3 of all before it

  bool compact() const { return (flags & kCompact) != 0; }
  Scoring scoring() const {
    return (flags & kReferenceScoring) != 0 ? Scoring::reference : Scoring::lucene;
  }
  std::uint64_t windows() const {
    return window_documents == 0 ? 0 : (records + window_documents - 1) / window_documents;
  }
  // Documents of a window, rounded up to whole groups: the length of its rows.
  std::uint32_t window_width(std::uint64_t window) const {
    const std::uint64_t left = records - window * window_documents;
    const auto documents_here =
        static_cast<std::uint32_t>(left < window_documents ? left : window_documents);
    return (documents_here + kGroupDocuments - 1) / kGroupDocuments * kGroupDocuments;
  }
  // The length of a row of group maxima: the window's groups, rounded up to a multiple of 64.
  std::uint32_t maxima_width(std::uint64_t window) const {
    const std::uint32_t groups = window_width(window) / kGroupDocuments;
    return (groups + kGroupDocuments - 1) / kGroupDocuments * kGroupDocuments;
  }
};

struct TermRecord {
  std::uint64_t text_begin = 0;   // in `term_texts`; ends where the next one begins
  std::uint64_t first_block = 0;  // likewise in `blocks`
  std::uint32_t documents = 0;    // that have the term
  std::uint32_t row = kNoRow;
  std::uint16_t max_impact = 0;
  std::uint16_t row_scale = 0;  // units in one step of the row's bytes
  std::uint32_t reserved = 0;
};

// The postings of one term in one window.
struct PostingBlock {
  std::uint32_t begin = 0;  // from the window's first posting
  std::uint16_t window = 0;
  std::uint16_t last = 0;  // number of postings - 1
};

static_assert(sizeof(IndexHeader) == 464 && std::is_trivially_copyable_v<IndexHeader>);
static_assert(sizeof(TermRecord) == 32 && sizeof(PostingBlock) == 8);

// The checksum of a section, or of a header's bytes before its own.
std::uint64_t checksum_of(std::span<const std::byte> bytes);
std::uint64_t header_checksum(const IndexHeader& header);
std::uint64_t term_hash(const char* text, std::size_t bytes);

}  // namespace rare::bm25
