#include "random_graph_interpreter.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <tuple>

namespace rare::engine::test {
namespace {

// What a node says to one record.
struct Said {
  std::vector<std::pair<std::size_t, Json>> emitted;  // port, fields
  std::optional<std::string> filtered;
  std::optional<std::string> error;
  std::int64_t attempts = 1;
  Json raw;
};

Said failed(const std::string& error) {
  Said said;
  said.error = error;
  return said;
}

Said passed(const Json& fields) {
  Said said;
  said.emitted = {{0, fields}};
  return said;
}

Said filtered(const std::string& reason) {
  Said said;
  said.filtered = reason;
  return said;
}

std::int64_t hash_after(const Json& with, const Json& fields) {
  const std::int64_t h = fields.contains("h") ? fields["h"] : fields["n"];
  return (31 * h + with.at("salt").get<std::int64_t>()) % 1'000'003;
}

Said act(const Json& with, Json fields) {
  const std::string does = with.at("does");
  const std::int64_t by = with.at("by");
  const std::int64_t h = hash_after(with, fields);
  fields["h"] = h;
  if (does == "several") {
    if (h % (by + 1) == 0) return filtered("no children");
    Said said;
    for (std::int64_t i = 0; i < h % (by + 1); ++i) {
      fields["child"] = i;
      said.emitted.emplace_back(0, fields);
    }
    return said;
  }
  if (h % by != 0) return passed(fields);
  const std::int64_t turn = h / by;
  if (does == "filter") return filtered("reason " + std::to_string(turn % 3));
  if (does == "fail") {
    Said said = failed("failed at " + std::to_string(h));
    said.attempts = 1 + turn % 4;
    said.raw = "evidence \xfe " + std::to_string(h);
    return said;
  }
  if (does == "throw") {
    return failed(turn % 2 == 0 ? "threw an exception: thrown at " + std::to_string(h)
                                : "threw something that is no std::exception (of type 'i')");
  }
  if (does == "torn") return failed("torn at " + std::to_string(h));
  if (does == "silent" || (does == "keep" && turn % 2 == 0) || (does == "astray" && turn % 3 == 2))
    return Said();
  if (does == "astray" && turn % 3 == 0)
    return failed("emitted to a port named 'nowhere', which its spec does not name");
  Said said = passed(fields);
  if (does == "twice") said.emitted.push_back(said.emitted.front());
  return said;
}

Said route(const Json& with, Json fields) {
  const std::int64_t h = hash_after(with, fields);
  fields["h"] = h;
  Said said;
  if (h % with.at("by").get<std::int64_t>() == 0) {
    Json second = fields;
    second["second"] = true;
    said.emitted.emplace_back((h + 1) % 3, second);
  }
  said.emitted.emplace_back(h % 3, fields);
  return said;
}

// A record that a whole-set node took in.
struct Taken {
  FamilyKey family;
  std::string id;
  Json fields;
};

// What a whole-set node gives out, one after another: a record that it took in or (without an id)
// one that it made, or the record that it failed on.
struct Given {
  std::string id;
  Json fields;
  std::optional<std::string> error;
};

struct SetSaid {
  std::vector<Given> given;
  std::map<std::string, std::uint64_t> filtered;  // by reason
};

// All whole-set operators: what they say to all that they took in.
SetSaid gather(const std::string& use, const Json& with, const std::vector<Taken>& all) {
  SetSaid said;
  std::vector<Given> kept;
  std::vector<std::int64_t> seen;
  std::int64_t total = 0;
  Json ids = Json::array();
  for (const Taken& taken : all) {
    const Given same{taken.id, taken.fields, std::nullopt};
    const std::int64_t n = taken.fields.at("n");
    if (use == "test.total") {
      total += n;
      ids.push_back(taken.id);
    } else if (use == "test.first") {
      const std::int64_t kind = n % with.at("by").get<std::int64_t>();
      if (std::count(seen.begin(), seen.end(), kind) > 0) {
        ++said.filtered["seen before"];
      } else {
        seen.push_back(kind);
        said.given.push_back(same);
      }
    } else if (with.at("fail_by") > 0 && n % with.at("fail_by").get<std::int64_t>() == 1) {
      said.given.push_back({taken.id, taken.fields, "failed in the set"});
    } else {
      auto at = kept.begin();
      while (at != kept.end() && at->fields.at("n") >= n) ++at;
      kept.insert(at, same);
    }
  }
  said.given.insert(said.given.end(), kept.begin(), kept.end());
  if (use == "test.total") {
    said.given.push_back({"", Json{{"n", total}, {"total", total}, {"ids", ids}}, std::nullopt});
  }
  return said;
}

class Walk {
 public:
  explicit Walk(const Plan& plan) : plan_(plan) {
    walked_.tally = Tally(plan.nodes.size());
    for (const PlannedNode& node : plan.nodes) {
      if (node.use->component.spec.name() == "test.numbers") sources_.push_back(&node);
      if (node.use->component.spec.name() == "test.collect") walked_.rows[node.values.at("name")];
    }
    for (const PlannedService& service : plan.services) drop_by_ = service.values.at("drop_by");
  }

