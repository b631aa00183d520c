// A flow graph of the kinds of nodes that the runtime uses, 8 threads, without a race; with the
// argument `planted` it has one. Shows that ThreadSanitizer, in this build, tells the two apart.
#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <memory>
#include <thread>
#include <tuple>
#include <vector>

namespace {

namespace flow = tbb::flow;

constexpr int kItems = 3000;

struct Item {
  int id;
  std::vector<int> trail;
};
using ItemPtr = std::shared_ptr<Item>;

struct Sums {
  long serial = 0;
  long racing = 0;
};

// Holds the first caller until a second one is there. Relaxed: the two see each other, and still
// nothing orders what they do next, so that the race behind it happens at every run.
void meet_another_thread() {
  static std::atomic<int> callers{0};
  callers.fetch_add(1, std::memory_order_relaxed);
  while (callers.load(std::memory_order_relaxed) < 2) std::this_thread::yield();
}

Sums run(bool planted) {
  Sums sums;
  std::vector<std::thread> outside;  // filled by a serial node
  flow::graph graph;
  flow::function_node<ItemPtr, ItemPtr> first(graph, flow::unlimited, [](ItemPtr item) {
    item->trail.push_back(1);
    return item;
  });
  flow::buffer_node<ItemPtr> buffer(graph);
  flow::function_node<ItemPtr, ItemPtr, flow::rejecting> second(graph, 4, [&](ItemPtr item) {
    if (planted) {
      meet_another_thread();
      ++sums.racing;
    }
    item->trail.push_back(2);
    return item;
  });
  flow::multifunction_node<ItemPtr, std::tuple<ItemPtr, ItemPtr>> split(
      graph, 3, [](const ItemPtr& item, auto& ports) {
        if (item->id % 30 != 0) {
          std::get<0>(ports).try_put(item);
        } else {
          std::get<1>(ports).try_put(item);
        }
      });
  flow::async_node<ItemPtr, ItemPtr> away(graph, flow::serial, [&](ItemPtr item, auto& gateway) {
    gateway.reserve_wait();
    outside.emplace_back([item, &gateway] {
      item->trail.push_back(3);
      gateway.try_put(item);
      gateway.release_wait();
    });
  });
  flow::sequencer_node<ItemPtr> order(
      graph, [](const ItemPtr& item) { return static_cast<size_t>(item->id); });
  flow::limiter_node<ItemPtr> limit(graph, 64);
  flow::function_node<ItemPtr, flow::continue_msg> last(graph, flow::serial, [&](ItemPtr item) {
    sums.serial += static_cast<long>(item->trail.size());
    return flow::continue_msg{};
  });
  make_edge(first, buffer);
  make_edge(buffer, second);
  make_edge(second, split);
  make_edge(flow::output_port<0>(split), order);
  make_edge(flow::output_port<1>(split), away);
  make_edge(away, order);
  make_edge(order, limit);
  make_edge(limit, last);
  make_edge(last, limit.decrementer());
  for (int id = 0; id < kItems; ++id) first.try_put(std::make_shared<Item>(Item{id, {}}));
  graph.wait_for_all();
  for (auto& thread : outside) thread.join();
  return sums;
}

}  // namespace

int main(int argc, char** argv) {
  const bool planted = argc > 1 && std::strcmp(argv[1], "planted") == 0;
  tbb::global_control threads(tbb::global_control::max_allowed_parallelism, 8);
  tbb::task_arena arena(8);
  Sums sums;
  arena.execute([&] { sums = run(planted); });
  std::printf("%ld %ld\n", sums.serial, sums.racing);
  return sums.serial == 2L * kItems + kItems / 30 ? 0 : 1;
}
