#include "engine/runtime/committer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/runtime/at_work.h"
#include "engine/runtime/boundary.h"
#include "engine/runtime/crash_report.h"
#include "engine/runtime/rows_in_order.h"

namespace rare::engine {
namespace {

constexpr std::size_t kCheckpointBytes = 64u << 20;

}  // namespace

Committer::Committer(Setup setup)
    : setup_(std::move(setup)),
      disk_(setup_.state->folder()),
      total_(setup_.plan->nodes.size()),
      since_checkpoint_(setup_.plan->nodes.size()),
      started_(std::chrono::steady_clock::now()),
      last_checkpoint_(started_),
      thread_([this] { loop(); }) {}

Committer::~Committer() { close(); }

void Committer::source_opened(std::uint32_t source, std::string node, Position position,
                              std::uint64_t next_ordinal, IntervalSet finished) {
  SourceState state;
  state.opened = true;
  state.node = std::move(node);
  state.position = std::move(position);
  state.position_ordinal = next_ordinal;
  state.next_to_write = finished.first_missing();
  state.skipped = std::move(finished);
  const std::lock_guard lock(mutex_);
  inbox_.opened.emplace_back(source, std::move(state));
}

void Committer::source_read(std::uint32_t source, std::uint64_t first, std::uint64_t end,
                            std::uint64_t records, Position after) {
  const std::lock_guard lock(mutex_);
  inbox_.read.push_back({source, first, end, records, std::move(after)});
}

void Committer::source_ended(std::uint32_t source) {
  {
    const std::lock_guard lock(mutex_);
    inbox_.ended.push_back(source);
  }
  changed_.notify_one();
}

std::size_t Committer::submit(std::vector<std::unique_ptr<Family>>& families) {
  std::size_t held = 0;
  for (const FamilyPointer& family : families) {
    family->bytes = family->bytes_in_memory();
    const std::size_t waiting = inbox_bytes_.fetch_add(family->bytes) + family->bytes;
    family->holds_credit = waiting > setup_.window_bytes;
    if (family->holds_credit) ++held;
  }
  {
    const std::lock_guard lock(mutex_);
    for (FamilyPointer& family : families) inbox_.families.push_back(std::move(family));
  }
  changed_.notify_one();
  return held;
}

void Committer::settle() {
  std::unique_lock lock(mutex_);
  const std::uint64_t wanted = ++settle_wanted_;
  changed_.notify_one();
  settled_.wait(lock, [&] { return settle_done_ >= wanted || closing_; });
}

Ledger Committer::ledger() const {
  const std::lock_guard lock(total_mutex_);
  return total_.ledger;
}

void Committer::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_one();
  settled_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Committer::loop() {
  begin_engine_thread("output");
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait_for(lock, setup_.checkpoint_every, [this] {
      return closing_ || settle_wanted_ > settle_done_ || !inbox_.families.empty() ||
             !inbox_.ended.empty();
    });
    const bool last = closing_;
    const std::uint64_t settling = settle_wanted_;
    Inbox inbox = std::exchange(inbox_, {});
    lock.unlock();
    take_in(std::move(inbox));
    if (setup_.plan->config.order == Order::input) write_in_order();
    return_credits();
    if (last || settling > settle_done_ || checkpoint_due()) checkpoint();
    lock.lock();
    if (settling > settle_done_) {
      settle_done_ = settling;
      settled_.notify_all();
    }
    if (last && inbox_.families.empty()) break;
  }
  // Who still waits does so for a family that was abandoned: nothing of it is written.
}

void Committer::take_in(Inbox inbox) {
  for (auto& [source, state] : inbox.opened) {
    if (sources_.size() <= source) sources_.resize(source + 1);
    sources_[source] = std::move(state);
  }
  for (SourceRead& read : inbox.read) note_read(std::move(read));
  for (const std::uint32_t source : inbox.ended) sources_[source].ended = true;
  for (FamilyPointer& family : inbox.families) {
    const std::size_t bytes = family->bytes;
    if (family->holds_credit) ++credits_to_return_;
    place(std::move(family));
    inbox_bytes_.fetch_sub(bytes);
  }
}

void Committer::note_read(SourceRead read) {
  SourceState& source = sources_[read.source];
  Position before = std::exchange(source.position, std::move(read.after));
  source.position_ordinal = read.end;
  if (read.records > 0) source.live.push_back({read.first, read.records, std::move(before)});
}

