#include "random_graph.h"

#include <algorithm>
#include <map>
#include <utility>

#include "rare/random.h"

namespace rare::engine::test {
namespace {

// Branches that one source record may become, roughly: fan-out multiplies.
constexpr double kMostBranches = 24;

class Generator {
 public:
  Generator(std::uint64_t seed, int most_records)
      : random_(derive_seed(seed, "graph", "")), most_records_(most_records) {
    graph_.seed = seed;
  }

  RandomGraph make() {
    graph_.order = one_in(2) ? "input" : "any";
    graph_.credits = static_cast<int>(one_in(4) ? 1 : between(1, 64));
    if (one_in(4)) graph_.window_bytes = one_in(2) ? 1 : 2000;
    if (one_in(2)) gathers_left_ = between(1, 4);
    if (one_in(4)) graph_.drop_by = static_cast<int>(between(3, 40));
    if (one_in(2)) graph_.children_records = static_cast<std::size_t>(between(1, 3));
    if (one_in(2)) graph_.children_bytes = one_in(2) ? 1 : 600;
    for (std::int64_t i = one_in(2) ? 1 : between(1, 4); i > 0; --i) add_source();
    const std::int64_t operators = one_in(3) ? between(0, 4) : between(3, 31);
    for (std::int64_t i = 0; i < operators; ++i) add_operator();
    add_sinks(one_in(2) ? 1 : between(1, 5));
    // Any order will do as long as a source is first.
    if (one_in(3)) {
      std::vector<GraphNode> rest(graph_.nodes.begin() + 1, graph_.nodes.end());
      random_.shuffle(rest);
      std::move(rest.begin(), rest.end(), graph_.nodes.begin() + 1);
    }
    return std::move(graph_);
  }

 private:
  struct Open {
    std::string name;  // "node" or "node.port"
    double branches;   // for each source record, roughly
    bool read = false;
  };

  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low +
           static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(high - low + 1)));
  }
  bool one_in(std::int64_t n) { return between(1, n) == 1; }

  void add_source() {
    GraphNode node;
    node.use = "test.numbers";
    node.with["count"] = one_in(12) ? 0 : between(1, most_records_);
    if (one_in(3)) node.with["bad_every"] = between(2, 20);
    if (one_in(4)) node.on_error = "drop";
    add(std::move(node), "source", {}, 1);
  }

  // What works over the whole set: sorts, passes on the first of a kind, adds up.
  void add_gather() {
    GraphNode node;
    const std::int64_t kind = between(1, 3);
    node.use = kind == 1 ? "test.sort" : kind == 2 ? "test.first" : "test.total";
    if (kind == 1 && one_in(2)) node.with["fail_by"] = between(2, 20);
    if (kind == 2) node.with["by"] = between(1, 40);
    if (one_in(4)) node.on_error = "drop";
    const double branches = choose_inputs(node.from);
    add(std::move(node), "set", {}, kind == 3 ? 0.1 : branches);
  }

  void add_operator() {
    if (gathers_left_ > 0 && one_in(5)) {
      --gathers_left_;
      add_gather();
      return;
    }
    GraphNode node;
    node.with["salt"] = between(1, 1000);
    node.with["by"] = between(1, 6);
    node.parallelism = static_cast<int>(one_in(3) ? 1 : between(1, 8));
    if (one_in(5)) node.on_error = "drop";
    double factor = 1;
    std::vector<std::string> ports;
    const std::int64_t kind = between(1, 10);
    if (kind <= 2) {
      node.use = "graph.route";
      ports = {"a", "b", "c"};
      factor = 0.5;
    } else {
      node.use = kind <= 6 ? "graph.act" : "graph.wait";
      factor = behave(node.with);
    }
    if (node.use == "graph.wait") {
      node.with["echo"] = "echo";
      node.with["asks"] = between(0, 3);
      node.with["early"] = one_in(4);
    }
    const double branches = choose_inputs(node.from);
    add(std::move(node), "node", std::move(ports), branches * factor);
  }

  // Gives how many records come of one.
  double behave(Json& with) {
    static const std::vector<std::string> kKinds = {
        "pass", "pass",   "filter", "filter", "fail",     "fail", "throw",
        "torn", "silent", "twice",  "astray", "contrary", "keep", "several"};
    const std::string does = kKinds[random_.below(kKinds.size())];
    with["does"] = does;
    if (does == "several") return with["by"].get<double>() / 2;
    // Records must get past a chain of such nodes.
    const bool loses = does != "pass" && does != "twice" && does != "contrary";
    if (loses && with["by"] == 1 && !one_in(8)) with["by"] = 4;
    return does == "twice" ? 2 : 1;
  }

  // Mostly what nobody reads yet: chains; else fan-out. Gives what comes in, roughly.
  double choose_inputs(std::vector<std::string>& from) {
    double branches = 0;
    for (std::int64_t wanted = one_in(3) ? between(2, 3) : 1; wanted > 0; --wanted) {
      std::vector<std::size_t> fitting;
      const bool unread_only = !one_in(3);
      for (std::size_t i = 0; i < open_.size(); ++i) {
        if (unread_only && open_[i].read) continue;
        if (branches + open_[i].branches > kMostBranches) continue;
        if (std::count(from.begin(), from.end(), open_[i].name) == 0) fitting.push_back(i);
      }
      if (fitting.empty()) continue;
      read(fitting[random_.below(fitting.size())], from, branches);
    }
    // Whatever is unread, or the first output, however much it is.
    if (from.empty()) read(0, from, branches);
    return branches;
  }

  void read(std::size_t open, std::vector<std::string>& from, double& branches) {
    from.push_back(open_[open].name);
    open_[open].read = true;
    branches += open_[open].branches;
  }

  void add_sinks(std::int64_t count) {
    std::vector<std::vector<std::string>> inputs(static_cast<std::size_t>(count));
    for (const Open& open : open_) {
      if (!open.read || one_in(6)) inputs[random_.below(inputs.size())].push_back(open.name);
    }
    for (std::vector<std::string>& from : inputs) {
      if (from.empty()) continue;
      GraphNode node;
      node.use = "test.collect";
      node.with["name"] = "rows" + std::to_string(graph_.nodes.size());
      if (one_in(3)) node.with["refuse_by"] = between(2, 20);
      if (one_in(4)) node.on_error = "drop";
      node.from = std::move(from);
      node.name = "sink" + std::to_string(graph_.nodes.size());
      graph_.nodes.push_back(std::move(node));
    }
  }

  void add(GraphNode node, const std::string& kind, std::vector<std::string> ports,
           double branches) {
    node.name = kind + std::to_string(graph_.nodes.size());
    if (ports.empty()) {
      node.ports = {node.name};
    } else {
      for (const std::string& port : ports) node.ports.push_back(node.name + "." + port);
    }
    for (const std::string& port : node.ports) open_.push_back({port, branches});
    graph_.nodes.push_back(std::move(node));
  }

  Random random_;
  const int most_records_;
  std::int64_t gathers_left_ = 0;
  RandomGraph graph_;
  std::vector<Open> open_;
};

}  // namespace

