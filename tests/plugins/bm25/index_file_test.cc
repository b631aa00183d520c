#include "plugins/bm25/index_file.h"

#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "catch.h"
#include "fixtures.h"
#include "index_fixture.h"

namespace rare::bm25 {
namespace {

using testing::contains;
using testing::random_text;
using testing::settings_for;
using testing::TestIndex;

std::string contents_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// What opening says of a file with these bytes; empty: it is an index.
std::string message_of(const std::string& bytes, IndexFile::Check check = IndexFile::Check::all) {
  const rare::testing::ScratchFolder folder;
  const std::string path = folder / "x.index";
  std::ofstream(path, std::ios::binary) << bytes;
  const auto index = IndexFile::open(path, check);
  if (index) return {};
  CHECK(index.status().code() == StatusCode::invalid_data);
  CHECK(contains(index.status().message(), "index file " + path));
  return index.status().message();
}

std::vector<std::string> some_texts() {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < 200; ++i) texts.push_back(random_text(i, 20, 300));
  return texts;
}

TEST_CASE("An index file gives back what went into it") {
  const std::vector<std::string> texts = {"b a b", "", "c a", "\xFF\xFE", std::string("a\0b", 3)};
  const TestIndex index(texts);
  const IndexFile& file = index.file();
  CHECK(file.analyzer() == "whitespace");
  CHECK(file.header().records == 5);
  CHECK(file.header().documents == 4);
  CHECK(file.header().total_terms == 7);
  CHECK(file.header().terms == 5);
  CHECK(file.header().postings == 6);
  for (std::size_t i = 0; i < texts.size(); ++i) CHECK(file.text(i) == texts[i]);
  CHECK(file.norm(0) == 3);
  CHECK(file.norm(1) == 0);
  for (std::uint32_t term = 0; term < file.header().terms; ++term) {
    CHECK(file.term_number(file.term_text(term)) == term);
    if (term > 0) CHECK(file.term_text(term - 1) < file.term_text(term));
  }
  CHECK_FALSE(file.term_number("d"));
  CHECK_FALSE(file.term_number(""));
  DocumentReader document = file.document(0);
  REQUIRE(document.next());
  CHECK(file.term_text(document.current().term) == "a");
  CHECK(document.current().count == 1);
  REQUIRE(document.next());
  CHECK(file.term_text(document.current().term) == "b");
  CHECK(document.current().count == 2);
  CHECK_FALSE(document.next());
  CHECK_FALSE(file.document(1).next());
}

TEST_CASE("A file that is not there is not found") {
  const auto index = IndexFile::open("/nowhere/x.index", IndexFile::Check::all);
  CHECK(index.status().code() == StatusCode::not_found);
  CHECK(contains(index.status().message(), "/nowhere/x.index"));
}

TEST_CASE("An index that was cut short is refused, wherever it was cut") {
  const std::string bytes = contents_of(TestIndex(some_texts()).path());
  CHECK(message_of(bytes).empty());
  CHECK(contains(message_of(""), "does not begin as one"));
  CHECK(contains(message_of("no index at all"), "does not begin as one"));
  CHECK(contains(message_of(bytes.substr(0, 100)), "cut short"));
  for (std::size_t size = sizeof(IndexHeader); size < bytes.size(); size += 997) {
    CHECK(contains(message_of(bytes.substr(0, size), IndexFile::Check::header), "cut short"));
  }
  CHECK(contains(message_of(bytes + "x"), "cut short or grew"));
}

TEST_CASE("A flipped bit is found in the header and in every section") {
  const TestIndex index(some_texts());
  const std::string bytes = contents_of(index.path());
  std::vector<std::size_t> places = {12, 24, 100, sizeof(IndexHeader) - 1};
  for (const SectionPlace& place : index.file().header().sections) {
    if (place.bytes == 0) continue;
    places.push_back(place.offset);
    places.push_back(place.offset + place.bytes / 2);
    places.push_back(place.offset + place.bytes - 1);
  }
  for (const std::size_t place : places) {
    std::string damaged = bytes;
    damaged[place] = static_cast<char>(damaged[place] ^ 0x10);
    INFO("byte " << place);
    const std::string message = message_of(damaged);
    CHECK(contains(message, "damaged (checksum)"));
    CHECK(contains(message, "remove it, and build it again"));
  }
}

TEST_CASE("An index of another format is refused with both versions") {
  std::string bytes = contents_of(TestIndex(some_texts()).path());
  const std::uint32_t newer = kIndexVersion + 1;
  std::memcpy(bytes.data() + offsetof(IndexHeader, version), &newer, sizeof newer);
  const std::string message = message_of(bytes);
  CHECK(contains(message, "of format " + std::to_string(newer)));
  CHECK(contains(message, "up to " + std::to_string(kIndexVersion)));

  const std::uint32_t older = kIndexVersion - 1;
  std::memcpy(bytes.data() + offsetof(IndexHeader, version), &older, sizeof older);
  CHECK(contains(message_of(bytes), "of format " + std::to_string(older) +
                                        ", this program reads format " +
                                        std::to_string(kIndexVersion)));
}

// A header whose checksum fits, but whose sections do not: nothing outside the file is read.
TEST_CASE("Sections that do not lie within the file are refused") {
  const std::string bytes = contents_of(TestIndex(some_texts()).path());
  const auto changed = [&](const auto& change) {
    IndexHeader header;
    std::memcpy(&header, bytes.data(), sizeof header);
    change(header);
    header.checksum = header_checksum(header);
    std::string result = bytes;
    std::memcpy(result.data(), &header, sizeof header);
    return message_of(result);
  };
  CHECK(changed([](IndexHeader&) {}).empty());
  for (std::size_t i = 0; i < kSectionCount; ++i) {
    CHECK(contains(changed([&](IndexHeader& h) { h.sections[i].offset = h.file_bytes + 64; }),
                   "does not lie within the file"));
    CHECK(contains(changed([&](IndexHeader& h) { h.sections[i].bytes = h.file_bytes; }),
                   "does not lie within the file"));
    CHECK(contains(changed([&](IndexHeader& h) { h.sections[i].offset += 1; }),
                   "does not lie within the file"));
  }
  CHECK(contains(changed([](IndexHeader& h) { h.records += 1; }), "does not lie within the file"));
  CHECK(contains(changed([](IndexHeader& h) { h.terms -= 1; }), "does not lie within the file"));
}

}  // namespace
}  // namespace rare::bm25