  Walked run() {
    std::uint64_t longest = 0;
    for (const PlannedNode* source : sources_) longest = std::max(longest, count(*source));
    for (std::uint64_t ordinal = 0; ordinal < longest; ++ordinal) {
      for (std::size_t place = 0; place < sources_.size(); ++place) {
        if (ordinal >= count(*sources_[place])) continue;
        family_ = {0, ordinal, place};
        read(*sources_[place], ordinal, place);
      }
    }
    // In the plan's order every whole-set node stands behind those that it takes in from.
    std::size_t place = sources_.size();
    for (const PlannedNode& node : plan_.nodes) {
      if (node.use->component.spec.is_gather()) give_out(node, place++);
    }
    return std::move(walked_);
  }

 private:
  static std::uint64_t count(const PlannedNode& source) { return source.values.at("count"); }

  void read(const PlannedNode& source, std::uint64_t n, std::size_t place) {
    ++walked_.families;
    ++walked_.tally.ledger.read;
    const std::string id = (place == 0 ? "" : source.name + ":") + std::to_string(n);
    const std::uint64_t bad_every = source.values.at("bad_every");
    if (bad_every > 0 && (n + 1) % bad_every == 0) {
      Said said = failed("not a number");
      said.raw = "\xff raw";
      end(source, id, Json::object(), said);
    } else {
      end(source, id, Json{{"n", n}}, passed(Json{{"n", n}}));
    }
  }

  void take_in(const PlannedNode& node, const std::string& id, const Json& fields) {
    ++walked_.tally.nodes[node.index].in;
    ++walked_.tally.ledger.merged;
    taken_[node.index].push_back({family_, id, fields});
  }

  // A level above all that it took in from; what it gives out begins families.
  void give_out(const PlannedNode& node, std::size_t place) {
    std::vector<Taken>& taken = taken_[node.index];
    std::stable_sort(taken.begin(), taken.end(), [](const Taken& a, const Taken& b) {
      return std::tuple(a.family.level, a.family.ordinal, a.family.place) <
             std::tuple(b.family.level, b.family.ordinal, b.family.place);
    });
    const SetSaid said = gather(node.use->component.spec.name(), node.values, taken);
    NodeTally& tally = walked_.tally.nodes[node.index];
    for (const auto& [reason, count] : said.filtered) {
      tally.filtered += count;
      tally.filter_reasons[reason] += count;
    }
    for (std::uint64_t ordinal = 0; ordinal < said.given.size(); ++ordinal) {
      const Given& given = said.given[ordinal];
      family_ = {node.level + 1, ordinal, place};
      ++walked_.tally.ledger.made;
      const std::string made_id = node.name + ":" + std::to_string(ordinal);
      --tally.in;  // counted as it was taken in
      end(node, given.id.empty() ? made_id : given.id, given.fields,
          given.error ? failed(*given.error) : passed(given.fields));
    }
    // One family more carries what was filtered last.
    walked_.families += said.given.size() + 1;
  }

