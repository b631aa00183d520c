// The parameters of a reader. Which of them a format knows is said beside each.
#pragma once

#include <string>
#include <vector>

namespace rare::files {

struct ReadSettings {
  std::string delimiter = "auto";  // csv, tsv: one character
  // csv, tsv: the fields of a file that has no header line. parquet: the columns to read; empty:
  // all.
  std::vector<std::string> columns;
  bool infer = false;          // csv, tsv: cells that mean numbers, true, false or null are such
  std::string split = "file";  // text, markdown: what a record is
  std::string records;         // json: where in a document the array of records is
  std::string encoding = "utf-8";  // all that are text
};

}  // namespace rare::files