void Committer::place(FamilyPointer family) {
  if (setup_.plan->config.order == Order::any) {
    write(std::move(family));
    return;
  }
  SourceState& source = sources_[family->root.source()];
  const std::size_t at = family->root.ordinal() - source.next_to_write;
  if (source.waiting.size() <= at) source.waiting.resize(at + 1);
  if (waiting_bytes_ + family->bytes > setup_.window_bytes) write_in_order();
  const std::size_t now_at = family->root.ordinal() - source.next_to_write;
  keep_early(std::move(family), source.waiting[now_at], now_at == 0);
}

// `is_next`: of its source, so it will not wait for long.
void Committer::keep_early(FamilyPointer family, Early& place, bool is_next) {
  if (broken_) return;  // nothing more is written
  if (is_next || waiting_bytes_ + family->bytes <= setup_.window_bytes) {
    waiting_bytes_ += family->bytes;
    place.family = std::move(family);
    return;
  }
  Result<SegmentStore::Slot> slot = disk_.put(family->encode());
  if (!slot) return break_off(slot.status());
  place.slot = *slot;
}

// Nothing when it cannot be read back.
Committer::FamilyPointer Committer::take_early(Early& place) {
  if (place.family) {
    waiting_bytes_ -= place.family->bytes;
    return std::move(place.family);
  }
  Result<std::string> bytes = disk_.take(*place.slot);
  Status status = bytes.status();
  if (status.ok()) {
    Result<FamilyPointer> family = Family::decode(*bytes);
    if (family) {
      (*family)->bytes = (*family)->bytes_in_memory();
      return std::move(*family);
    }
    status = family.status();
  }
  break_off(status);
  return nullptr;
}

// From here on nothing is written, and nothing more committed.
void Committer::break_off(const Status& fault) {
  broken_ = true;
  setup_.control->fail(fault);
}

void Committer::write_in_order() {
  for (;;) {
    SourceState* first = nullptr;  // whose family is next in the whole order
    for (SourceState& source : sources_) {
      const std::uint64_t next = source.skipped.next_missing(source.next_to_write);
      const std::uint64_t passed =
          std::min<std::uint64_t>(next - source.next_to_write, source.waiting.size());
      source.waiting.erase(source.waiting.begin(),
                           source.waiting.begin() + static_cast<std::ptrdiff_t>(passed));
      source.next_to_write = next;
      if (source.may_give_more() &&
          (first == nullptr || source.next_to_write < first->next_to_write)) {
        first = &source;
      }
    }
    if (first == nullptr || first->waiting.empty() || !first->waiting.front().is_there()) return;
    FamilyPointer next = take_early(first->waiting.front());
    if (!next) return;
    first->waiting.pop_front();
    ++first->next_to_write;
    write(std::move(next));
  }
}

std::map<std::string, Offset> Committer::positions() const {
  std::map<std::string, Offset> positions;
  for (const Target& target : setup_.targets) {
    if (target.sink == nullptr) continue;
    const std::optional<Offset> position = target.sink->position();
    if (position) positions[setup_.plan->nodes[target.node].name] = *position;
  }
  return positions;
}

void Committer::write(FamilyPointer family) {
  const bool has_dead = !family->dead_letters().empty();
  std::map<std::string, Offset> begin;
  if (!broken_ && has_dead) begin = positions();
  if (!broken_) {
    const Status status = write_rows(*family);
    if (!status.ok()) break_off(status);
  }
  if (!broken_ && has_dead) {
    DeadFamily dead{.source = family->root.source(),
                    .ordinal = family->root.ordinal(),
                    .places = {},
                    .tally = Tally(setup_.plan->nodes.size())};
    for (auto& [sink, end] : positions()) {
      dead.places[sink] = {std::move(begin[sink]), std::move(end)};
    }
    family->add_to(dead.tally);
    dead_families_.push_back(std::move(dead));
  }
  if (!broken_) {
    family->add_to(since_checkpoint_);
    for (DeadLetter& letter : family->dead_letters()) dead_letters_.push_back(std::move(letter));
    uncommitted_bytes_ += family->bytes;
    ++uncommitted_families_;
    written_.fetch_add(family->ledger().read, std::memory_order_relaxed);
    note_written(family->root);
  }
}

void Committer::note_written(const RecordId& root) {
  SourceState& source = sources_[root.source()];
  source.finished.add(root.ordinal());
  auto train = std::upper_bound(
      source.live.begin(), source.live.end(), root.ordinal(),
      [](std::uint64_t ordinal, const LiveTrain& live) { return ordinal < live.first; });
  --std::prev(train)->left;
  while (!source.live.empty() && source.live.front().left == 0) source.live.pop_front();
}