  void visit(const PlannedNode& node, const std::string& id, const Json& fields) {
    const std::string use = node.use->component.spec.name();
    if (node.use->component.spec.is_gather()) {
      take_in(node, id, fields);
    } else if (use == "graph.act") {
      end(node, id, fields, act(node.values, fields));
    } else if (use == "graph.route") {
      end(node, id, fields, route(node.values, fields));
    } else if (use == "graph.wait") {
      end(node, id, fields, wait(node.values, fields));
    } else if (use == "test.collect") {
      collect(node, id, fields);
    } else {
      throw std::logic_error("the walk does not know " + use);
    }
  }

  Said wait(const Json& with, const Json& fields) const {
    Said said = act(with, fields);
    // An early error costs the record before anybody is asked.
    const bool early = with.at("early");
    if (early && said.error) return said;
    const std::int64_t h = hash_after(with, fields), asks = with.at("asks");
    for (std::int64_t asked = h; drop_by_ > 0 && asked < h + asks; ++asked) {
      if (asked % drop_by_ == 1 % drop_by_)
        return failed("the service dropped this request unanswered");
    }
    return said;
  }

  void collect(const PlannedNode& sink, const std::string& id, const Json& fields) {
    const std::uint64_t refuse_by = sink.values.at("refuse_by"), n = fields.at("n");
    if (refuse_by > 0 && n % refuse_by == 1 % refuse_by) {
      end(sink, id, fields, failed("not a row for this sink"));
      return;
    }
    ++walked_.tally.nodes[sink.index].in;
    ++walked_.tally.ledger.written;
    walked_.rows[sink.values.at("name")][family_].push_back({{"id", id}, {"fields", fields}});
  }

  // The node has spoken: counts, and goes on behind it, child by child and edge by edge.
  void end(const PlannedNode& node, const std::string& id, const Json& fields, Said said) {
    NodeTally& tally = walked_.tally.nodes[node.index];
    Ledger& ledger = walked_.tally.ledger;
    ++tally.in;
    if (!said.error && !said.filtered && said.emitted.empty()) {
      said.error =
          "returned OK without emitting the record; an operator that drops one says so with "
          "Output::filter(reason)";
    }
    if (said.error && node.on_error == OnError::drop) {
      ++ledger.dropped;
    } else if (said.error) {
      ++ledger.dead;
      ++tally.dead;
      walked_.dead_letters.push_back({{"id", id},
                                      {"node", node.name},
                                      {"reason", *said.error},
                                      {"attempts", said.attempts},
                                      {"raw", said.raw},
                                      {"record", fields}});
    } else if (said.filtered) {
      ++ledger.filtered;
      ++tally.filtered;
      ++tally.filter_reasons[*said.filtered];
    } else {
      tally.out += said.emitted.size();
      ledger.made += said.emitted.size() - 1;
      for (std::size_t child = 0; child < said.emitted.size(); ++child) {
        const auto& [port, emitted] = said.emitted[child];
        const std::string child_id =
            said.emitted.size() > 1 ? id + "." + std::to_string(child) : id;
        ledger.copied += node.successors[port].size() - 1;
        for (const std::uint32_t next : node.successors[port]) {
          visit(plan_.nodes[next], child_id, emitted);
        }
      }
    }
  }

  const Plan& plan_;
  std::vector<const PlannedNode*> sources_;
  std::int64_t drop_by_ = 0;
  FamilyKey family_;
  std::map<std::uint32_t, std::vector<Taken>> taken_;  // by the plan's index
  Walked walked_;
};

}  // namespace

Walked walk(const Plan& plan) { return Walk(plan).run(); }

}  // namespace rare::engine::test
