// JSON Lines against nlohmann's parser, line by line.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "jsonl_reader.h"
#include "reader_fuzz.h"

namespace {

using rare::Json;

std::vector<std::optional<Json>> expected_items(std::string_view bytes) {
  bytes.remove_prefix(rare::files::byte_order_mark_bytes(bytes));
  std::vector<std::optional<Json>> items;
  while (!bytes.empty()) {
    const std::string_view line = bytes.substr(0, bytes.find('\n'));
    bytes.remove_prefix(std::min(bytes.size(), line.size() + 1));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    Json value = Json::parse(line, nullptr, false);
    // nlohmann takes a NUL byte for the end of the text.
    const bool read = line.find('\0') == std::string_view::npos && value.is_object() &&
                      rare::files::nesting_is_allowed(value);
    items.push_back(read ? std::optional<Json>(std::move(value)) : std::nullopt);
  }
  return items;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using rare::files::JsonlReader;
  using namespace rare::files::fuzz;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const MemoryFile file(bytes);
  const Reading reading = read_from<JsonlReader>(file.path(), size, {});
  expect(!reading.fault);
  expect(reading.items == expected_items(bytes));
  check_positions<JsonlReader>(file.path(), size, reading);
  return 0;
}
