// The yardstick of engine_bench: JSON Lines through three oneTBB nodes, written by hand.
//
//   bare_tbb IN OUT THREADS TRAIN     prints {"records", "elapsed_s"}
//
// simdjson to nlohmann, three nodes that do nothing, dump, file; TRAIN records a message. It does
// what the engine must and nothing else: no ledger, no dead letters, no checkpoints, no order.
#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <simdjson.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace {

namespace fg = oneapi::tbb::flow;
using Json = nlohmann::json;
using Lines = std::shared_ptr<std::vector<std::string>>;

constexpr std::size_t kTrainsInFlight = 64;

struct Train {
  std::vector<Json> records;
};
using TrainPointer = std::shared_ptr<Train>;

Json converted(simdjson::dom::element element) {
  using Type = simdjson::dom::element_type;
  switch (element.type()) {
    case Type::OBJECT: {
      Json object = Json::object();
      for (const auto field : simdjson::dom::object(element)) {
        object[std::string(field.key)] = converted(field.value);
      }
      return object;
    }
    case Type::ARRAY: {
      Json array = Json::array();
      for (const auto item : simdjson::dom::array(element)) array.push_back(converted(item));
      return array;
    }
    case Type::STRING:
      return std::string(std::string_view(element));
    case Type::INT64:
      return std::int64_t(element);
    case Type::UINT64:
      return std::uint64_t(element);
    case Type::DOUBLE:
      return double(element);
    case Type::BOOL:
      return bool(element);
    default:
      return nullptr;
  }
}

TrainPointer parsed(const Lines& lines) {
  thread_local simdjson::dom::parser parser;
  auto train = std::make_shared<Train>();
  for (const std::string& line : *lines) train->records.push_back(converted(parser.parse(line)));
  return train;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: bare_tbb IN OUT THREADS TRAIN\n";
    return 2;
  }
  const auto train_size = static_cast<std::size_t>(std::atoi(argv[4]));
  const oneapi::tbb::global_control threads(oneapi::tbb::global_control::max_allowed_parallelism,
                                            static_cast<std::size_t>(std::atoi(argv[3])));
  std::ifstream input(argv[1]);
  std::FILE* const output = std::fopen(argv[2], "w");
  if (!input || output == nullptr) return 2;
  std::setvbuf(output, nullptr, _IOFBF, std::size_t{1} << 20);
  std::mutex writing;
  std::size_t written = 0;
  const auto start = std::chrono::steady_clock::now();

  fg::graph graph;
  fg::input_node<Lines> source(graph, [&](oneapi::tbb::flow_control& control) {
    auto lines = std::make_shared<std::vector<std::string>>();
    std::string line;
    while (lines->size() < train_size && std::getline(input, line)) {
      lines->push_back(std::move(line));
    }
    if (lines->empty()) control.stop();
    return lines;
  });
  fg::limiter_node<Lines, int> limiter(graph, kTrainsInFlight);
  fg::function_node<Lines, TrainPointer> parse(graph, fg::unlimited, parsed);
  const auto nothing = [](TrainPointer train) { return train; };
  fg::function_node<TrainPointer, TrainPointer> first(graph, fg::unlimited, nothing);
  fg::function_node<TrainPointer, TrainPointer> second(graph, fg::unlimited, nothing);
  fg::function_node<TrainPointer, TrainPointer> third(graph, fg::unlimited, nothing);
  fg::function_node<TrainPointer> sink(graph, fg::unlimited, [&](const TrainPointer& train) {
    std::string text;
    for (const Json& record : train->records) (text += record.dump()) += '\n';
    {
      const std::lock_guard lock(writing);
      if (std::fwrite(text.data(), 1, text.size(), output) != text.size()) std::abort();
      written += train->records.size();
    }
    limiter.decrementer().try_put(1);
  });
  fg::make_edge(source, limiter);
  fg::make_edge(limiter, parse);
  fg::make_edge(parse, first);
  fg::make_edge(first, second);
  fg::make_edge(second, third);
  fg::make_edge(third, sink);
  source.activate();
  graph.wait_for_all();
  std::fclose(output);

  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  std::cout << Json({{"records", written}, {"elapsed_s", elapsed.count()}}).dump() << "\n";
  return 0;
}
