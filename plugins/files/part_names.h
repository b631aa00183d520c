// The names of an output that is several files: out/rare.jsonl.gz becomes out/rare-00000.jsonl.gz
// and so on.
// Thread-safety: values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rare/status.h"

namespace rare::files {

class PartNames {
 public:
  // Without `is_divided` there is one part, and its name is the path.
  PartNames(std::string path, bool is_divided);

  std::string name(std::uint64_t part) const;
  // For messages: with a * in the number's place.
  std::string pattern() const;
  std::vector<std::string> first(std::uint64_t parts) const;
  // Removes files from `part` on that an earlier, longer output has left, even where some of them
  // are missing: who reads the folder would take them for a part of this one. With `suffix`, those
  // that have it behind their name.
  Status remove_from(std::uint64_t part, const std::string& suffix = "") const;

 private:
  // The numbers of the files that are there, in order.
  Result<std::vector<std::uint64_t>> there_from(std::uint64_t part,
                                                const std::string& suffix) const;

  bool is_divided_;
  std::string before_, behind_;  // the number
};

}  // namespace rare::files
