// CSV: every position goes on alike, every record has the header's fields, and what is read comes
// back when it is written; in one piece and byte by byte.
#include <cstddef>
#include <cstdint>

#include "csv_reader.h"
#include "csv_rows.h"
#include "reader_fuzz.h"

namespace {

using namespace rare::files;
using namespace rare::files::fuzz;
using rare::Json;

class InferringReader final : public RecordReader {
 public:
  rare::Status open(const std::string& path, const ReaderPosition& from,
                    std::uint64_t end) override {
    return reader_.open(path, from, end);
  }
  rare::Result<std::optional<Json>> next() override { return reader_.next(); }
  ReaderPosition position() const override { return reader_.position(); }
  std::uint64_t file_offset() const override { return reader_.file_offset(); }

 private:
  static ReadSettings settings() {
    ReadSettings settings;
    settings.infer = true;
    return settings;
  }
  CsvReader reader_{settings(), ','};
};

// A row that is seen byte by byte is the row that is seen at once.
void check_scan(std::string_view bytes) {
  CsvScan whole(',');
  CsvScan pieces(',');
  while (!bytes.empty()) {
    whole.begin();
    expect(whole.take(bytes, true));
    pieces.begin();
    std::size_t seen = 1;
    while (!pieces.take(bytes.substr(0, seen), seen == bytes.size())) ++seen;
    expect(pieces.size() == whole.size() && pieces.cell_count() == whole.cell_count());
    expect(pieces.problem().has_value() == whole.problem().has_value());
    expect(whole.size() > 0);
    bytes.remove_prefix(whole.size());
  }
}

// Written and read again it is the same.
void check_round_trip(const Reading& reading) {
  WriteSettings settings;
  std::vector<Json> rows;
  for (const std::optional<Json>& item : reading.items) {
    if (item) rows.push_back(*item);
  }
  if (rows.empty()) return;
  for (const auto& [name, value] : rows.front().items()) settings.fields.push_back(name);
  const auto format = CsvRows::make(settings, ',');
  expect(format.ok());
  std::string text = (*format)->head();
  for (const Json& row : rows) {
    std::vector<RowField> fields;
    for (const std::string& name : settings.fields) fields.push_back({&name, &row.at(name)});
    const auto encoded = (*format)->encode(fields);
    expect(encoded.ok());
    text += *encoded;
  }
  const MemoryFile file(text);
  const Reading again = read_from<InferringReader>(file.path(), text.size(), {});
  expect(!again.fault && again.items.size() == rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    // A row of one null is written as an empty text: a blank line would be no record.
    expect(again.items[i] == rows[i] || (rows[i].size() == 1 && rows[i].begin()->is_null()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (size < 4096) check_scan(bytes);
  const MemoryFile file(bytes);
  InferringReader reader;
  if (!reader.open(file.path(), {}, size).ok()) return 0;  // a header that names no fields
  const Reading reading = read_from<InferringReader>(file.path(), size, {});
  for (const std::optional<Json>& item : reading.items) {
    expect(!item ||
           item->size() == (reading.items.front() ? reading.items.front()->size() : item->size()));
  }
  check_positions<InferringReader>(file.path(), size, reading);
  check_round_trip(reading);
  return 0;
}
