// compare URL FIXTURES: the same corpus in `bm25.index` and, by `bm25.opensearch`, on the cluster
// at URL, in one shard and in three; a thousand searches of each must bring the same: ids,
// ordinals, texts and the bits of scores, in the same order. Exit code 1 where they do not.
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "plugins/bm25/index_service.h"
#include "plugins/opensearch/search_service.h"
#include "rare/testing/harness.h"
#include "scratch_folder.h"

namespace {

using namespace rare;

constexpr std::size_t kDocuments = 20'000;
constexpr std::size_t kQueries = 1'000;
constexpr int kHits = 20;

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  if (lines.empty()) throw std::runtime_error("nothing to read in " + path);
  return lines;
}

// Texts out of the words of others, early ones more often than late ones.
class TextMaker {
 public:
  explicit TextMaker(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      std::istringstream stream(text);
      for (std::string word; stream >> word;) words_.push_back(word);
    }
  }
  std::string text(std::size_t length) {
    std::string made;
    for (std::size_t i = 0; i < length; ++i) {
      const double share = static_cast<double>(random_() >> 11) * 0x1p-53;
      const double place = std::pow(static_cast<double>(words_.size()), share) - 1;
      made += (i == 0 ? "" : " ") + words_[static_cast<std::size_t>(place)];
    }
    return made;
  }

 private:
  std::vector<std::string> words_;
  std::mt19937_64 random_{7};
};

class ListStream final : public RecordStream {
 public:
  explicit ListStream(const std::vector<Json>& rows) : rows_(rows) {}
  Result<std::optional<Record>> next() override {
    if (at_ == rows_.size()) return std::optional<Record>();
    return std::optional<Record>(Record(rows_[at_++]));
  }

 private:
  const std::vector<Json>& rows_;
  std::size_t at_ = 0;
};

// "id ordinal bits text" of each hit of each query.
template <class Service>
std::vector<std::string> hits_of(const Json& values, const std::vector<Json>& rows,
                                 const std::vector<std::string>& queries) {
  using Clock = std::chrono::steady_clock;
  testing::TestContext context("corpus");
  context.stream = [&] { return std::make_unique<ListStream>(rows); };
  const auto service = testing::make<Service>(values);
  const Status opened = service->open(context);
  if (!opened.ok()) throw std::runtime_error(opened.message());
  const auto begin = Clock::now();
  const Status ready = testing::wait_for(service->search(SearchRequest("ready", 1))).status();
  if (!ready.ok()) throw std::runtime_error(ready.message());
  const auto loaded = Clock::now();
  std::vector<Awaitable<Result<SearchHits>>> replies;
  for (const std::string& query : queries) {
    replies.push_back(service->search(SearchRequest(query, kHits)));
  }
  std::vector<std::string> found;
  for (auto& reply : replies) {
    const Result<SearchHits> hits = testing::wait_for(std::move(reply));
    if (!hits) throw std::runtime_error(hits.status().message());
    found.emplace_back();
    for (const SearchHit& hit : hits->hits) {
      found.back() += hit.id + " " + std::to_string(hit.ordinal) + " " +
                      std::to_string(std::bit_cast<std::uint32_t>(hit.score)) + " " + hit.text +
                      "\n";
    }
  }
  const auto seconds = [](auto from, auto to) {
    return std::chrono::duration<double>(to - from).count();
  };
  std::printf("%s: ready after %.1f s, %zu searches in %.1f s\n",
              std::string(Service::spec().name()).c_str(), seconds(begin, loaded), queries.size(),
              seconds(loaded, Clock::now()));
  return found;
}

int compare(const std::string& url, const std::string& fixtures) {
  std::vector<std::string> texts = lines_of(fixtures + "/corpus.txt");
  std::vector<std::string> queries = lines_of(fixtures + "/queries.txt");
  TextMaker maker(texts);
  while (texts.size() < kDocuments) {
    // Some are the same, so that scores are, too.
    texts.push_back(texts.size() % 10 == 9 ? texts[texts.size() - 9]
                                           : maker.text(texts.size() * 7 % 120));
  }
  while (queries.size() < kQueries) {
    queries.push_back(maker.text(queries.size() % 2 == 0 ? 6 : 30 + queries.size() % 40));
  }
  std::vector<Json> rows;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    rows.push_back({{"id", "d" + std::to_string(i)}, {"text", texts[i]}});
  }
  const rare::testing::ScratchFolder folder;
  const auto expected = hits_of<bm25::IndexService>(
      {{"from", "documents"}, {"index_dir", folder.path()}}, rows, queries);
  int failures = 0;
  for (const int shards : {1, 3}) {
    const auto found =
        hits_of<opensearch::SearchService>({{"from", "documents"},
                                            {"base_url", Json::array({url})},
                                            {"index_prefix", "rare-of-" + std::to_string(shards)},
                                            {"shards", shards}},
                                           rows, queries);
    std::size_t same = 0;
    for (std::size_t i = 0; i < queries.size(); ++i) {
      if (found[i] == expected[i]) {
        ++same;
      } else if (++failures <= 3) {
        std::printf("query: %s\nexpected:\n%sfound:\n%s", queries[i].c_str(), expected[i].c_str(),
                    found[i].c_str());
      }
    }
    std::printf("%d shard(s): %zu of %zu searches bring the same, bit for bit\n", shards, same,
                queries.size());
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: compare URL FIXTURES\n");
    return 2;
  }
  try {
    return compare(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
