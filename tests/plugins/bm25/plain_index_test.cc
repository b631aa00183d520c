#include "plain_index.h"

#include <bit>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "catch.h"
#include "fixtures.h"
#include "index_fixture.h"
#include "plugins/bm25/analyzer.h"

namespace rare::bm25 {
namespace {

using testing::fixture_lines;
using testing::line_of;
using testing::PlainIndex;
using testing::PlainIndexBuilder;
using testing::SearchScratch;
using testing::words;

PlainIndex index_of(const std::vector<std::string>& texts, const std::string& analyzer,
                    Bm25Parameters parameters = {}) {
  PlainIndexBuilder builder(parameters);
  const auto analysis = make_analyzer(analyzer);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    builder.add(static_cast<std::uint32_t>(i), analysis->terms_of(texts[i]));
  }
  return std::move(builder).build();
}

std::vector<ScoredDocument> search(const PlainIndex& index, const std::string& query,
                                   std::size_t k) {
  SearchScratch scratch;
  return index.search(words(query), k, scratch);
}

int differences_in_hits(const std::string& fixture, Bm25Parameters parameters, std::size_t k) {
  const PlainIndex index = index_of(fixture_lines("corpus.txt"), "english", parameters);
  const std::vector<std::string> queries = fixture_lines("queries.txt");
  const std::vector<std::string> expected = fixture_lines(fixture);
  REQUIRE(queries.size() == expected.size());
  REQUIRE(queries.size() >= 250);
  const auto english = make_analyzer("english");
  SearchScratch scratch;
  int different = 0;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const std::string line = line_of(index.search(english->terms_of(queries[i]), k, scratch));
    if (line != expected[i] && ++different <= 3) UNSCOPED_INFO(queries[i] << "\n" << line);
  }
  return different;
}

TEST_CASE("Hits, their order and the bits of their scores equal Lucene's") {
  CHECK(differences_in_hits("hits_0.9_0.4.tsv", {0.9F, 0.4F}, 20) == 0);
  CHECK(differences_in_hits("hits_1.2_0.75.tsv", {1.2F, 0.75F}, 5) == 0);
  CHECK(differences_in_hits("hits_0_1.tsv", {0.0F, 1.0F}, 3) == 0);
}

bool close(float score, double expected) { return std::abs(score - expected) < 1e-6; }

// Worked out by hand from the formulas: N = 3, average length 7/3, idf(cat) = ln(1.6).
TEST_CASE("Scores follow the formula") {
  const PlainIndex index = index_of({"cat dog", "cat cat fish bird", "dog"}, "whitespace");
  const auto cat = search(index, "cat", 10);
  REQUIRE(cat.size() == 2);
  CHECK(cat[0].document == 1);
  CHECK(close(cat[0].score, 0.2977399));
  CHECK(cat[1].document == 0);
  CHECK(close(cat[1].score, 0.2542523));
  CHECK(close(search(index, "cat cat", 10).at(1).score, 2 * 0.2542523));
  CHECK(close(search(index, "cat fish", 10).at(0).score, 0.7524289));
}

TEST_CASE("Equal scores keep the corpus's order, and k cuts the list") {
  const PlainIndex index = index_of({"x y", "b a", "a b", "a b", "a"}, "whitespace");
  const auto all = search(index, "b", 100);
  REQUIRE(all.size() == 3);
  CHECK(all[0].document == 1);
  CHECK(all[1].document == 2);
  CHECK(all[2].document == 3);
  CHECK(all[0].score == all[2].score);
  CHECK(line_of(search(index, "b", 2)) == line_of({all[0], all[1]}));
  CHECK(search(index, "b", 0).empty());
}

TEST_CASE("Nothing is found in an empty corpus, by no terms or by unknown ones") {
  CHECK(search(index_of({}, "english"), "cat", 5).empty());
  CHECK(search(index_of({"", "the of"}, "english"), "the", 5).empty());
  const PlainIndex index = index_of({"", "cat", "the"}, "english");
  CHECK(index.documents() == 1);
  CHECK(search(index, "", 5).empty());
  CHECK(search(index, "dog", 5).empty());
  CHECK(search(index, "cat", 5).at(0).document == 1);
}

TEST_CASE("A query of 10,000 terms is one search") {
  std::string query;
  for (int i = 0; i < 10'000; ++i) query += (i == 0 ? "t" : " t") + std::to_string(i % 7'000);
  const PlainIndex index = index_of({"t1 t2 t3", "t6999", "other"}, "whitespace");
  const auto hits = search(index, query, 10);
  REQUIRE(hits.size() == 2);
  CHECK(hits[0].document == 0);
}

TEST_CASE("Searches from eight threads find what one thread finds") {
  const PlainIndex index = index_of(fixture_lines("corpus.txt"), "english");
  const std::vector<std::string> queries = fixture_lines("queries.txt");
  const auto run = [&] {
    const auto english = make_analyzer("english");
    SearchScratch scratch;
    std::string lines;
    for (const std::string& query : queries) {
      lines += line_of(index.search(english->terms_of(query), 20, scratch)) + "\n";
    }
    return lines;
  };
  const std::string expected = run();
  std::vector<std::string> found(8);
  {
    std::vector<std::jthread> threads;
    for (std::string& lines : found) threads.emplace_back([&] { lines = run(); });
  }
  for (const std::string& lines : found) CHECK(lines == expected);
}

}  // namespace
}  // namespace rare::bm25
