#include "read_parameters.h"

#include "decoded_bytes.h"
#include "json_path.h"

namespace rare::files {

ReadSettings ReadParameters::settings() const {
  ReadSettings settings;
  settings.delimiter = delimiter_ == "tab" || delimiter_ == "\\t" ? "\t" : delimiter_;
  settings.columns = columns_;
  settings.infer = infer_;
  settings.split = split_;
  settings.records = records_;
  settings.encoding = encoding_;
  return settings;
}

Status ReadParameters::check_settings() const {
  if (const auto way = parse_json_path(records_); !way) {
    return Status::run_fault(StatusCode::invalid_argument, "records: " + way.status().message());
  }
  if (!is_utf8(encoding_) && !is_encoding(encoding_)) {
    return Status::run_fault(
        StatusCode::invalid_argument,
        "encoding: expected a name that ICU knows, such as utf-16, latin1, "
        "windows-1252, gb18030 or shift_jis, came " +
            Json(encoding_).dump(-1, ' ', true, Json::error_handler_t::replace));
  }
  const std::string delimiter = settings().delimiter;
  if (delimiter == "auto") return Status();
  if (delimiter.size() == 1 && delimiter.find_first_of("\"\r\n") == std::string::npos) {
    return Status();
  }
  return Status::run_fault(StatusCode::invalid_argument,
                           "delimiter: expected one ASCII character other than a quote or a line "
                           "break, tab or auto, came " +
                               Json(delimiter).dump(-1, ' ', true, Json::error_handler_t::replace));
}

}  // namespace rare::files
