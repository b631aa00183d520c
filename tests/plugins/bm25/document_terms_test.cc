#include "plugins/bm25/document_terms.h"

#include <vector>

#include "catch.h"

namespace rare::bm25 {
namespace {

TEST_CASE("A document's terms come back as they went in") {
  const std::vector<std::vector<TermCount>> documents = {
      {},
      {{0, 1}},
      {{0, 2}, {1, 1}, {2, 3}},
      {{63, 1}, {64, 129}, {128, 130}, {16'511, 16'386}},
      {{7, 0xFFFFFFFF}, {0xFFFFFFFE, 1}, {0xFFFFFFFF, 2}}};
  for (const std::vector<TermCount>& document : documents) {
    std::vector<std::uint8_t> bytes;
    append_document(document, bytes);
    DocumentReader reader(bytes);
    for (const TermCount& term : document) {
      REQUIRE(reader.next());
      CHECK(reader.current().term == term.term);
      CHECK(reader.current().count == term.count);
    }
    CHECK_FALSE(reader.next());
  }
}

TEST_CASE("A rare term that stands once takes as many bytes as its distance") {
  std::vector<std::uint8_t> bytes;
  append_document(std::vector<TermCount>{{10, 1}, {20, 1}, {30, 2}}, bytes);
  CHECK(bytes == std::vector<std::uint8_t>{20, 20, 21, 0});
}

}  // namespace
}  // namespace rare::bm25
