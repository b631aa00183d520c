// Short ways to drive files.write as the engine does.
#pragma once

#include "file_fixture.h"

namespace rare::files::test {

inline std::unique_ptr<WriteSink> sink_of(const std::string& path, Json more = Json::object()) {
  more["path"] = path;
  return testing::make<WriteSink>(more);
}

inline Status write_rows(WriteSink& sink, const std::vector<Json>& objects) {
  std::vector<Record> rows;
  for (const Json& object : objects) rows.emplace_back(object);
  return sink.write(rows);
}

inline std::string part(const std::string& path) { return path + ".part"; }
inline bool exists(const std::string& path) { return std::filesystem::exists(path); }

}  // namespace rare::files::test
