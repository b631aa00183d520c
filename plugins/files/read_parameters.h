// The parameters that whatever reads files has: files.read, and the verbs.
#pragma once

#include <string>
#include <vector>

#include "format.h"
#include "rare/spec.h"
#include "rare/status.h"
#include "read_settings.h"

namespace rare::files {

struct ReadParameters {
  std::string format_ = "auto";
  std::string delimiter_ = "auto";
  std::vector<std::string> columns_;
  bool infer_ = false;
  std::string split_ = "file";
  std::string records_;
  std::string encoding_ = "utf-8";

  ReadSettings settings() const;
  // A run fault (invalid_argument) names the parameter.
  Status check_settings() const;
};

// T has ReadParameters as a public base.
template <class T>
Spec& add_read_parameters(Spec& spec) {
  std::string T::*format = &T::format_;
  std::string T::*delimiter = &T::delimiter_;
  std::vector<std::string> T::*columns = &T::columns_;
  bool T::*infer = &T::infer_;
  std::string T::*split = &T::split_;
  std::string T::*records = &T::records_;
  std::string T::*encoding = &T::encoding_;
  return spec
      .param(format, "format", "auto",
             "How the files are written; auto goes by each file's extension.")
      .choices(formats_to_read())
      .param(delimiter, "delimiter", "auto",
             "csv, tsv: the character between cells, or tab; auto: a tab in tsv, else the one of "
             ", ; | and tab that the first line has most of.")
      .param(columns, "columns", std::vector<std::string>(),
             "csv, tsv: the fields of files that have no header line. parquet: the columns to "
             "read; empty: all.")
      .param(infer, "infer", false,
             "csv, tsv: whether a cell without quotes that is a number as JSON writes it, true, "
             "false or empty becomes a number, true, false or null. Otherwise every cell is text.")
      .param(split, "split", "file",
             "text, markdown: what a record is. It has the fields text and path, and line where "
             "it is a part of its file.")
      .choices({"file", "paragraph", "line"})
      .param(records, "records", "",
             "json: where in each document the array of records stands, as names of members: "
             "$.data.items. Empty: the document is the array, or the only record.")
      .param(encoding, "encoding", "utf-8",
             "All but parquet: how the files are encoded, by ICU's names: utf-16, latin1, "
             "windows-1252, gb18030, shift_jis and many more.");
}

}  // namespace rare::files
