#include "plugins/bm25/index_file.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

namespace rare::bm25 {
namespace {

constexpr std::uint64_t kAnySize = std::numeric_limits<std::uint64_t>::max();

Status damaged(const std::string& name, const std::string& what) {
  return Status(StatusCode::invalid_data,
                "index file " + name + ": " + what + "; remove it, and build it again");
}

}  // namespace

Result<std::unique_ptr<const IndexFile>> IndexFile::open(const std::filesystem::path& path,
                                                         Check check) {
  Result<MappedRegion> mapped = map_for_reading(path);
  if (!mapped) return mapped.status();
  std::unique_ptr<IndexFile> index(new IndexFile());
  index->file_ = std::move(*mapped);
  index->header_ = reinterpret_cast<const IndexHeader*>(index->file_.bytes().data());
  Status status = index->check_header(path.string());
  if (status.ok()) status = index->check_sections(path.string(), check);
  if (!status.ok()) return status;
  index->texts_ = index->array<char>(Section::texts);
  index->text_starts_ = index->array<std::uint64_t>(Section::text_starts);
  index->norms_ = index->array<std::uint8_t>(Section::norms);
  index->documents_ = index->array<std::uint8_t>(Section::documents);
  index->document_starts_ = index->array<std::uint64_t>(Section::document_starts);
  index->term_texts_ = index->array<char>(Section::term_texts);
  index->term_slots_ = index->array<std::uint32_t>(Section::term_slots);
  index->terms_ = index->array<TermRecord>(Section::terms);
  index->blocks_ = index->array<PostingBlock>(Section::blocks);
  index->window_starts_ = index->array<std::uint64_t>(Section::window_starts);
  index->postings_ = index->array<std::uint32_t>(Section::postings);
  index->rows_ = index->array<std::uint8_t>(Section::rows);
  index->row_maxima_ = index->array<std::uint8_t>(Section::row_maxima);
  return std::unique_ptr<const IndexFile>(std::move(index));
}

Status IndexFile::check_header(const std::string& name) const {
  const std::uint64_t bytes = file_.bytes().size();
  if (bytes < kIndexMagic.size() || header_->magic != kIndexMagic) {
    return damaged(name, "expected an index, found a file that does not begin as one");
  }
  if (bytes < sizeof(IndexHeader)) {
    return damaged(name, "it is cut short: expected a header of " +
                             std::to_string(sizeof(IndexHeader)) + " bytes, found " +
                             std::to_string(bytes));
  }
  if (header_->version > kIndexVersion) {
    return Status(StatusCode::invalid_data,
                  "index file " + name + ": it is of format " + std::to_string(header_->version) +
                      ", this program knows formats up to " + std::to_string(kIndexVersion) +
                      "; use a newer rare-engine, or another folder");
  }
  if (header_->version < kIndexVersion) {
    return damaged(name, "it is of format " + std::to_string(header_->version) +
                             ", this program reads format " + std::to_string(kIndexVersion));
  }
  if (header_->header_bytes != sizeof(IndexHeader) ||
      header_->checksum != header_checksum(*header_)) {
    return damaged(name, "its header is damaged (checksum)");
  }
  const std::uint32_t window = header_->window_documents;
  if (header_->records > std::numeric_limits<std::uint32_t>::max() ||
      header_->terms >= std::numeric_limits<std::uint32_t>::max() || window < kGroupDocuments ||
      window > kMaxWindowDocuments || !std::has_single_bit(window) ||
      header_->windows() > kMaxWindows || (header_->compact() && header_->rows > 0) ||
      (header_->flags & ~kAllFlags) != 0) {
    return damaged(name, "its header holds what cannot be");
  }
  if (header_->file_bytes != bytes) {
    return damaged(name, "it is cut short or grew: expected " +
                             std::to_string(header_->file_bytes) + " bytes, found " +
                             std::to_string(bytes));
  }
  return Status();
}

std::uint64_t IndexFile::expected_bytes(Section section) const {
  const IndexHeader& h = *header_;
  switch (section) {
    case Section::text_starts:
      return (h.records + 1) * sizeof(std::uint64_t);
    case Section::document_starts:
      return h.compact() ? 0 : (h.records + 1) * sizeof(std::uint64_t);
    case Section::norms:
      return h.records;
    case Section::terms:
      return (h.terms + 1) * sizeof(TermRecord);
    case Section::window_starts:
      return (h.windows() + 1) * sizeof(std::uint64_t);
    default:
      return kAnySize;
  }
}

Status IndexFile::check_sections(const std::string& name, Check check) const {
  for (std::size_t i = 0; i < kSectionCount; ++i) {
    const SectionPlace& place = header_->sections[i];
    const std::uint64_t expected = expected_bytes(static_cast<Section>(i));
    if (place.offset % kSectionAlignment != 0 || place.offset > header_->file_bytes ||
        place.bytes > header_->file_bytes - place.offset ||
        (expected != kAnySize && place.bytes != expected)) {
      return damaged(name,
                     std::string("section ") + kSectionNames[i] + " does not lie within the file");
    }
  }
  for (std::size_t i = 0; check == Check::all && i < kSectionCount; ++i) {
    if (checksum_of(section(static_cast<Section>(i))) != header_->sections[i].checksum) {
      return damaged(name, std::string("section ") + kSectionNames[i] + " is damaged (checksum)");
    }
  }
  return Status();
}

std::span<const std::byte> IndexFile::section(Section section) const {
  const SectionPlace& place = header_->sections[static_cast<std::size_t>(section)];
  return file_.bytes().subspan(place.offset, place.bytes);
}

std::string_view IndexFile::analyzer() const {
  const auto end = std::find(header_->analyzer.begin(), header_->analyzer.end(), '\0');
  return {header_->analyzer.data(), static_cast<std::size_t>(end - header_->analyzer.begin())};
}

std::pair<std::string_view, std::string_view> IndexFile::id_and_text(std::uint64_t ordinal) const {
  const std::uint64_t begin = text_starts_[ordinal];
  const std::uint64_t end = text_starts_[ordinal + 1];
  const auto* at = reinterpret_cast<const std::uint8_t*>(texts_.data() + begin);
  const std::uint64_t id_bytes = read_varint(at);
  const std::string_view both(reinterpret_cast<const char*>(at),
                              end - (reinterpret_cast<const char*>(at) - texts_.data()));
  return {both.substr(0, id_bytes), both.substr(id_bytes)};
}

std::string_view IndexFile::text(std::uint64_t ordinal) const {
  return id_and_text(ordinal).second;
}

std::string_view IndexFile::id(std::uint64_t ordinal) const { return id_and_text(ordinal).first; }

std::string_view IndexFile::term_text(std::uint32_t term) const {
  const std::uint64_t begin = terms_[term].text_begin;
  return {term_texts_.data() + begin,
          static_cast<std::size_t>(terms_[term + 1].text_begin - begin)};
}

std::optional<std::uint32_t> IndexFile::term_number(std::string_view text) const {
  if (term_slots_.empty()) return std::nullopt;
  const std::size_t mask = term_slots_.size() - 1;
  for (std::size_t slot = term_hash(text.data(), text.size()) & mask; term_slots_[slot] != 0;
       slot = (slot + 1) & mask) {
    const std::uint32_t term = term_slots_[slot] - 1;
    if (term_text(term) == text) return term;
  }
  return std::nullopt;
}

const std::uint8_t* IndexFile::row_maxima(std::uint64_t window, std::uint32_t row) const {
  const std::size_t full = header_->maxima_width(0);
  return row_maxima_.data() + (window == 0 ? 0 : window * full * header_->rows) +
         std::size_t{header_->maxima_width(window)} * row;
}

}  // namespace rare::bm25
