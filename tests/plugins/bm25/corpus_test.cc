#include "plugins/bm25/corpus.h"

#include <new>
#include <string>
#include <vector>

#include "catch.h"
#include "index_fixture.h"

namespace rare::bm25 {
namespace {

TEST_CASE("A search of a batch that throws is an error of its own, and the others are answered") {
  const testing::TestIndex built({"cat", "cat dog", "dog"});
  auto index = IndexFile::open(built.path(), IndexFile::Check::all);
  REQUIRE(index.ok());
  const Corpus corpus(std::move(*index));
  CorpusSearcher searcher(corpus);
  SearchRequest throwing("cat", 1);
  throwing.most = 5;
  int asked = 0;
  throwing.enough = [&](const SearchHit&) -> bool {
    if (++asked == 2) throw std::bad_alloc();
    return false;
  };
  SearchRequest asking = throwing;
  asking.enough = [](const SearchHit&) { return false; };
  const SearchRequest plain("dog", 5);
  const std::vector<const SearchRequest*> batch = {&plain, &throwing, &asking};
  const std::vector<Result<SearchHits>> answers = searcher.search(batch);
  REQUIRE(answers.size() == 3);
  REQUIRE(answers[0].ok());
  CHECK(answers[0]->hits.size() == 2);
  CHECK(answers[1].status().code() == StatusCode::internal);
  CHECK(answers[1].status().message() == "the search failed: std::bad_alloc");
  REQUIRE(answers[2].ok());
  CHECK(answers[2]->hits.size() == 2);
}

}  // namespace
}  // namespace rare::bm25
