#include "index_fixture.h"

#include <bit>
#include <cmath>
#include <cstdio>
#include <random>
#include <stdexcept>

#include "fixtures.h"

namespace rare::bm25::testing {

BuildSettings settings_for(const std::string& analyzer, Bm25Parameters parameters) {
  BuildSettings settings;
  settings.analyzer = analyzer;
  settings.parameters = parameters;
  return settings;
}

std::filesystem::path build_index(const std::filesystem::path& folder,
                                  const std::vector<std::string>& texts,
                                  const BuildSettings& settings) {
  const auto path = folder / "test.index";
  auto builder = IndexBuilder::make(folder, settings);
  Status status = builder.status();
  for (const std::string& text : texts) {
    if (status.ok()) status = (*builder)->add(text);
  }
  if (status.ok()) status = (*builder)->finish(path);
  if (!status.ok()) throw std::runtime_error(status.message());
  return path;
}

TestIndex::TestIndex(const std::vector<std::string>& texts, const BuildSettings& settings)
    : path_(build_index(folder_.path(), texts, settings)) {
  auto index = IndexFile::open(path_, IndexFile::Check::all);
  if (!index) throw std::runtime_error(index.status().message());
  index_ = std::move(*index);
}

Query TestIndex::query(const std::string& text, std::size_t k) const {
  return query_of(*index_, make_analyzer(index_->analyzer())->terms_of(text), k);
}

std::vector<ScoredDocument> TestIndex::search(const std::string& text, std::size_t k) const {
  const std::vector<Query> queries = {query(text, k)};
  return WindowSearcher(*index_).search(queries)[0];
}

std::string line_of(const std::vector<ScoredDocument>& hits) {
  std::string line;
  for (const ScoredDocument& hit : hits) {
    char text[32];
    std::snprintf(text, sizeof text, "%u:%08x", hit.document,
                  std::bit_cast<std::uint32_t>(hit.score));
    line += (line.empty() ? "" : " ") + std::string(text);
  }
  return line;
}

std::string random_text(std::uint64_t seed, std::size_t length, std::size_t vocabulary) {
  std::mt19937_64 random(seed);
  std::string text;
  for (std::size_t i = 0; i < length; ++i) {
    const double share = static_cast<double>(random() >> 11) * 0x1p-53;
    const auto rank = static_cast<std::uint64_t>(std::pow(static_cast<double>(vocabulary), share));
    text += (i == 0 ? "w" : " w") + std::to_string(rank);
  }
  return text;
}

}  // namespace rare::bm25::testing
