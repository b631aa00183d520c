#include "external_sort.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <utility>

namespace rare::basic {
namespace {

// Names of runs: several sorts may share a component's folder.
std::string run_path(const std::string& folder) {
  static std::atomic<unsigned long> number{0};
  return folder + "/run-" + std::to_string(number.fetch_add(1));
}

}  // namespace

ExternalSort::ExternalSort(Context& context, std::size_t memory_bytes, Direction direction)
    : context_(context), memory_bytes_(memory_bytes), direction_(direction) {}

// The texts, the entry, its share of a stable sort's buffer and of a vector that grows.
std::size_t ExternalSort::bytes_of(const Entry& entry) {
  return entry.key.size() + entry.payload.size() + 3 * sizeof(Entry);
}

bool ExternalSort::comes_before(const std::string& a, const std::string& b) const {
  return direction_ == Direction::ascending ? a < b : b < a;
}

Status ExternalSort::add(Entry entry) {
  used_bytes_ += bytes_of(entry);
  memory_.push_back(std::move(entry));
  return used_bytes_ < memory_bytes_ ? Status() : write_run();
}

void ExternalSort::sort_memory() {
  std::stable_sort(memory_.begin(), memory_.end(),
                   [this](const Entry& a, const Entry& b) { return comes_before(a.key, b.key); });
}

Result<std::unique_ptr<RunFile>> ExternalSort::new_run() {
  ++runs_written_;
  return RunFile::create(run_path(context_.scratch_folder()));
}

Status ExternalSort::write_run() {
  sort_memory();
  Result<std::unique_ptr<RunFile>> run = new_run();
  if (!run) return run.status();
  for (const Entry& entry : memory_) {
    const Status status = (*run)->write(entry);
    if (!status.ok()) return status;
  }
  const Status status = (*run)->close();
  if (!status.ok()) return status;
  runs_.push_back(std::move(*run));
  memory_ = std::vector<Entry>();
  used_bytes_ = 0;
  return Status();
}

Status ExternalSort::merge(std::vector<std::unique_ptr<RunFile>> runs, bool memory,
                           const std::function<Status(Entry)>& visit) {
  const std::size_t in_memory = runs.size();
  std::size_t memory_at = 0;
  const auto next = [&](std::size_t run) -> Result<std::optional<Entry>> {
    if (run < in_memory) return runs[run]->read();
    if (memory_at == memory_.size()) return std::optional<Entry>();
    return std::optional<Entry>(std::move(memory_[memory_at++]));
  };
  // Of equal keys that of the earlier run leaves first. The heap's top is its largest.
  const auto leaves_later = [this](const Cursor& a, const Cursor& b) {
    if (comes_before(b.entry.key, a.entry.key)) return true;
    return !comes_before(a.entry.key, b.entry.key) && a.run > b.run;
  };
  std::vector<Cursor> heap;
  const auto advance = [&](std::size_t run) {
    Result<std::optional<Entry>> entry = next(run);
    if (!entry) return entry.status();
    if (!*entry) return Status();
    heap.push_back({std::move(**entry), run});
    std::push_heap(heap.begin(), heap.end(), leaves_later);
    return Status();
  };
  for (std::size_t run = 0; run < in_memory + (memory ? 1 : 0); ++run) {
    const Status status = advance(run);
    if (!status.ok()) return status;
  }
  while (!heap.empty()) {
    if (context_.stop_token().stop_requested()) return Status::cancelled();
    std::pop_heap(heap.begin(), heap.end(), leaves_later);
    Cursor first = std::move(heap.back());
    heap.pop_back();
    Status status = visit(std::move(first.entry));
    if (status.ok()) status = advance(first.run);
    if (!status.ok()) return status;
  }
  return Status();
}

// Neighbours only, so that what was added earlier stays in an earlier run.
Status ExternalSort::merge_groups() {
  std::vector<std::unique_ptr<RunFile>> merged;
  for (std::size_t begin = 0; begin < runs_.size(); begin += kFanIn) {
    const std::size_t end = std::min(runs_.size(), begin + kFanIn);
    std::vector<std::unique_ptr<RunFile>> group(
        std::make_move_iterator(runs_.begin() + static_cast<std::ptrdiff_t>(begin)),
        std::make_move_iterator(runs_.begin() + static_cast<std::ptrdiff_t>(end)));
    Result<std::unique_ptr<RunFile>> run = new_run();
    if (!run) return run.status();
    Status status =
        merge(std::move(group), false, [&](const Entry& entry) { return (*run)->write(entry); });
    if (status.ok()) status = (*run)->close();
    if (!status.ok()) return status;
    merged.push_back(std::move(*run));
  }
  runs_ = std::move(merged);
  return Status();
}

Status ExternalSort::drain(const std::function<Status(Entry)>& visit) {
  while (runs_.size() > kFanIn) {
    const Status status = merge_groups();
    if (!status.ok()) return status;
  }
  sort_memory();
  Status status = merge(std::move(runs_), true, visit);
  runs_.clear();
  memory_.clear();
  used_bytes_ = 0;
  return status;
}

}  // namespace rare::basic
