#include "plugins/bm25/window_search.h"

#include <string>
#include <thread>
#include <vector>

#include "catch.h"
#include "fixtures.h"
#include "index_fixture.h"
#include "plain_index.h"
#include "plugins/bm25/analyzer.h"

namespace rare::bm25 {
namespace {

using testing::fixture_lines;
using testing::line_of;
using testing::PlainIndex;
using testing::PlainIndexBuilder;
using testing::random_text;
using testing::SearchScratch;
using testing::settings_for;
using testing::TestIndex;

PlainIndex plain_index(const std::vector<std::string>& texts, const BuildSettings& settings) {
  PlainIndexBuilder builder(settings.parameters);
  const auto analyzer = make_analyzer(settings.analyzer);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    builder.add(static_cast<std::uint32_t>(i), analyzer->terms_of(texts[i]));
  }
  return std::move(builder).build();
}

std::vector<std::string> random_corpus(std::size_t documents) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < documents; ++i) {
    texts.push_back(i % 17 == 3 ? "" : random_text(i, i % 90, 3000));
  }
  return texts;
}

// Short and long ones, repeated words, unknown ones, words of one document, words of nearly all.
std::vector<std::string> random_queries() {
  std::vector<std::string> queries = {"",
                                      "unknown",
                                      "w1",
                                      "w1 w2 w1 w3 w1",
                                      "w2999",
                                      "w2998 w2999",
                                      "w1 w2999",
                                      "unknown w700",
                                      "w5 w5 w5 w5 w5 w5"};
  for (std::size_t i = 0; i < 25; ++i) {
    queries.push_back(random_text(1'000'000 + i, 1 + i * i * 5 % 150, 3000));
  }
  for (const std::size_t length : {1'000, 10'000}) {
    queries.push_back(random_text(length, length, 3000));
  }
  std::string same;
  for (int i = 0; i < 2'000; ++i) same += "w7 ";
  queries.push_back(same + "w9 w11 w1500");
  return queries;
}

std::string hits_of(WindowSearcher& searcher, const TestIndex& index,
                    const std::vector<std::string>& texts, std::size_t k, std::size_t batch) {
  std::string lines;
  for (std::size_t begin = 0; begin < texts.size(); begin += batch) {
    std::vector<Query> queries;
    for (std::size_t i = begin; i < std::min(begin + batch, texts.size()); ++i) {
      queries.push_back(index.query(texts[i], k));
    }
    for (const auto& hits : searcher.search(queries)) lines += line_of(hits) + "\n";
  }
  return lines;
}

std::string plain_hits(const PlainIndex& index, const std::string& analyzer,
                       const std::vector<std::string>& texts, std::size_t k) {
  SearchScratch scratch;
  std::string lines;
  for (const std::string& text : texts) {
    lines += line_of(index.search(make_analyzer(analyzer)->terms_of(text), k, scratch)) + "\n";
  }
  return lines;
}

TEST_CASE("Hits and the bits of their scores equal Lucene's") {
  const std::vector<std::string> queries = fixture_lines("queries.txt");
  const auto differs = [&](const std::string& fixture, Bm25Parameters parameters, std::size_t k,
                           bool compact = false) {
    BuildSettings settings = settings_for("english", parameters);
    settings.compact = compact;
    const TestIndex index(fixture_lines("corpus.txt"), settings);
    WindowSearcher searcher(index.file());
    std::string expected;
    for (const std::string& line : fixture_lines(fixture)) expected += line + "\n";
    return hits_of(searcher, index, queries, k, 32) != expected;
  };
  CHECK_FALSE(differs("hits_0.9_0.4.tsv", {0.9F, 0.4F}, 20));
  CHECK_FALSE(differs("hits_1.2_0.75.tsv", {1.2F, 0.75F}, 5));
  CHECK_FALSE(differs("hits_0_1.tsv", {0.0F, 1.0F}, 3));
  CHECK_FALSE(differs("hits_0.9_0.4.tsv", {0.9F, 0.4F}, 20, true));
}

TEST_CASE("Windows of every size, batches and instructions find what scoring everything finds") {
  const std::vector<std::string> texts = random_corpus(700);
  const std::vector<std::string> queries = random_queries();
  for (const Bm25Parameters parameters :
       {Bm25Parameters{}, Bm25Parameters{1000, 1}, Bm25Parameters{0, 0}}) {
    BuildSettings settings = settings_for("whitespace", parameters);
    settings.window_documents = 64;
    const PlainIndex plain = plain_index(texts, settings);
    const std::vector<std::size_t> ks = {1, 20, 1'000};
    std::vector<std::string> expected;
    for (const std::size_t k : ks) expected.push_back(plain_hits(plain, "whitespace", queries, k));
    for (const std::uint32_t window : {64U, 512U, 65536U, 512U}) {
      settings.compact = settings.window_documents == 65536;  // the last time
      settings.window_documents = window;
      const TestIndex index(texts, settings);
      for (const WindowKernels& kernels : all_window_kernels()) {
        WindowSearcher searcher(index.file(), kernels);
        for (std::size_t i = 0; i < ks.size(); ++i) {
          INFO("window " << window << ", compact " << settings.compact << ", " << kernels.name
                         << ", k " << ks[i]);
          CHECK(hits_of(searcher, index, queries, ks[i], i == 1 ? 32 : 5) == expected[i]);
        }
      }
    }
  }
}

TEST_CASE("A search that is told when it has enough finds the first hits of the whole one") {
  const Scoring scoring = GENERATE(Scoring::lucene, Scoring::reference);
  BuildSettings settings = settings_for("whitespace");
  settings.window_documents = 512;
  settings.scoring = scoring;
  const TestIndex index(random_corpus(1'500), settings);
  WindowSearcher searcher(index.file());
  for (const std::string& text : random_queries()) {
    const Query whole = index.query(text, 60);
    const std::vector<ScoredDocument> hits = searcher.search({&whole, 1})[0];
    for (const std::size_t wanted : {std::size_t{1}, std::size_t{7}, std::size_t{100}}) {
      Query query = whole;
      std::vector<ScoredDocument> asked;
      query.enough = [&](const ScoredDocument& hit) {
        asked.push_back(hit);
        return asked.size() == wanted;
      };
      const std::vector<ScoredDocument> found = searcher.search({&query, 1})[0];
      const std::size_t expected = std::min(wanted, hits.size());
      INFO(text.substr(0, 80) << ", " << wanted << " wanted");
      CHECK(line_of(found) == line_of({hits.begin(), hits.begin() + expected}));
      CHECK(line_of(asked) == line_of(found));
    }
  }
}

TEST_CASE("No hits are asked for, and none are found, in any corpus") {
  for (const std::vector<std::string>& texts :
       {std::vector<std::string>{}, {""}, {"", ""}, {"a"}, {"", "a", ""}}) {
    const TestIndex index(texts);
    CHECK(index.search("", 5).empty());
    CHECK(index.search("b", 5).empty());
    CHECK(index.search("a", 0).empty());
    CHECK(index.search("a", 5).size() == (index.file().header().documents));
  }
}

TEST_CASE("Searchers of eight threads find what one finds") {
  const TestIndex index(random_corpus(2'000));
  const std::vector<std::string> queries = random_queries();
  WindowSearcher alone(index.file());
  const std::string expected = hits_of(alone, index, queries, 20, 7);
  std::vector<std::string> found(8);
  {
    std::vector<std::jthread> threads;
    for (std::string& lines : found) {
      threads.emplace_back([&] {
        WindowSearcher searcher(index.file());
        lines = hits_of(searcher, index, queries, 20, 7);
      });
    }
  }
  for (const std::string& lines : found) CHECK(lines == expected);
}

}  // namespace
}  // namespace rare::bm25
