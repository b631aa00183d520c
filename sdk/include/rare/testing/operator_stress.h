// Whether an operator gives the same for each record when many are in it at once, and breaks none
// of the rules that the engine holds operators to.
//
//   RARE_CHECK_OK(rare::testing::stress<Score>(records, {{"field", "text"}}));
//
// Thread-safety: one thread calls; it starts and ends those that it needs. Ownership: operators are
// its own, services the test's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "rare/testing/harness.h"
#include "rare/testing/held_replies.h"

namespace rare::testing {

inline constexpr int kStressThreads = 8;

namespace detail {

// As the engine runs it: what is thrown costs the record.
inline Outcome run_caught(Operator& op, Record record) {
  try {
    return testing::run(op, std::move(record));
  } catch (const std::exception& error) {
    return Outcome{
        Status(StatusCode::internal, std::string("it threw: ") + error.what()), {}, {}, {}, {}};
  }
}

inline Task<Status> process_caught(AsyncOperator& op, Record record, Output& out) {
  Status status;
  try {
    Task<Status> task = op.process(std::move(record), out);
    status = co_await task;
  } catch (const std::exception& error) {
    status = Status(StatusCode::internal, std::string("it threw: ") + error.what());
  }
  co_return status;
}

inline Outcome run_caught(AsyncOperator& op, Record record) {
  Outcome outcome;
  CollectingOutput output(outcome);
  outcome.status = wait_for(process_caught(op, std::move(record), output));
  return outcome;
}

struct RecordInFlight {
  Outcome outcome;
  CollectingOutput output{outcome};
  std::optional<Status> status;
  Finish finish;
};

// All records at once: each begins, on this thread, before any of them has a reply of a scripted
// service, and goes on, reply by reply, in that order.
inline std::vector<Outcome> run_in_flight(AsyncOperator& op, std::vector<Record> records,
                                          HeldReplies::Order order) {
  std::deque<RecordInFlight> in_flight;
  HeldReplies replies;
  for (Record& record : records) {
    RecordInFlight& flight = in_flight.emplace_back();
    Task<Status> task = process_caught(op, std::move(record), flight.output);
    drive(std::move(task), flight.status, flight.finish);
  }
  while (replies.release(order)) continue;
  std::vector<Outcome> outcomes;
  for (RecordInFlight& flight : in_flight) {
    flight.finish.wait();
    flight.outcome.status = std::move(*flight.status);
    outcomes.push_back(std::move(flight.outcome));
  }
  return outcomes;
}

// All that came of a record, as text. Of what failed nothing counts but that it did.
inline Json account_of(const Outcome& outcome, bool with_fields) {
  if (!outcome.status.ok()) return {{"error", outcome.status.message()}};
  Json records = Json::array();
  for (std::size_t i = 0; i < outcome.records.size(); ++i) {
    records.push_back({{"port", outcome.ports[i]}, {"id", outcome.records[i].id().to_string()}});
    if (with_fields) records.back()["fields"] = outcome.records[i].fields();
  }
  return {{"records", records}, {"filtered", outcome.filters}, {"counted", outcome.counts}};
}

inline std::string shown(const Json& account) {
  return account.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace detail

// Whether the engine would take what an operator with this spec gave for a record: it ended in some
// way, on ports and with counters that the spec names. An error of the operator's is an end, too.
inline Status check_outcome(const Spec& spec, const Outcome& outcome) {
  const auto wrong = [&](const std::string& what) {
    return Status(StatusCode::invalid_data, spec.name() + ": " + what);
  };
  if (!outcome.status.ok()) return Status();
  if (outcome.records.empty() && outcome.filters.empty()) {
    return wrong("the record is lost: process() returned OK after neither emit() nor filter()");
  }
  const std::vector<std::string>& ports = spec.ports();
  for (const std::string& port : outcome.ports) {
    const bool known = port.empty() || !spec.ports_param().empty() ||
                       (ports.empty() && port == "out") ||
                       std::find(ports.begin(), ports.end(), port) != ports.end();
    if (!known) return wrong("it emits to port '" + port + "', which its spec does not declare");
  }
  for (const auto& [name, count] : outcome.counts) {
    const auto& counters = spec.counters();
    if (std::none_of(counters.begin(), counters.end(),
                     [&n = name](const auto& c) { return c.name == n; })) {
      return wrong("it counts '" + name + "', which its spec does not declare");
    }
  }
  return Status();
}

// Gives each of the records to T alone, and then all of them from eight threads at once, each in
// another order: an instance per thread for an Operator, one for all of an AsyncOperator, as in the
// engine. Before, all records are in the AsyncOperator from one thread: each waits for its reply of
// a scripted service when the first goes on, the oldest and then the newest of them first. OK when
// check_outcome() is, and every record gave the same both times: none lost, none doubled, no field
// changed. (Fields of a nondeterministic operator are not compared.) Else says which record, and
// what came of it. Builds with -fsanitize=thread say why.
template <class T>
Status stress(const std::vector<Record>& records, const Json& values = Json::object(),
              const ServiceResolver& services = {}, int rounds = 8) {
  const Spec spec = T::spec();
  if (spec.is_gather()) {
    return Status(StatusCode::invalid_argument,
                  spec.name() +
                      " is a whole-set operator, of which one instance runs on one thread: "
                      "test it with rare::testing::gather()");
  }
  TestContext context;
  const auto opened = [&](Status& status) {
    std::unique_ptr<T> op = make<T>(values, services);
    status = op->open(context);
    return op;
  };
  const auto record_of = [&](std::size_t number) {
    return Record(records[number].fields(), RecordId(0, nullptr, number));
  };
  Status first;
  const std::unique_ptr<T> alone = opened(first);
  if (!first.ok()) return first;
  std::vector<Json> expected;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Outcome outcome = detail::run_caught(*alone, record_of(i));
    if (Status status = check_outcome(spec, outcome); !status.ok()) {
      return Status(status.code(), "record " + std::to_string(i) + ": " + status.message());
    }
    expected.push_back(detail::account_of(outcome, !spec.is_nondeterministic()));
  }
  const auto compared = [&](std::size_t i, const Outcome& outcome) {
    const Json account = detail::account_of(outcome, !spec.is_nondeterministic());
    if (account == expected[i]) return Status();
    return Status(StatusCode::internal, spec.name() + ": record " + std::to_string(i) +
                                            " gave, alone, " + detail::shown(expected[i]) +
                                            ", and among others " + detail::shown(account));
  };
  if constexpr (std::is_base_of_v<AsyncOperator, T>) {
    for (const auto order : {HeldReplies::Order::oldest_first, HeldReplies::Order::newest_first}) {
      std::vector<Record> all;
      for (std::size_t i = 0; i < records.size(); ++i) all.push_back(record_of(i));
      const std::vector<Outcome> outcomes = detail::run_in_flight(*alone, std::move(all), order);
      for (std::size_t i = 0; i < outcomes.size(); ++i) {
        if (Status status = compared(i, outcomes[i]); !status.ok()) return status;
      }
    }
  }
  std::mutex mutex;
  Status failure;
  const auto work = [&](std::size_t thread) {
    std::unique_ptr<T> own;
    Status status;
    if constexpr (std::is_base_of_v<Operator, T>) own = opened(status);
    T& op = own ? *own : *alone;
    const std::size_t all = records.size() * static_cast<std::size_t>(rounds);
    for (std::size_t step = 0; step < all && status.ok(); ++step) {
      const std::size_t i = (step + thread * 7) % records.size();
      status = compared(i, detail::run_caught(op, record_of(i)));
    }
    const std::lock_guard lock(mutex);
    if (failure.ok()) failure = status;
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < kStressThreads && !records.empty(); ++i)
      threads.emplace_back(work, i);
  }
  return failure;
}

}  // namespace rare::testing
