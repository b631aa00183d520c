#include "engine/state/spill_merge.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <deque>
#include <utility>
#include <vector>

#include "engine/state/folder.h"

namespace rare::engine {
namespace {

// Open files at a time; more runs than that are merged in several passes.
constexpr std::size_t kMergeWidth = 64;
constexpr std::size_t kWriteBytes = 256 * 1024;

struct Run {
  std::string file;
  std::uint64_t bytes = 0;
};

// Writes the frames of one run. The file is a copy of what the spill holds: no sync is needed.
class RunWriter {
 public:
  explicit RunWriter(std::string file) { run_.file = std::move(file); }
  ~RunWriter() {
    if (stream_ != nullptr) std::fclose(stream_);
  }
  RunWriter(const RunWriter&) = delete;
  RunWriter& operator=(const RunWriter&) = delete;

  Status open() {
    stream_ = std::fopen(run_.file.c_str(), "wbe");
    return stream_ != nullptr ? Status() : file_error("cannot write", run_.file, errno);
  }
  Status write(const SpilledRow& row) {
    encode_row(row.family, row.record, buffer_);
    return buffer_.size() < kWriteBytes ? Status() : flush();
  }
  Result<Run> finish() {
    if (Status status = flush(); !status.ok()) return status;
    const bool closed = std::fclose(std::exchange(stream_, nullptr)) == 0;
    if (!closed) return file_error("cannot write", run_.file, errno);
    return run_;
  }

 private:
  Status flush() {
    if (std::fwrite(buffer_.data(), 1, buffer_.size(), stream_) != buffer_.size()) {
      return file_error("cannot write", run_.file, errno);
    }
    run_.bytes += buffer_.size();
    buffer_.clear();
    return Status();
  }
  Run run_;
  std::FILE* stream_ = nullptr;
  std::string buffer_;
};

// Merges up to kMergeWidth runs and removes their files.
class MergedRuns final : public SpilledRows {
 public:
  explicit MergedRuns(std::vector<Run> runs) : runs_(std::move(runs)) {}
  ~MergedRuns() override {
    heads_.clear();
    for (const Run& run : runs_) std::remove(run.file.c_str());
  }

  Status open() {
    for (const Run& run : runs_) {
      auto reader = SpilledRowReader::open(run.file, run.bytes);
      if (!reader) return reader.status();
      Head head{std::move(*reader), SpilledRow()};
      if (Status status = advance(std::move(head)); !status.ok()) return status;
    }
    return Status();
  }

  Result<std::optional<SpilledRow>> next() override {
    if (heads_.empty()) return std::optional<SpilledRow>();
    std::pop_heap(heads_.begin(), heads_.end(), later);
    Head head = std::move(heads_.back());
    heads_.pop_back();
    std::optional<SpilledRow> row = std::move(head.row);
    if (Status status = advance(std::move(head)); !status.ok()) return status;
    return row;
  }

 private:
  struct Head {
    std::unique_ptr<SpilledRowReader> reader;
    SpilledRow row;
  };
  static bool later(const Head& a, const Head& b) { return runs_before(b.row, a.row); }

  Status advance(Head head) {
    Result<std::optional<SpilledRow>> row = head.reader->next();
    if (!row.ok()) return row.status();
    if (!row->has_value()) return Status();
    head.row = std::move(**row);
    heads_.push_back(std::move(head));
    std::push_heap(heads_.begin(), heads_.end(), later);
    return Status();
  }

  std::vector<Run> runs_;
  std::vector<Head> heads_;
};

class Sorter {
 public:
  Sorter(std::string file, std::size_t sort_bytes)
      : file_(std::move(file)), sort_bytes_(sort_bytes) {}
  ~Sorter() {
    for (const Run& run : runs_) std::remove(run.file.c_str());
  }

  Result<std::unique_ptr<SpilledRows>> sort(SpilledRowReader& reader) {
    if (Status status = make_runs(reader); !status.ok()) return status;
    while (runs_.size() > kMergeWidth) {
      if (Status status = merge_oldest(); !status.ok()) return status;
    }
    auto merged = std::make_unique<MergedRuns>(take_runs(runs_.size()));
    if (Status status = merged->open(); !status.ok()) return status;
    return std::unique_ptr<SpilledRows>(std::move(merged));
  }

 private:
  Status make_runs(SpilledRowReader& reader) {
    std::vector<SpilledRow> rows;
    std::size_t bytes = 0;
    for (;;) {
      Result<std::optional<SpilledRow>> row = reader.next();
      if (!row.ok()) return row.status();
      if (row->has_value()) {
        bytes += reader.frame_bytes();
        rows.push_back(std::move(**row));
      }
      const bool last = !row->has_value();
      if (!rows.empty() && (last || bytes >= sort_bytes_)) {
        std::stable_sort(rows.begin(), rows.end(), runs_before);
        if (Status status = write_run(rows); !status.ok()) return status;
        rows.clear();
        bytes = 0;
      }
      if (last) return Status();
    }
  }

  Status write_run(const std::vector<SpilledRow>& rows) {
    RunWriter writer(next_name());
    Status status = writer.open();
    for (const SpilledRow& row : rows) {
      if (status.ok()) status = writer.write(row);
    }
    return status.ok() ? keep(writer) : status;
  }

  Status merge_oldest() {
    MergedRuns merged(take_runs(kMergeWidth));
    RunWriter writer(next_name());
    Status status = merged.open();
    if (status.ok()) status = writer.open();
    while (status.ok()) {
      Result<std::optional<SpilledRow>> row = merged.next();
      if (!row.ok()) return row.status();
      if (!row->has_value()) break;
      status = writer.write(**row);
    }
    return status.ok() ? keep(writer) : status;
  }

  Status keep(RunWriter& writer) {
    Result<Run> run = writer.finish();
    if (!run) return run.status();
    runs_.push_back(std::move(*run));
    return Status();
  }

  std::vector<Run> take_runs(std::size_t count) {
    std::vector<Run> taken(runs_.begin(), runs_.begin() + static_cast<std::ptrdiff_t>(count));
    runs_.erase(runs_.begin(), runs_.begin() + static_cast<std::ptrdiff_t>(count));
    return taken;
  }

  std::string next_name() { return file_ + ".run-" + std::to_string(made_++); }

  const std::string file_;
  const std::size_t sort_bytes_;
  std::deque<Run> runs_;  // oldest first
  std::size_t made_ = 0;
};

}  // namespace

Result<std::unique_ptr<SpilledRows>> merge_sorted(SpilledRowReader& reader, const std::string& file,
                                                  std::size_t sort_bytes) {
  return Sorter(file, sort_bytes).sort(reader);
}

}  // namespace rare::engine
