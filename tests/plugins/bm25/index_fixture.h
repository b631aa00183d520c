// Index files for tests: built in a folder of the test's own, searched, printed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "plugins/bm25/index_builder.h"
#include "plugins/bm25/index_file.h"
#include "plugins/bm25/window_search.h"
#include "scratch_folder.h"

namespace rare::bm25::testing {

BuildSettings settings_for(const std::string& analyzer, Bm25Parameters parameters = {});

// Builds an index over the texts as FOLDER/test.index. Throws what went wrong.
std::filesystem::path build_index(const std::filesystem::path& folder,
                                  const std::vector<std::string>& texts,
                                  const BuildSettings& settings);

// An index over the texts, and what it finds.
class TestIndex {
 public:
  explicit TestIndex(const std::vector<std::string>& texts,
                     const BuildSettings& settings = settings_for("whitespace"));
  const IndexFile& file() const { return *index_; }
  const std::filesystem::path& path() const { return path_; }
  Query query(const std::string& text, std::size_t k) const;
  std::vector<ScoredDocument> search(const std::string& text, std::size_t k) const;

 private:
  rare::testing::ScratchFolder folder_;
  std::filesystem::path path_;
  std::unique_ptr<const IndexFile> index_;
};

// "document:score bits" of each hit, as the fixtures write them.
std::string line_of(const std::vector<ScoredDocument>& hits);

// A text of `length` words, frequent ones more often than rare ones, out of `vocabulary`; the same
// for the same seed.
std::string random_text(std::uint64_t seed, std::size_t length, std::size_t vocabulary);

}  // namespace rare::bm25::testing
