// Short ways to make records of a run and to see what an export makes of them.
#pragma once

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "rare/testing/harness.h"
#include "scratch_folder.h"

namespace rare::exports::test {

// As the pipeline rare.yaml finishes it.
inline Json finished(int number) {
  const std::string n = std::to_string(number);
  return {{"id", "doc-" + n},
          {"text", "Document " + n},
          {"question", "Question " + n},
          {"scenario", "Scenario " + n},
          {"hard_negatives", {"First " + n, "Second " + n}},
          {"passages_order", {2, 0, 1}},
          {"reasoning", "Step 1: passage 2 matters.\nAnswer: " + n}};
}

inline Record record_of(Json fields, std::uint64_t ordinal = 0) {
  return Record(std::move(fields), RecordId(0, nullptr, ordinal));
}

inline std::string text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::vector<Json> rows_in(const std::string& text) {
  std::vector<Json> rows;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    rows.push_back(Json::parse(text.substr(at, end - at)));
    at = end + 1;
  }
  return rows;
}

// What encode() puts behind the part, the models and what is left out.
inline std::vector<Json> rows_of(const Result<std::string>& encoded) {
  if (!encoded.ok()) return {Json(encoded.status().message())};
  return rows_in(encoded->substr(encoded->find('\n', encoded->find('\n') + 1) + 1));
}

}  // namespace rare::exports::test