void Committer::return_credits() {
  if (credits_to_return_ > 0) return_credits_(std::exchange(credits_to_return_, 0));
}

Status Committer::write_rows(Family& family) {
  const Ledger& ledger = family.ledger();
  if (!ledger.adds_up()) {
    return Status::run_fault(
        StatusCode::internal,
        "the ledger of record " + family.root.to_string() + " is off: " + ledger.to_string());
  }
  for (const RowRun& run : family.runs()) uncommitted_bytes_ += run.slot.bytes;
  RowsInOrder in_order(family, disk_);
  for (;;) {
    Result<std::vector<Row>> rows = in_order.next();
    if (!rows) return rows.status();
    if (rows->empty()) return Status();
    for (const Target& target : setup_.targets) {
      const Status status = write_to(target, family, *rows);
      if (!status.ok()) return fault_at(setup_.plan->nodes[target.node], status);
    }
  }
}

Status Committer::write_to(const Target& target, const Family& family, std::vector<Row>& rows) {
  const AtWork at_work(setup_.plan->nodes[target.node]);
  std::vector<Record> records;
  std::vector<std::string> encoded;
  for (Row& row : rows) {
    if (row.sink != target.node) continue;
    if (row.record) {
      records.push_back(std::move(*row.record));
    } else {
      encoded.push_back(std::move(row.encoded));
    }
  }
  if (!encoded.empty()) {
    return observed(target, [&] { return target.sink->write_encoded(encoded); });
  }
  if (records.empty()) return Status();
  if (target.spill != nullptr) {
    return target.spill->append({family.level, family.root.ordinal(), family.root.source()},
                                records);
  }
  return observed(target, [&] { return target.sink->write(records); });
}

template <class Call>
auto Committer::observed(const Target& target, const Call& call) -> decltype(call()) {
  if (setup_.work_observer == nullptr) return at_boundary(call);
  const PlannedNode& node = setup_.plan->nodes[target.node];
  ObservedBody& body = bodies_.try_emplace(target.node, setup_.work_observer, node).first->second;
  body.begin();
  auto outcome = at_boundary(call);
  body.end(nullptr, Status());
  return outcome;
}

bool Committer::checkpoint_due() const {
  if (uncommitted_families_ == 0) return false;
  return uncommitted_bytes_ >= kCheckpointBytes ||
         std::chrono::steady_clock::now() - last_checkpoint_ >= setup_.checkpoint_every;
}

Checkpoint Committer::snapshot() {
  Checkpoint checkpoint;
  checkpoint.tally = std::exchange(since_checkpoint_, Tally(setup_.plan->nodes.size()));
  checkpoint.dead_letters = std::exchange(dead_letters_, {});
  checkpoint.dead_families = std::exchange(dead_families_, {});
  if (setup_.usage) checkpoint.usage = setup_.usage();
  checkpoint.elapsed_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  for (SourceState& source : sources_) {
    if (!source.opened) continue;
    SourceCheckpoint entry;
    entry.finished = std::exchange(source.finished, IntervalSet());
    if (source.live.empty()) {
      entry.position = source.position;
      entry.next_ordinal = source.position_ordinal;
    } else {
      entry.position = source.live.front().before;
      entry.next_ordinal = source.live.front().first;
    }
    checkpoint.sources[source.node] = std::move(entry);
  }
  return checkpoint;
}

void Committer::checkpoint() {
  if (broken_) return;
  Checkpoint checkpoint = snapshot();
  std::map<std::string, Position> places;
  for (const auto& [source, at] : checkpoint.sources) places.emplace(source, at.position);
  for (const Target& target : setup_.targets) {
    const AtWork at_work(setup_.plan->nodes[target.node]);
    Result<Offset> offset = target.spill != nullptr ? target.spill->sync() : observed(target, [&] {
      target.sink->sources_at(places);
      return target.sink->sync();
    });
    if (!offset) return break_off(fault_at(setup_.plan->nodes[target.node], offset.status()));
    checkpoint.sinks[setup_.plan->nodes[target.node].name] = std::move(*offset);
  }
  const Status status = setup_.state->commit(checkpoint);
  if (!status.ok()) return break_off(status);
  {
    const std::lock_guard lock(total_mutex_);
    total_ += checkpoint.tally;
  }
  committed_ += uncommitted_families_;
  uncommitted_families_ = 0;
  uncommitted_bytes_ = 0;
  last_checkpoint_ = std::chrono::steady_clock::now();
}

}  // namespace rare::engine
