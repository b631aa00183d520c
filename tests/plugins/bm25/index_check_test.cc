#include "plugins/bm25/index_check.h"

#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "catch.h"
#include "fixtures.h"
#include "index_fixture.h"

namespace rare::bm25 {
namespace {

using testing::contains;
using testing::TestIndex;

// An index file whose bytes can be changed, with checksums that fit again.
class ChangedIndex {
 public:
  ChangedIndex() {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < 200; ++i) texts.push_back(testing::random_text(i, 20, 300));
    const TestIndex index(texts);
    std::ifstream file(index.path(), std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    header_ = index.file().header();
  }

  // What is said after `change` to the section's bytes.
  std::string faults(Section section, const std::function<void(char*, std::size_t)>& change) {
    std::string bytes = bytes_;
    IndexHeader header = header_;
    for (std::size_t i = 0; i < kSectionCount; ++i) {
      SectionPlace& place = header.sections[i];
      char* begin = bytes.data() + place.offset;
      if (i == static_cast<std::size_t>(section)) change(begin, place.bytes);
      place.checksum = checksum_of(std::as_bytes(std::span(begin, place.bytes)));
    }
    header.checksum = header_checksum(header);
    std::memcpy(bytes.data(), &header, sizeof header);
    const rare::testing::ScratchFolder folder;
    std::ofstream(folder / "x.index", std::ios::binary) << bytes;
    const auto index = IndexFile::open(folder / "x.index", IndexFile::Check::all);
    REQUIRE(index.ok());
    std::string text;
    for (const std::string& fault : faults_of_index(**index)) text += fault + "\n";
    return text;
  }

 private:
  std::string bytes_;
  IndexHeader header_;
};

// Puts a number of type T at the place `index` of an array.
template <class T>
std::function<void(char*, std::size_t)> put(std::size_t index, T value) {
  return [=](char* begin, std::size_t bytes) {
    REQUIRE((index + 1) * sizeof(T) <= bytes);
    std::memcpy(begin + index * sizeof(T), &value, sizeof value);
  };
}

TEST_CASE("A whole index has no faults") {
  CHECK(ChangedIndex().faults(Section::texts, [](char*, std::size_t) {}) == "");
}

TEST_CASE("Places that lead out of their section are faults, though checksums fit") {
  ChangedIndex index;
  for (const Section section :
       {Section::text_starts, Section::document_starts, Section::window_starts}) {
    CHECK(contains(index.faults(section, put<std::uint64_t>(1, 1ULL << 40)), "do not ascend"));
  }
  CHECK(contains(index.faults(Section::terms, put<std::uint64_t>(8, 1ULL << 40)),
                 "section terms: term 1 has what cannot be, or lies out of bounds"));
  CHECK(contains(index.faults(Section::term_slots, put<std::uint32_t>(0, 1U << 30)),
                 "a slot names no term"));
  CHECK(contains(index.faults(Section::texts, put<std::uint8_t>(0, 0x7F)),
                 "section texts: record 0 has no sound id"));
  CHECK(contains(index.faults(Section::blocks, put<std::uint32_t>(0, 1U << 30)),
                 "section blocks: a block of term"));
  CHECK(contains(index.faults(Section::postings, put<std::uint16_t>(0, 0xFFFF)),
                 "section postings: posting 0 lies out of its window"));
  CHECK(contains(
      index.faults(Section::documents,
                   [](char* begin, std::size_t bytes) { std::memset(begin, 0xFF, bytes); }),
      "section documents: the terms of record 0 cannot be read"));
}

TEST_CASE("What lies behind a term that cannot be is not followed") {
  ChangedIndex index;
  CHECK(contains(index.faults(Section::terms,
                              [](char* begin, std::size_t bytes) {
                                std::memset(begin + sizeof(TermRecord), 0, 3 * sizeof(TermRecord));
                                std::memset(begin + 4 * sizeof(TermRecord), 0xFF,
                                            bytes - 4 * sizeof(TermRecord));
                              }),
                 "section terms: term 1 has what cannot be"));
}

TEST_CASE("Documents and groups beyond the last are faults") {
  ChangedIndex index;  // 200 documents in a window of 256, of 4 groups
  CHECK(contains(index.faults(Section::rows, put<std::uint8_t>(200, 1)),
                 "section rows: row 0 has documents beyond the last"));
  CHECK(contains(index.faults(Section::row_maxima, put<std::uint8_t>(4, 1)),
                 "section row_maxima: row 0 has groups beyond the last"));
  CHECK(contains(index.faults(Section::postings, put<std::uint16_t>(0, 200)),
                 "section postings: posting 0 lies out of its window"));
}

TEST_CASE("A hash table without a free slot would be searched for ever: a fault") {
  CHECK(contains(ChangedIndex().faults(Section::term_slots,
                                       [](char* begin, std::size_t bytes) {
                                         for (std::size_t i = 0; i + 4 <= bytes; i += 4) {
                                           const std::uint32_t one = 1;
                                           std::memcpy(begin + i, &one, sizeof one);
                                         }
                                       }),
                 "expected a power of two of slots, some of them free"));
}

}  // namespace
}  // namespace rare::bm25
