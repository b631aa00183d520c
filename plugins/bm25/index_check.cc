#include "plugins/bm25/index_check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <span>
#include <string_view>

#include "plugins/bm25/shortest_float.h"

namespace rare::bm25 {
namespace {

constexpr std::size_t kMostFaults = 10;

std::string hexadecimal(std::uint64_t number) {
  std::array<char, 24> digits;
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(number));
  return digits.data();
}

// Looks at everything that a search follows, and follows nothing that is out of bounds.
class ContentCheck {
 public:
  explicit ContentCheck(const IndexFile& index) : index_(index), header_(index.header()) {}

  std::vector<std::string> faults() && {
    const Bm25Parameters& parameters = header_.parameters;
    const bool has_numbers = std::isfinite(header_.unit) && header_.unit >= 0 &&
                             parameters.k1 >= 0 && parameters.k1 <= 1000 && parameters.b >= 0 &&
                             parameters.b <= 1 && header_.documents <= header_.records;
    if (!has_numbers) faults_.push_back("header: its numbers cannot be");
    check_starts(Section::text_starts, index_.section(Section::texts).size());
    if (!header_.compact()) {
      check_starts(Section::document_starts, index_.section(Section::documents).size());
    }
    check_starts(Section::window_starts, array<std::uint32_t>(Section::postings).size());
    check_texts();
    check_terms();
    check_documents();
    check_blocks();
    check_rows();
    return std::move(faults_);
  }

