#include "random_graph_check.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <utility>

#include "random_graph_interpreter.h"
#include "rare/random.h"
#include "runtime_fixture.h"

namespace rare::engine::test {
namespace {

constexpr double kShrinkSeconds = 60;

std::string text_of(const Json& value) {
  return value.dump(-1, ' ', true, Json::error_handler_t::replace);
}

std::string off(const std::string& what, const Json& expected, const Json& got) {
  return what + ": expected " + text_of(expected) + ", got " + text_of(got) + "\n";
}

// The record that a family began with, of a graph without whole-set nodes: "17" of "17.0.1".
std::string family_of(const Json& row) {
  const std::string id = row.at("id");
  return id.substr(0, id.find('.'));
}

std::string row_fault(const std::string& where, const std::vector<Json>& expected,
                      const std::vector<Json>& got) {
  const auto [want, have] = std::mismatch(expected.begin(), expected.end(), got.begin(), got.end());
  if (want == expected.end() && have == got.end()) return "";
  return off(where + ", row " + std::to_string(want - expected.begin()),
             want == expected.end() ? Json() : *want, have == got.end() ? Json() : *have);
}

// `order: any`: families in any order, but whole.
std::string families_fault(const std::string& where,
                           const std::map<FamilyKey, FamilyRows>& expected,
                           const std::vector<Json>& got) {
  std::map<std::string, FamilyRows> of;
  std::string last;
  for (const Json& row : got) {
    const std::string family = family_of(row);
    if (family != last && of.contains(family)) {
      return where + ": family " + family + " is torn apart\n";
    }
    of[last = family].push_back(row);
  }
  for (const auto& [key, rows] : expected) {
    if (rows.empty()) continue;
    const std::string family = family_of(rows.front());
    std::string fault = row_fault(where + ", family " + family, rows, of[family]);
    if (!fault.empty()) return fault;
    of.erase(family);
  }
  return of.empty() ? "" : where + ": family " + of.begin()->first + " is one too many\n";
}

std::string rows_fault(const std::string& sink, const std::map<FamilyKey, FamilyRows>& expected,
                       std::vector<Json> got, const Plan& plan) {
  std::vector<Json> flat;
  for (const auto& [family, rows] : expected) flat.insert(flat.end(), rows.begin(), rows.end());
  if (plan.config.order == Order::input) return row_fault("sink " + sink, flat, got);
  const bool gathers = std::any_of(plan.nodes.begin(), plan.nodes.end(),
                                   [](const PlannedNode& node) { return node.gathers(); });
  if (!gathers) return families_fault("sink " + sink, expected, got);
  // A record that passed a whole-set node does not tell its family.
  std::sort(flat.begin(), flat.end());
  std::sort(got.begin(), got.end());
  return row_fault("sink " + sink + ", sorted", flat, got);
}

std::string tally_fault(const Plan& plan, const Tally& expected, const Tally& got) {
  std::string fault;
  if (!(expected.ledger == got.ledger)) {
    fault += off("ledger", expected.ledger.to_json(), got.ledger.to_json());
  }
  for (const PlannedNode& node : plan.nodes) {
    const Json want = expected.nodes[node.index].to_json();
    NodeTally tally = node.index < got.nodes.size() ? got.nodes[node.index] : NodeTally();
    tally.counters.clear();  // the interpreter does not follow what operators count
    const Json have = tally.to_json();
    if (want != have) fault += off("node " + node.name, want, have);
  }
  return fault;
}

std::string letters_fault(std::vector<Json> expected, const std::vector<DeadLetter>& letters) {
  std::vector<Json> got;
  for (const DeadLetter& letter : letters) {
    got.push_back({{"id", letter.id.to_string()},
                   {"node", letter.node},
                   {"reason", letter.reason},
                   {"attempts", letter.attempts},
                   {"raw", letter.raw ? Json(*letter.raw) : Json()},
                   {"record", letter.record}});
  }
  std::sort(expected.begin(), expected.end());
  std::sort(got.begin(), got.end());
  if (expected == got) return "";
  const auto [want, have] = std::mismatch(expected.begin(), expected.end(), got.begin(), got.end());
  return off("dead letters", want == expected.end() ? Json() : *want,
             have == got.end() ? Json() : *have);
}

// Sinks, dead letters and tallies, as they are at the end.
std::string end_fault(const Plan& plan, const Walked& walked, const Observed& observed,
                      const MemoryState& state) {
  std::string fault = tally_fault(plan, walked.tally, state.committed.tally);
  fault += letters_fault(walked.dead_letters, state.dead_letters);
  for (const auto& [sink, rows] : walked.rows) {
    const auto at = observed.rows.find(sink);
    fault +=
        rows_fault(sink, rows, at == observed.rows.end() ? std::vector<Json>() : at->second, plan);
  }
  return fault;
}

// What holds for every start, disturbed or not.
std::string start_fault(const Outcome& outcome) {
  std::string fault;
  if (!outcome.opening.ok()) fault += "did not open: " + outcome.opening.message() + "\n";
  if (outcome.fault) fault += "run fault: " + outcome.fault->message() + "\n";
  if (!outcome.tally.ledger.adds_up())
    fault += "ledger: " + outcome.tally.ledger.to_string() + "\n";
  if (outcome.started != outcome.finished + outcome.abandoned) {
    fault += off("finished and abandoned", outcome.started, outcome.finished + outcome.abandoned);
  }
  return fault;
}

Options options_for(const RandomGraph& graph, int threads) {
  Options options;
  options.threads = threads;
  options.hang = std::chrono::seconds(120);
  options.window_bytes = graph.window_bytes;
  options.children_records = graph.children_records;
  options.children_bytes = graph.children_bytes;
  options.what = "RARE_GRAPH_SEED=" + std::to_string(graph.seed) + ", " + std::to_string(threads) +
                 " threads\n" + graph.yaml();
  return options;
}

// One start that is cut short after `work` calls into operators.
std::string cut_start(const RandomGraph& graph, const Plan& plan, MemoryState& state,
                      Observed& observed, std::int64_t work, std::uint64_t how) {
  RunControl control;
  std::atomic<std::int64_t> left{work};
  observed.on_work = [&] {
    if (left.fetch_sub(1) != 1) return;
    if (how == 0) {
      control.drain();
    } else {
      if (how == 1) state.kill();
      control.abort();
    }
  };
  Options options = options_for(graph, 8);
  options.checkpoint_every = std::chrono::milliseconds(1);
  const Outcome outcome = run_graph(plan, state, observed, options, &control);
  observed.on_work = nullptr;
  return start_fault(outcome);
}

using Property = std::function<std::string(const RandomGraph&)>;

std::string report(const RandomGraph& graph, const Property& fault_of) {
  std::string fault = fault_of(graph);
  if (fault.empty()) return "";
  // What depends on timing does not fail each time.
  const RandomGraph small = shrunk(
      graph,
      [&](const RandomGraph& candidate) {
        for (int attempt = 0; attempt < 3; ++attempt) {
          const std::string found = fault_of(candidate);
          if (found.empty()) continue;
          fault = found;
          return true;
        }
        return false;
      },
      kShrinkSeconds);
  return "RARE_GRAPH_SEED=" + std::to_string(graph.seed) + " repeats it. " + fault +
         "The smallest pipeline that fails:\n" + small.yaml();
}

}  // namespace

std::string undisturbed_fault(const RandomGraph& graph, int threads) {
  const TestPlan planned(graph.yaml());
  const Plan& plan = planned.plan();
  const Walked walked = walk(plan);
  Observed observed;
  MemoryState state;
  const Outcome outcome = run_graph(plan, state, observed, options_for(graph, threads));
  std::string fault = start_fault(outcome);
  if (outcome.started != walked.families) fault += off("begun", walked.families, outcome.started);
  if (outcome.committed != walked.families)
    fault += off("committed", walked.families, outcome.committed);
  if (outcome.abandoned != 0) fault += off("abandoned", 0, outcome.abandoned);
  fault += end_fault(plan, walked, observed, state);
  return fault.empty() ? "" : "With " + std::to_string(threads) + " threads:\n" + fault;
}

std::string resumed_fault(const RandomGraph& graph) {
  const TestPlan planned(graph.yaml());
  const Plan& plan = planned.plan();
  const Walked walked = walk(plan);
  std::int64_t work = 0;
  for (const NodeTally& node : walked.tally.nodes) work += static_cast<std::int64_t>(node.in);
  Random random(derive_seed(graph.seed, "cuts", ""));
  Observed observed;
  MemoryState state;
  std::string fault;
  for (std::uint64_t starts = 1 + random.below(4); starts > 0 && fault.empty(); --starts) {
    const auto at = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(work) + 1));
    fault = cut_start(graph, plan, state, observed, at, random.below(3));
  }
  if (!fault.empty()) return "Cut short:\n" + fault;
  const Outcome outcome = run_graph(plan, state, observed, options_for(graph, 8));
  fault = start_fault(outcome) + end_fault(plan, walked, observed, state);
  return fault.empty() ? "" : "Cut short and run to its end:\n" + fault;
}

std::string undisturbed_report(std::uint64_t seed, int most_records) {
  return report(random_graph(seed, most_records), [](const RandomGraph& graph) {
    for (const int threads : {1, 2, 8}) {
      std::string fault = undisturbed_fault(graph, threads);
      if (!fault.empty()) return fault;
    }
    return std::string();
  });
}

std::string resumed_report(std::uint64_t seed, int most_records) {
  return report(random_graph(seed, most_records), resumed_fault);
}

}  // namespace rare::engine::test
