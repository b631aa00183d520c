// What a report says of rows, gathered row by row in memory that does not grow with their number.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "field_roles.h"
#include "histogram.h"
#include "near_twins.h"
#include "rare/json.h"
#include "twin_finder.h"

namespace rare::look {

// Rows of one kind: how many, and the first of them, by number.
class NotedRows {
 public:
  static constexpr std::size_t kMostShown = 12;
  void add(std::uint64_t row);
  void merge(const NotedRows& other);
  std::uint64_t count() const { return count_; }
  const std::vector<std::uint64_t>& first() const { return first_; }  // sorted

 private:
  void keep(std::uint64_t row);
  std::uint64_t count_ = 0;
  std::vector<std::uint64_t> first_;
};

// A sample of rows, each as likely as every other: those whose numbers, mixed with the seed, come
// out smallest. It depends on neither the order of the rows nor on who saw which.
class RowSample {
 public:
  RowSample(std::uint64_t seed, std::size_t size) : seed_(seed), size_(size) {}
  void add(std::uint64_t row);
  void merge(const RowSample& other);
  std::vector<std::uint64_t> rows() const;  // sorted

 private:
  void keep(std::pair<std::uint64_t, std::uint64_t> drawn);
  std::uint64_t seed_;
  std::size_t size_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> drawn_;  // a heap, the largest first
};

// One field, over all rows.
struct FieldTally {
  static constexpr std::size_t kTypes = 6;
  static const std::array<const char*, kTypes> kTypeNames;

  std::uint64_t present = 0;
  std::array<std::uint64_t, kTypes> types{};
  Histogram characters = Histogram::of_magnitudes();  // of texts, and of lists of texts as a whole
  Histogram tokens = Histogram::of_magnitudes();      // estimated (plugins/tokens)

  void merge(const FieldTally& other);
};

// Twins are looked for over all rows, by whichever thread.
struct SharedTwins {
  // 48 MB each, and 88 MB.
  static constexpr std::size_t kMostTexts = std::size_t{1} << 21;
  static constexpr std::size_t kMostNearTexts = std::size_t{1} << 20;
  std::mutex mutex;
  TwinFinder texts{kMostTexts}, questions{kMostTexts};
  NearTwinFinder near_texts{kMostNearTexts};
};

// Thread-safety: one thread at a time; each thread has its own, which are merged at the end.
class RowAnalysis {
 public:
  static constexpr std::size_t kSampled = 20;
  // Fields that are shown, and that each thread counts.
  static constexpr std::size_t kMostFields = 64, kMostCountedFields = 256;
  // Questions of fewer words are short, those of more are long; so are documents.
  static constexpr std::size_t kShortQuestionWords = 4, kLongQuestionWords = 150;
  static constexpr std::size_t kShortTextWords = 10, kLongTextWords = 6000;
  // A question of so many words that stands in the document word for word is a copy.
  static constexpr std::size_t kCopiedWords = 6;

  // REQUIRES: `twins` outlives it.
  RowAnalysis(FieldRoles roles, std::uint64_t seed, SharedTwins& twins);
  ~RowAnalysis();
  RowAnalysis(const RowAnalysis&) = delete;
  RowAnalysis& operator=(const RowAnalysis&) = delete;

  // REQUIRES: 64 readable bytes behind `row`, which is JSON text. What is no object is noted.
  void add(std::uint64_t number, std::string_view row);
  void add_unreadable(std::uint64_t number, const std::string& why);
  // What twins are looked for in goes to SharedTwins now and then; the rest by this.
  void flush();
  void merge(const RowAnalysis& other);

  std::uint64_t rows() const { return rows_; }
  std::vector<std::uint64_t> sampled() const { return sample_.rows(); }
  // {"rows", "unreadable", "fields", "fields_left_out", "fields_uncounted", "problems", "suspects",
  // "lengths", "overlap", "scores", "ranks"}: see docs/looking.md. Of too many fields those that
  // most rows have are shown; `fields_uncounted`: how often one came up that could not even be
  // counted, and then the counts of fields are the least that there are.
  Json to_json() const;

 private:
  struct Scratch;
  struct Measure;
  struct TwinEntry {
    std::uint64_t hash, family, row;
  };
  void take_fields(std::uint64_t number);
  void take_text(std::string_view key, std::string_view text);
  void take_list(std::uint64_t number, std::string_view key, Measure& measure);
  void note_problem(std::uint64_t number, std::string_view field, const std::string& what);
  void compare(std::uint64_t number);
  void note_text(std::uint64_t number);
  void judge_question(std::uint64_t number);
  void judge_negatives(std::uint64_t number);
  void judge_reasoning(std::uint64_t number);
  void take_scores(std::uint64_t number);
  FieldTally* tally_of(std::string_view field);

  FieldRoles roles_;
  SharedTwins& twins_;
  std::unique_ptr<Scratch> scratch_;
  std::vector<TwinEntry> texts_, questions_;  // not yet in twins_
  std::vector<NearTwinFinder::Text> near_texts_;

  std::uint64_t rows_ = 0;
  NotedRows unreadable_;
  std::vector<std::pair<std::uint64_t, std::string>> faults_;  // of the first unreadable ones
  std::uint64_t fields_uncounted_ = 0;
  std::map<std::string, FieldTally, std::less<>> fields_;
  std::map<std::string, NotedRows> problems_, suspects_;
  RowSample sample_;
  Histogram overlap_positive_ = Histogram::of_shares();
  Histogram overlap_negatives_ = Histogram::of_shares();  // the best negative of each row
  Histogram scores_positive_ = Histogram::of_magnitudes();
  Histogram scores_negatives_ = Histogram::of_magnitudes();
  Histogram ranks_positive_ = Histogram::of_magnitudes();
  Histogram ranks_negatives_ = Histogram::of_magnitudes();
};

}  // namespace rare::look
