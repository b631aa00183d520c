#include "plugins/bm25/reference_score.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "catch.h"
#include "fixtures.h"
#include "index_fixture.h"
#include "plugins/bm25/analyzer.h"
#include "plugins/bm25/window_search.h"

namespace rare::bm25 {
namespace {

using testing::line_of;
using testing::random_text;
using testing::settings_for;
using testing::TestIndex;
using testing::words;

using Counts = std::vector<std::pair<std::string, int>>;

// Distinct words with their counts, in the order of their first occurrence.
Counts counts_of(const std::vector<std::string>& terms) {
  Counts counts;
  std::map<std::string, std::size_t> places;
  for (const std::string& term : terms) {
    const auto [at, added] = places.try_emplace(term, counts.size());
    if (added) counts.emplace_back(term, 0);
    ++counts[at->second].second;
  }
  return counts;
}

// The formula, document by document.
class PlainReference {
 public:
  PlainReference(const std::vector<std::string>& texts, double k1, double b) : k1_(k1), b_(b) {
    double terms = 0;
    for (const std::string& text : texts) {
      const std::vector<std::string> document = words(text);
      lengths_.push_back(static_cast<double>(document.size()));
      documents_ += document.empty() ? 0 : 1;
      terms += lengths_.back();
      counts_.emplace_back();
      for (const auto& [term, count] : counts_of(document)) {
        counts_.back()[term] = count;
        ++frequencies_[term];
      }
    }
    average_ = terms / documents_;
  }

  std::string line(const std::string& query, std::size_t k) const {
    Counts clauses;
    double length = 0;
    for (const auto& [term, count] : counts_of(words(query))) {
      if (!frequencies_.contains(term)) continue;
      clauses.emplace_back(term, count);
      length += count;
    }
    std::vector<ScoredDocument> hits;
    for (std::size_t document = 0; document < counts_.size(); ++document) {
      double sum = 0;
      bool shares = false;
      for (const auto& [term, count] : clauses) {
        const auto in_document = counts_[document].find(term);
        if (in_document == counts_[document].end()) continue;
        shares = true;
        const double df = frequencies_.at(term);
        const double idf = std::log(1 + (documents_ - df + 0.5) / (df + 0.5));
        sum += idf * saturation(count, length) *
               (idf * saturation(in_document->second, lengths_[document]));
      }
      if (shares) {
        hits.push_back({static_cast<std::uint32_t>(document), static_cast<float>(sum)});
      }
    }
    std::stable_sort(hits.begin(), hits.end(),
                     [](const auto& left, const auto& right) { return left.score > right.score; });
    if (hits.size() > k) hits.erase(hits.begin() + static_cast<std::ptrdiff_t>(k), hits.end());
    return line_of(hits);
  }

 private:
  double saturation(double count, double length) const {
    return count / (count + k1_ * (1 - b_ + b_ * length / average_));
  }

  double k1_, b_;
  std::vector<std::map<std::string, int>> counts_;
  std::vector<double> lengths_;
  std::map<std::string, double> frequencies_;
  double documents_ = 0;
  double average_ = 0;
};

std::vector<std::string> texts_of(std::size_t count) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) {
    // Some are the same, so that scores are, too.
    const std::size_t seed = i % 5 == 4 ? i - 4 : i;
    texts.push_back(i % 17 == 3 ? "" : random_text(seed, seed * 7 % 150, 3000));
  }
  return texts;
}

std::vector<std::string> queries() {
  std::string same;
  for (int i = 0; i < 2'000; ++i) same += "w7 ";
  std::vector<std::string> texts = {"",
                                    "unknown",
                                    "w1",
                                    "w2999",
                                    "w1 w2 w1 w3 w1",
                                    "w1 unknown w2999",
                                    "w5 w5 w5 w5",
                                    "w1 w2 w3 w4 w5 w6",
                                    same + "w9 w11 w1500"};
  for (std::size_t i = 0; i < 20; ++i) {
    texts.push_back(random_text(1'000'000 + i, 1 + i * i * 5 % 150, 3000));
  }
  texts.push_back(random_text(7, 2'000, 3000));
  return texts;
}

BuildSettings reference_settings(Bm25Parameters parameters) {
  BuildSettings settings = settings_for("whitespace", parameters);
  settings.scoring = Scoring::reference;
  return settings;
}

std::string hits_of(const TestIndex& index, const WindowKernels& kernels, std::size_t k) {
  std::vector<Query> batch;
  for (const std::string& text : queries()) batch.push_back(index.query(text, k));
  std::string lines;
  for (const auto& hits : WindowSearcher(index.file(), kernels).search(batch)) {
    lines += line_of(hits) + "\n";
  }
  return lines;
}

TEST_CASE("Scoring by the reference equals its formula, in windows of every size") {
  const std::vector<std::string> texts = texts_of(200);
  const std::vector<std::size_t> ks = {1, 20};
  for (const auto& [k1, b] :
       std::vector<std::pair<double, double>>{{0.9, 0.4}, {0, 0}, {1000, 1}}) {
    const PlainReference plain(texts, k1, b);
    std::vector<std::string> expected;
    for (const std::size_t k : ks) {
      expected.emplace_back();
      for (const std::string& text : queries()) expected.back() += plain.line(text, k) + "\n";
    }
    BuildSettings settings = reference_settings({static_cast<float>(k1), static_cast<float>(b)});
    for (const std::uint32_t window : {64U, 512U, 65536U}) {
      settings.window_documents = window;
      settings.compact = window == 512;
      const TestIndex index(texts, settings);
      for (const WindowKernels& kernels : all_window_kernels()) {
        for (std::size_t i = 0; i < ks.size(); ++i) {
          INFO("k1 " << k1 << ", window " << window << ", " << kernels.name << ", k " << ks[i]);
          CHECK(hits_of(index, kernels, ks[i]) == expected[i]);
        }
      }
    }
  }
}

// Worked out by hand: N = 3, average length 7/3, idf(cat) = ln(1.6), S(cat, "cat") = 1 / 1.6942857,
// S(cat, "cat dog") = 1 / 1.8485714.
TEST_CASE("A score by the reference, worked out by hand") {
  const TestIndex index({"cat dog", "cat cat fish bird", "dog"}, reference_settings({0.9F, 0.4F}));
  const auto hits = index.search("cat unknown", 10);
  REQUIRE(hits.size() == 2);
  CHECK(hits[1].document == 0);
  CHECK(std::abs(hits[1].score - 0.22090341F / 1.6942857F / 1.8485714F) < 1e-6F);
}

TEST_CASE("An index of one scoring does not pass for the other's, and says which it is") {
  const std::vector<std::string> texts = {"a b", "a a a a a a a a a a a a a"};
  const TestIndex lucene(texts), reference(texts, reference_settings({}));
  CHECK(lucene.file().header().scoring() == Scoring::lucene);
  CHECK(reference.file().header().scoring() == Scoring::reference);
  CHECK(line_of(lucene.search("a", 5)) != line_of(reference.search("a", 5)));
}

}  // namespace
}  // namespace rare::bm25