 private:
  template <class T>
  std::span<const T> array(Section section) const {
    const std::span<const std::byte> bytes = index_.section(section);
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
  void fault(Section section, const std::string& what) {
    if (faults_.size() < kMostFaults) {
      faults_.push_back("section " + std::string(kSectionNames[static_cast<std::size_t>(section)]) +
                        ": " + what);
    }
  }

  // Ascending, from 0 to the end of what they are places in.
  void check_starts(Section section, std::uint64_t end) {
    const auto starts = array<std::uint64_t>(section);
    std::uint64_t before = 0;
    bool sound = starts.front() == 0 && starts.back() == end;
    for (const std::uint64_t start : starts) {
      sound = sound && before <= start;
      before = start;
    }
    if (!sound) fault(section, "its places do not ascend from 0 to " + std::to_string(end));
    starts_are_sound_ = starts_are_sound_ && sound;
  }

  void check_texts() {
    if (!starts_are_sound_) return;
    const auto texts = array<std::uint8_t>(Section::texts);
    const auto starts = array<std::uint64_t>(Section::text_starts);
    for (std::uint64_t ordinal = 0; ordinal < header_.records; ++ordinal) {
      const auto bytes = texts.subspan(starts[ordinal], starts[ordinal + 1] - starts[ordinal]);
      VarintReader reader(bytes);
      if (!reader.next() || reader.value() > reader.left()) {
        return fault(Section::texts, "record " + std::to_string(ordinal) + " has no sound id");
      }
    }
  }

  void check_terms() {
    const auto terms = array<TermRecord>(Section::terms);
    const std::uint64_t texts = index_.section(Section::term_texts).size();
    const std::uint64_t blocks = array<PostingBlock>(Section::blocks).size();
    for (std::uint64_t term = 0; term < header_.terms; ++term) {
      const TermRecord& here = terms[term];
      const TermRecord& next = terms[term + 1];
      const bool is_row = here.row != kNoRow;
      if (here.documents == 0 || here.documents > header_.documents ||
          here.text_begin > next.text_begin || next.text_begin > texts ||
          here.first_block > next.first_block || next.first_block > blocks ||
          (is_row && (here.row >= header_.rows || here.row_scale == 0))) {
        terms_are_sound_ = false;
        return fault(Section::terms,
                     "term " + std::to_string(term) + " has what cannot be, or lies out of bounds");
      }
    }
    const auto slots = array<std::uint32_t>(Section::term_slots);
    bool has_free = slots.empty();
    for (const std::uint32_t slot : slots) {
      has_free = has_free || slot == 0;
      if (slot > header_.terms) return fault(Section::term_slots, "a slot names no term");
    }
    if (!has_free || (slots.size() & (slots.size() - 1)) != 0) {
      fault(Section::term_slots, "expected a power of two of slots, some of them free");
    }
  }

  void check_documents() {
    if (!starts_are_sound_ || header_.compact()) return;
    const auto bytes = array<std::uint8_t>(Section::documents);
    const auto starts = array<std::uint64_t>(Section::document_starts);
    for (std::uint64_t ordinal = 0; ordinal < header_.records; ++ordinal) {
      if (!is_document(bytes.subspan(starts[ordinal], starts[ordinal + 1] - starts[ordinal]))) {
        return fault(Section::documents,
                     "the terms of record " + std::to_string(ordinal) + " cannot be read");
      }
    }
  }

  bool is_document(std::span<const std::uint8_t> bytes) const {
    VarintReader reader(bytes);
    std::uint64_t term = 0;
    while (reader.left() > 0) {
      if (!reader.next()) return false;
      term += reader.value() >> 1;
      if (term >= header_.terms) return false;
      if ((reader.value() & 1U) != 0 && !reader.next()) return false;
    }
    return true;
  }

  void check_blocks() {
    if (!starts_are_sound_ || !terms_are_sound_) return;
    const auto starts = array<std::uint64_t>(Section::window_starts);
    for (std::uint32_t term = 0; term < header_.terms; ++term) {
      std::int64_t before = -1;
      for (const PostingBlock& block : index_.blocks(term)) {
        const bool sound = block.window > before && block.window < header_.windows() &&
                           block.begin + std::uint64_t{block.last} + 1 <=
                               starts[block.window + 1] - starts[block.window];
        if (!sound) {
          return fault(Section::blocks,
                       "a block of term " + std::to_string(term) + " lies out of bounds");
        }
        before = block.window;
      }
    }
    check_postings();
  }

  void check_postings() {
    const auto postings = array<std::uint32_t>(Section::postings);
    const auto starts = array<std::uint64_t>(Section::window_starts);
    for (std::uint64_t window = 0; window < header_.windows(); ++window) {
      const std::uint64_t width = documents_of(window);
      for (std::uint64_t i = starts[window]; i < starts[window + 1]; ++i) {
        if ((postings[i] & 0xFFFF) < width) continue;
        return fault(Section::postings, "posting " + std::to_string(i) + " lies out of its window");
      }
    }
  }

  std::uint64_t documents_of(std::uint64_t window) const {
    return std::min<std::uint64_t>(header_.window_documents,
                                   header_.records - window * header_.window_documents);
  }

  void check_rows() {
    std::uint64_t rows = 0;
    std::uint64_t maxima = 0;
    for (std::uint64_t window = 0; window < header_.windows(); ++window) {
      rows += std::uint64_t{header_.window_width(window)} * header_.rows;
      maxima += std::uint64_t{header_.maxima_width(window)} * header_.rows;
    }
    const bool have_places = index_.section(Section::rows).size() == rows &&
                             index_.section(Section::row_maxima).size() == maxima;
    if (!have_places) return fault(Section::rows, "expected " + std::to_string(rows) + " bytes");
    for (std::uint64_t window = 0; window < header_.windows(); ++window) {
      const std::uint64_t width = header_.window_width(window);
      for (std::uint32_t row = 0; row < header_.rows; ++row) {
        if (!is_zero(index_.row(window, row), documents_of(window), width)) {
          return fault(Section::rows,
                       "row " + std::to_string(row) + " has documents beyond the last");
        }
        if (!is_zero(index_.row_maxima(window, row), width / kGroupDocuments,
                     header_.maxima_width(window))) {
          return fault(Section::row_maxima,
                       "row " + std::to_string(row) + " has groups beyond the last");
        }
      }
    }
  }

  static bool is_zero(const std::uint8_t* bytes, std::uint64_t begin, std::uint64_t end) {
    return std::all_of(bytes + begin, bytes + end, [](std::uint8_t byte) { return byte == 0; });
  }

  const IndexFile& index_;
  const IndexHeader& header_;
  bool starts_are_sound_ = true;
  bool terms_are_sound_ = true;
  std::vector<std::string> faults_;
};

}  // namespace

Json describe_index(const std::filesystem::path& path, const IndexFile& index) {
  const IndexHeader& header = index.header();
  Json json{{"file", path.string()},
            {"bytes", header.file_bytes},
            {"version", header.version},
            {"compact", header.compact()},
            {"key", hexadecimal(header.corpus.high) + hexadecimal(header.corpus.low)},
            {"analyzer", std::string(index.analyzer())},
            {"scoring", header.scoring() == Scoring::reference ? "reference" : "lucene"},
            {"k1", shortest_double(header.parameters.k1)},
            {"b", shortest_double(header.parameters.b)},
            {"records", header.records},
            {"documents", header.documents},
            {"terms", header.terms},
            {"total_terms", header.total_terms},
            {"postings", header.postings},
            {"window_documents", header.window_documents},
            {"windows", header.windows()},
            {"rows", header.rows},
            {"checksum", hexadecimal(header.checksum)},
            {"sections", Json::array()}};
  for (std::size_t i = 0; i < kSectionCount; ++i) {
    json["sections"].push_back(Json{{"name", kSectionNames[i]},
                                    {"bytes", header.sections[i].bytes},
                                    {"checksum", hexadecimal(header.sections[i].checksum)}});
  }
  return json;
}

std::vector<std::string> faults_of_index(const IndexFile& index) {
  std::vector<std::string> faults;
  for (std::size_t i = 0; i < kSectionCount; ++i) {
    const std::uint64_t found = checksum_of(index.section(static_cast<Section>(i)));
    const std::uint64_t expected = index.header().sections[i].checksum;
    if (found == expected) continue;
    faults.push_back("section " + std::string(kSectionNames[i]) + ": expected the checksum " +
                     hexadecimal(expected) + ", found " + hexadecimal(found));
  }
  return faults.empty() ? ContentCheck(index).faults() : faults;
}

}  // namespace rare::bm25
