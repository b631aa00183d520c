#include "plugins/bm25/lucene_score.h"

#include <cstdint>
#include <string>
#include <vector>

#include "catch.h"
#include "fixtures.h"

namespace rare::bm25 {
namespace {

using testing::fixture_lines;
using testing::split;

TEST_CASE("Lengths are encoded as Lucene encodes them") {
  std::uint32_t before = 0;
  for (const std::string& line : fixture_lines("lengths.tsv")) {
    const std::vector<std::string> columns = split(line, '\t');
    const auto norm = static_cast<std::uint8_t>(std::stoul(columns.at(0)));
    const auto length = static_cast<std::uint32_t>(std::stoul(columns.at(1)));
    CHECK(decode_length(norm) == length);
    CHECK(encode_length(length) == norm);
    if (norm > 0) CHECK(encode_length(length - 1) == norm - 1);
    CHECK((norm == 0 || length > before));
    before = length;
  }
  CHECK(decode_length(encode_length(40)) == 40);
  CHECK(decode_length(encode_length(41)) == 40);
}

}  // namespace
}  // namespace rare::bm25
