// The page that describes a data set: README.md with the front matter that the `datasets` library
// and the Hugging Face Hub read.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "rare/json.h"
#include "rare/status.h"

namespace rare::exports {

struct PartCounts {
  std::uint64_t records = 0;
  std::uint64_t rows = 0;
};

struct DatasetCounts {
  PartCounts train, validation;
  // Records by what they were made with, {NODE: MODEL} as JSON text.
  std::map<std::string, std::uint64_t> models;
  // Texts of written records that are in no row, by why.
  std::map<std::string, std::uint64_t> left_out;
};

struct DatasetCard {
  std::string title;
  std::string description;
  std::string license;
  Json more = Json::object();  // further keys of the front matter
  Json features;               // of the rows, as the front matter names them
  Json settings;               // of the export
  DatasetCounts counts;
};

// What is wrong with further keys: they are no map, or hold one that the card writes itself.
// Errors are run faults (invalid_argument).
Status check_card_keys(const Json& more);

// Whether a README.md is such a page: it has the mark that dataset_card_text() puts into each.
bool is_dataset_card(const std::string& text);

// The page. A part without rows is no split: a file without rows cannot be loaded. Equal cards give
// equal pages.
std::string dataset_card_text(const DatasetCard& card);

}  // namespace rare::exports
