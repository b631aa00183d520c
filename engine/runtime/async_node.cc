#include "engine/runtime/async_node.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "engine/runtime/boundary.h"
#include "engine/runtime/long_work.h"
#include "engine/runtime/resume_threads.h"

namespace rare::engine {
namespace fg = oneapi::tbb::flow;

namespace {
bool younger(const Envelope& a, const Envelope& b) {
  return a.record.id().ordinal() > b.record.id().ordinal();
}

std::optional<LimitedCall::Clock::duration> duration_of(std::optional<double> seconds) {
  if (!seconds) return std::nullopt;
  return std::chrono::duration_cast<LimitedCall::Clock::duration>(
      std::chrono::duration<double>(*seconds));
}
}  // namespace

// Goes on on a resume thread.
struct AsyncNode::Hop {
  Resumer& resumer;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) { resumer.resume(self); }
  void await_resume() const noexcept {}
};

AsyncNode::AsyncNode(Flow& flow, const PlannedNode& node, Setup setup)
    : flow_(flow),
      node_(node),
      names_(node),
      setup_(std::move(setup)),
      time_limit_(duration_of(node.timeout_s)),
      parking_(setup_.parking_folder, flow.counters()[node.index].parked),
      arrivals_(
          flow.graph(), fg::unlimited,
          [this](const Message& train) {
            arrive(*train);
            return fg::continue_msg();
          },
          kFeedingFirst) {}

void AsyncNode::arrive(Train& train) {
  const bool ready = setup_.ready();
  for (Envelope& envelope : train) {
    flow_.graph().reserve_wait();
    if (ready || !park(envelope)) wait_here(std::move(envelope));
  }
  start_waiting();
}

void AsyncNode::wait_here(Envelope envelope) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(envelope));
  std::push_heap(waiting_.begin(), waiting_.end(), younger);
}

std::int64_t AsyncNode::room() const {
  const std::lock_guard lock(mutex_);
  return setup_.parallelism - running_ - static_cast<std::int64_t>(waiting_.size());
}

bool AsyncNode::park(Envelope& envelope) {
  if (flow_.control().draining() || room() > 0) return false;
  const Parking::Parked parked = parking_.park(envelope);
  if (parked == Parking::Parked::rests) flow_.came_to_rest();
  return parked != Parking::Parked::no;
}

void AsyncNode::look_at_parked() {
  if (parking_.size() == 0) return;
  if (flow_.control().draining()) return give_up_parked();
  if (!setup_.ready()) return stop_resuming();
  if (!resuming_.exchange(true)) flow_.credits().begin_resuming();
  const std::int64_t wanted = std::min(room(), static_cast<std::int64_t>(parking_.size()));
  const std::int64_t resumed = resume_kept(wanted);
  if (resumed < wanted) resume_parked(wanted - resumed);
  if (resumed > 0) start_waiting();
  if (parking_.size() == 0) stop_resuming();
}

std::int64_t AsyncNode::resume_kept(std::int64_t wanted) {
  std::int64_t resumed = 0;
  while (resumed < wanted) {
    std::optional<Parking::Kept> kept = parking_.take_kept();
    if (!kept) break;
    if (kept->rested) flow_.credits().take_again(1);
    if (!kept->error.ok()) {
      flow_.control().fail(fault_at(node_, kept->error));
      abandon(std::move(kept->envelope));
      break;
    }
    wait_here(std::move(kept->envelope));
    ++resumed;
  }
  return resumed;
}

void AsyncNode::abandon(Envelope envelope) {
  {
    Departures departures(flow_);
    flow_.abandon(std::move(envelope), departures);
  }
  flow_.graph().release_wait();
}

void AsyncNode::resume_parked(std::int64_t wanted) {
  wanted = std::min(wanted, static_cast<std::int64_t>(parking_.size()));
  if (wanted == 0) return;
  std::int64_t credits = flow_.credits().take_resuming(wanted, this, [this] { look_at_parked(); });
  while (credits > 0) {
    Result<std::optional<Envelope>> parked = parking_.take();
    if (!parked) {
      flow_.control().fail(fault_at(node_, parked.status()));
      flow_.abandon_parked(1);
      flow_.graph().release_wait();
      break;
    }
    if (!*parked) break;
    wait_here(std::move(**parked));
    --credits;
  }
  if (credits > 0) flow_.credits().give_back_unused(credits);
  start_waiting();
}

void AsyncNode::stop_resuming() {
  if (resuming_.exchange(false)) flow_.credits().end_resuming();
}

// They are not in flight: a later start does them again, from stored replies.
void AsyncNode::give_up_parked() {
  Parking::Cleared given_up = parking_.clear();
  flow_.abandon_parked(given_up.families);
  for (Parking::Kept& kept : given_up.kept) {
    if (kept.rested) flow_.credits().take_again(1);
    abandon(std::move(kept.envelope));
  }
  stop_resuming();
  for (std::size_t i = 0; i < given_up.families; ++i) flow_.graph().release_wait();
}

void AsyncNode::start_waiting() {
  for (;;) {
    Envelope next;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty() || running_ >= setup_.parallelism) return;
      std::pop_heap(waiting_.begin(), waiting_.end(), younger);
      next = std::move(waiting_.back());
      waiting_.pop_back();
      ++running_;
    }
    if (time_limit_) {
      drive_limited(std::make_shared<LimitedCall>(std::move(next), names_, flow_.room()));
    } else {
      drive(std::move(next));
    }
  }
}