std::string RandomGraph::yaml() const {
  std::string text =
      "# seed " + std::to_string(seed) + ", window " + std::to_string(window_bytes) + " bytes, " +
      std::to_string(children_records) + " children or " + std::to_string(children_bytes) +
      " bytes together\nname: random\norder: " + order +
      "\nstop_after_errors: 1000000000\nmax_errors: 100%\nmax_records_in_flight: " +
      std::to_string(credits) +
      "\nservices:\n  echo: { use: test.echo, with: { drop_by: " + std::to_string(drop_by) +
      " } }\nnodes:\n";
  for (const GraphNode& node : nodes) {
    text += "  - { name: " + node.name + ", use: " + node.use;
    if (!node.from.empty()) {
      text += ", from: [";
      for (const std::string& input : node.from) {
        text += (&input == &node.from.front() ? "" : ", ") + input;
      }
      text += "]";
    }
    if (node.parallelism != 1) text += ", parallelism: " + std::to_string(node.parallelism);
    if (node.on_error != "dead_letter") text += ", on_error: " + node.on_error;
    if (!node.with.empty()) {
      text += ", with: {";
      for (const auto& [key, value] : node.with.items()) {
        text += (text.back() == '{' ? " " : ", ") + key + ": " +
                (value.is_string() ? value.get<std::string>() : value.dump());
      }
      text += " }";
    }
    text += " }\n";
  }
  return text;
}

std::uint64_t RandomGraph::records() const {
  std::uint64_t count = 0;
  for (const GraphNode& node : nodes) count += node.with.value("count", std::uint64_t{0});
  return count;
}

RandomGraph random_graph(std::uint64_t seed, int most_records) {
  return Generator(seed, most_records).make();
}

}  // namespace rare::engine::test
