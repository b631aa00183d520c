// JSON against nlohmann's parser: what it takes as an array of objects is read as that; what it
// refuses never passes without an error.
#include <cstddef>
#include <cstdint>

#include "json_reader.h"
#include "reader_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using rare::Json;
  using rare::files::JsonReader;
  using namespace rare::files::fuzz;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const MemoryFile file(bytes);
  const Reading reading = read_from<JsonReader>(file.path(), size, {});
  bool errors = reading.fault;
  for (const std::optional<Json>& item : reading.items) errors = errors || !item;

  // nlohmann takes a NUL byte for the end of the text.
  const bool nul = bytes.find('\0') != std::string_view::npos;
  const Json whole = nul ? Json(Json::value_t::discarded) : Json::parse(bytes, nullptr, false);
  if (whole.is_object() && rare::files::nesting_is_allowed(whole)) {
    expect(!errors && reading.items.size() == 1 && *reading.items[0] == whole);
  } else if (whole.is_array()) {
    expect(!reading.fault && reading.items.size() == whole.size());
    for (std::size_t i = 0; i < whole.size(); ++i) {
      const bool readable = whole[i].is_object() && rare::files::nesting_is_allowed(whole[i]);
      expect(reading.items[i].has_value() == readable);
      if (readable) expect(*reading.items[i] == whole[i]);
    }
  } else {
    expect(errors);
  }
  check_positions<JsonReader>(file.path(), size, reading);
  return 0;
}
