// Whole corpora, each under an analyzer of its own, against what Lucene made of them.
#include <string>
#include <vector>

#include "catch.h"
#include "fixtures.h"
#include "index_fixture.h"

namespace rare::bm25 {
namespace {

using testing::fixture_lines;
using testing::line_of;
using testing::settings_for;
using testing::split;
using testing::TestIndex;
using testing::unescaped;

std::vector<std::string> texts_of(const std::string& fixture) {
  std::vector<std::string> texts;
  for (const std::string& line : fixture_lines(fixture)) texts.push_back(unescaped(line));
  return texts;
}

TEST_CASE("Norms, the best hits and the bits of their scores equal Lucene's in every corpus") {
  const std::vector<std::string> corpora = fixture_lines("corpora.tsv");
  CHECK(corpora.size() >= 3);
  for (const std::string& line : corpora) {
    const std::vector<std::string> columns = split(line, '\t');
    const std::string& analyzer = columns.at(0);
    INFO(analyzer);
    const Bm25Parameters parameters = {std::stof(columns.at(1)), std::stof(columns.at(2))};
    const TestIndex index(texts_of("corpus_" + analyzer + ".txt"),
                          settings_for(analyzer, parameters));
    const std::vector<std::string> norms = fixture_lines("norms_" + analyzer + ".txt");
    REQUIRE(index.file().header().records == norms.size());
    int different = 0;
    for (std::size_t i = 0; i < norms.size(); ++i) {
      different += std::to_string(index.file().norm(i)) != norms[i] ? 1 : 0;
    }
    CHECK(different == 0);

    const std::vector<std::string> queries = texts_of("queries_" + analyzer + ".txt");
    const std::vector<std::string> hits = fixture_lines("hits_" + analyzer + ".tsv");
    REQUIRE(queries.size() == hits.size());
    for (std::size_t i = 0; i < queries.size(); ++i) {
      const auto found = index.search(queries[i], std::stoul(columns.at(3)));
      if (line_of(found) != hits[i] && ++different <= 5) UNSCOPED_INFO("query " << i);
    }
    CHECK(different == 0);
  }
}

}  // namespace
}  // namespace rare::bm25
