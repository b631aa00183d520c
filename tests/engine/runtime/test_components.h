// Small components that pipelines of the runtime's tests are made of. What sinks receive and what
// sources and services are seen to do lands in the Observed of the test that runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/plugin/registry.h"
#include "rare/sdk.h"

namespace rare::engine::test {

struct Observed {
  std::mutex mutex;
  // By the sink's `name` parameter: what was written, in order, as {"id", "fields"}.
  std::map<std::string, std::vector<Json>> rows;
  std::map<std::string, std::size_t> synced;              // rows up to the last sync
  std::atomic<std::int64_t> alive{0}, most_alive{0};      // records between source and sink
  std::atomic<std::int64_t> waiting{0}, most_waiting{0};  // requests at the echo service
  std::atomic<std::int64_t> asked{0};
  std::atomic<std::int64_t> slow{0}, most_slow{0};     // bodies of test.slow
  std::atomic<std::int64_t> drawn{0}, drawn_later{0};  // by test.draw, test.draw_later
  std::atomic<std::int64_t> read{0};                   // given out by sources
  std::atomic<std::int64_t> arrived{0};                // records that reached a sink
  // Called for every record that the source gives out, and for every row that is written.
  std::function<void(std::uint64_t)> on_read;
  std::function<void(const Json&)> on_write;
  // Called for every record that a component of random graphs works on.
  std::function<void()> on_work;
};

inline std::int64_t number_of(const Record& record) {
  return record.fields().at("n").get<std::int64_t>();
}

void raise_to(std::atomic<std::int64_t>& most, std::int64_t value);

// Set for the test that runs; one at a time in a process.
void observe_with(Observed* observed);
Observed& observed_now();

// What test.echo offers: the number that it is asked.
class EchoModel {
 public:
  static constexpr std::string_view kInterface = "test.Echo/1";
  virtual ~EchoModel() = default;
  virtual Awaitable<Result<std::int64_t>> ask(std::int64_t n) = 0;
};

// test.numbers  source: {"n": 0..count-1}; every `bad_every`-th cannot be read
// test.pass     operator: passes on
// test.modulo   operator: filters n % by == 0, fails n % fail_by == 1, throws n % throw_by == 2
// test.split    operator: emits `into` children with {"child": i}
// test.route    operator: ports "even" and "odd"
// test.sort     whole set: gives out by falling n; fails records with n % fail_by == 1
// test.first    whole set: passes on the first record of each n % by, filters the others
// test.total    whole set: one record {"total": sum of n, "ids": as they came}
// test.slow     operator: takes `ms`, counts how many do so at once
// test.waiting  source: gives out a record when the one before has reached its sink
// test.last     async: the record `at` goes on when `others` others have come
// test.silent   operator: counts, returns OK and neither emits nor filters
// test.both     operator: emits `before` times, then fails
// test.draw     operator, nondeterministic: {"drawn": how many were before}, filters every 7th
// test.draw_later  async, nondeterministic: two children with {"drawn_later": how many were before}
// test.echo     service: answers on threads of its own, out of order; `drop_by`: forgets some
// test.ask      async operator: asks the echo service `times` times
// test.throwing async operator: throws, before or after it waited
// test.stuck    async operator: waits for ever with record `at`
// test.collect  sink; `refuse_by`: does not accept n % refuse_by == 1; `break_at`: write fails
void add_test_components(Registry& registry);
void add_async_components(Registrar& registrar);  // those of them that wait, and the service

}  // namespace rare::engine::test
