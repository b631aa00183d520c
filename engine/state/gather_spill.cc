#include "engine/state/gather_spill.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "engine/state/folder.h"
#include "engine/state/spill_merge.h"

namespace rare::engine {
namespace {

constexpr std::size_t kRowsInMemoryBytes = 1u << 20;

// Rows that stand in the file in the order of the run.
class RowsAsWritten final : public SpilledRows {
 public:
  explicit RowsAsWritten(std::unique_ptr<SpilledRowReader> reader) : reader_(std::move(reader)) {}
  Result<std::optional<SpilledRow>> next() override { return reader_->next(); }

 private:
  std::unique_ptr<SpilledRowReader> reader_;
};

}  // namespace

Result<std::unique_ptr<GatherSpill>> GatherSpill::open(std::string file,
                                                       const std::optional<Offset>& committed) {
  if (Status status = make_private_folder(parent_folder(file)); !status.ok()) return status;
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return file_error("cannot open", file, errno);
  std::unique_ptr<GatherSpill> spill(new GatherSpill(std::move(file), descriptor));
  // What is committed later must not stand in a file whose name a loss of power takes back.
  if (Status status = sync_folder(parent_folder(spill->file_)); !status.ok()) return status;
  if (committed) {
    spill->bytes_ = committed->token.at("bytes");
    spill->ordered_ = committed->token.at("ordered");
    const Json& last = committed->token.at("last");
    spill->last_ = {last.at(0), last.at(1), last.at(2)};
  }
  const off_t found = lseek(descriptor, 0, SEEK_END);
  if (found < static_cast<off_t>(spill->bytes_)) {
    return Status::run_fault(
        StatusCode::invalid_data,
        spill->file_ + " is shorter than what was committed (" + std::to_string(found) + " of " +
            std::to_string(spill->bytes_) +
            " bytes): records that waited there are gone. Start again with --fresh: replies are "
            "kept, so nothing is paid for twice.");
  }
  if (ftruncate(descriptor, static_cast<off_t>(spill->bytes_)) != 0 ||
      lseek(descriptor, 0, SEEK_END) < 0) {
    return file_error("cannot cut back", spill->file_, errno);
  }
  return spill;
}

GatherSpill::~GatherSpill() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Status GatherSpill::append(const RunPlace& family, std::span<const Record> rows) {
  if (family < last_) ordered_ = false;
  last_ = family;
  for (const Record& record : rows) {
    const std::size_t before = buffer_.size();
    encode_row(family, record, buffer_);
    bytes_ += buffer_.size() - before;
    if (buffer_.size() < kRowsInMemoryBytes) continue;
    if (Status status = flush(); !status.ok()) return status;
  }
  return Status();
}

Status GatherSpill::flush() {
  std::string_view left = buffer_;
  while (!left.empty()) {
    const ssize_t written = ::write(descriptor_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_error("cannot write", file_, errno);
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  buffer_.clear();
  return Status();
}

Result<Offset> GatherSpill::sync() {
  if (Status status = flush(); !status.ok()) return status;
  if (fdatasync(descriptor_) != 0) return file_error("cannot sync", file_, errno);
  return Offset{{{"bytes", bytes_},
                 {"ordered", ordered_},
                 {"last", {last_.level, last_.ordinal, last_.origin}}}};
}

Result<std::unique_ptr<SpilledRows>> GatherSpill::in_order(std::size_t sort_bytes) const {
  auto reader = SpilledRowReader::open(file_, bytes_);
  if (!reader) return reader.status();
  if (!ordered_) return merge_sorted(**reader, file_, sort_bytes);
  return std::unique_ptr<SpilledRows>(std::make_unique<RowsAsWritten>(std::move(*reader)));
}

Status GatherSpill::remove() {
  ::close(std::exchange(descriptor_, -1));
  return remove_file(file_).status();
}

}  // namespace rare::engine
