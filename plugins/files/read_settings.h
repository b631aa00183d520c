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
  // jsonl, csv, tsv, lines of text: a last line without a line break may not be whole yet, and is
  // left (RecordReader::unfinished_line). A whole object of JSON is whole without one.
  bool leaves_unfinished_line = false;
};

}  // namespace rare::files
