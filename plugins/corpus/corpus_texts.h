// The texts of a corpus, record by record, with what the corpus calls them.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "rare/context.h"
#include "rare/record.h"
#include "rare/status.h"

namespace rare::corpus {

// The text of a record's field. Fails when it is missing, not text, or empty but for white space;
// the message names the field and what came. Any thread.
Result<std::string_view> text_field(const Record& record, const std::string& field);

struct CorpusFields {
  std::string text;
  std::string id;  // text or an integer; empty: records have no ids
};

// Where reading is. Read from any thread.
struct ReadProgress {
  std::atomic<std::uint64_t> records{0};  // read so far
  std::atomic<std::uint64_t> skipped{0};  // of them, without text in the field
};

// Gets each record's text, empty where there is none, and its id, empty where it has none.
using TakeText = std::function<Status(std::string_view text, std::string_view id)>;

// Hands over all records, in order. Fails when the stream or `take` does, when there are records
// and none has text in the field, and as cancelled when `stopped` (any thread) says so.
Status read_texts(RecordStream& records, const CorpusFields& fields,
                  const std::function<bool()>& stopped, ReadProgress& progress,
                  const TakeText& take);

}  // namespace rare::corpus