Record AsyncNode::given_to_operator(Envelope& envelope) const {
  Record record = envelope.record.share();
  record.set_round(setup_.rounds->of(node_.name, record.id()));
  return record;
}

detail::Detached AsyncNode::drive(Envelope envelope) {
  RecordTurn turn =
      setup_.resume_threads->begin_record(node_, envelope.record.id(), flow_.work_observer());
  Hop hop{*turn};
  co_await hop;
  BufferedOutput output(names_, flow_.room());
  Status status;
  if (flow_.control().aborting()) {
    status = Status::cancelled();
  } else {
    const InNode in_node(flow_.counters()[node_.index]);
    try {
      Record record = given_to_operator(envelope);
      Task<Status> task = setup_.instance->process(std::move(record), output);
      status = co_await task;
    } catch (...) {
      status = status_of_exception();
    }
    turn->tell(node_, status, output.filtered);
  }
  turn.reset();
  end(std::move(envelope), output, status);
}

detail::Detached AsyncNode::drive_limited(std::shared_ptr<LimitedCall> call) {
  call->turn =
      setup_.resume_threads->begin_record(node_, call->envelope.record.id(), flow_.work_observer());
  Hop hop{*call->turn};
  co_await hop;
  if (flow_.control().aborting()) {
    call->claim();
    end(std::move(call->envelope), call->output, Status::cancelled());
    co_return;
  }
  Status status;
  try {
    Record record = given_to_operator(call->envelope);
    // From here on the record may go at any moment.
    call->begin(flow_.counters()[node_.index]);
    {
      const std::lock_guard lock(mutex_);
      limited_.insert(call);
    }
    detail::UseTimeLimit use{call.get()};
    co_await use;
    Task<Status> task = setup_.instance->process(std::move(record), call->output);
    status = co_await task;
  } catch (...) {
    status = status_of_exception();
  }
  if (!call->claim()) {
    call->output.clear();
    flow_.counters()[node_.index].late.fetch_add(1);
    late_.fetch_sub(1);  // the node may be gone from here on
    co_return;
  }
  {
    const std::lock_guard lock(mutex_);
    limited_.erase(call);
  }
  call->turn->tell(node_, status, call->output.filtered);
  end(std::move(call->envelope), call->output, status);
}

void AsyncNode::stood_still(LimitedCall::Clock::time_point begin,
                            LimitedCall::Clock::time_point end) {
  const std::lock_guard lock(mutex_);
  for (const std::shared_ptr<LimitedCall>& call : limited_) call->stood_still(begin, end);
}

void AsyncNode::end_overdue(LimitedCall::Clock::time_point now) {
  if (!time_limit_) return;
  std::vector<std::shared_ptr<LimitedCall>> overdue;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(limited_, [&](const std::shared_ptr<LimitedCall>& call) {
      if (!call->overdue(now, *time_limit_)) return false;
      overdue.push_back(call);
      return true;
    });
    late_.fetch_add(static_cast<std::int64_t>(overdue.size()));  // those that give up
  }
  for (std::shared_ptr<LimitedCall>& call : overdue) give_up(std::move(call));
}

detail::Detached AsyncNode::give_up(std::shared_ptr<LimitedCall> call) {
  Hop hop{*setup_.resume_threads};
  co_await hop;
  if (call->claim()) {
    late_.fetch_add(1);  // the coroutine that goes on without its record
    char text[160];
    std::snprintf(
        text, sizeof text,
        "took longer than %g s (`timeout_s` of the node; waits until a service is ready or "
        "lets it in are not counted)",
        *node_.timeout_s);
    BufferedOutput nothing(names_);
    const Status status(StatusCode::deadline_exceeded, text);
    call->turn->tell(node_, status, false);
    end(std::move(call->envelope), nothing, status);
  }
  late_.fetch_sub(1);
}

// What ended on one resume thread, of all nodes, leaves in trains and not record by record: each
// message of the graph wakes a thread of the pool.
struct AsyncNode::Leaving {
  explicit Leaving(Flow& of) : flow(of), departures(of) {}
  ~Leaving() {
    departures.depart();
    // The graph waits for the records until they are messages.
    for (std::int64_t record = 0; record < records; ++record) flow.graph().release_wait();
  }

  Flow& flow;
  Departures departures;
  std::int64_t records = 0;
};

void AsyncNode::end(Envelope envelope, BufferedOutput& output, const Status& status) {
  ThreadWork::here().end();
  thread_local std::unique_ptr<Leaving> of_this_thread;
  if (of_this_thread && &of_this_thread->flow != &flow_) of_this_thread.reset();
  bool leaves_now = false;
  if (!of_this_thread) {
    of_this_thread = std::make_unique<Leaving>(flow_);
    leaves_now = !ResumeThreads::do_afterwards([] { of_this_thread.reset(); });
  }
  Leaving& leaving = *of_this_thread;
  if (status.ok()) {
    flow_.release(node_, std::move(envelope), output, leaving.departures);
  } else {
    output.clear();
    flow_.fail(node_, std::move(envelope), status, leaving.departures);
  }
  ++leaving.records;
  {
    const std::lock_guard lock(mutex_);
    --running_;
  }
  start_waiting();
  look_at_parked();
  if (leaves_now) of_this_thread.reset();
}

}  // namespace rare::engine
