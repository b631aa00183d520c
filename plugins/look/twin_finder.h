// Which records hold the same text, in memory that is bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rare::look {

// Keeps 24 bytes a text. When there are more than fit, only the texts whose hash falls into half of
// all hashes are kept, then a quarter, ...: a text that is kept is kept with all of its twins, so
// what is found is right, and the count of what there is can be estimated by `one_in()`.
// Texts count as the same when their 64-bit hashes are equal: of a million different texts two are
// taken for twins by mistake in one of 37 million files. Thread-safety: one thread at a time.
class TwinFinder {
 public:
  explicit TwinFinder(std::size_t most_texts) : most_texts_(most_texts) {}

  // `family`: records of one family are no twins of each other (several questions of a document).
  void add(std::uint64_t hash, std::uint64_t family, std::uint64_t record);

  // 1: all texts were compared; 2: every second one, and so on.
  std::uint64_t one_in() const { return std::uint64_t{1} << halvings_; }

  struct Twins {
    std::uint64_t hash = 0;
    std::vector<std::uint64_t> records;  // sorted; no more than are asked for
    std::uint64_t count = 0;             // of records
  };
  struct Found {
    std::uint64_t groups = 0;   // texts that several records hold
    std::uint64_t records = 0;  // that hold one of these
    std::vector<Twins> shown;   // of the groups with the most records, then the earliest
  };
  // Sorts what is kept.
  Found find(std::size_t most_groups, std::size_t most_records_of_each);

 private:
  struct Entry {
    std::uint64_t hash, family, record;
  };
  bool keeps(std::uint64_t hash) const { return (hash & (one_in() - 1)) == 0; }
  void halve();

  std::size_t most_texts_;
  unsigned halvings_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace rare::look
