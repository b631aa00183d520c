"""A model of a run in shards: slots take shards in turn, nodes and engines are lost, and what was paid for is in the log.

It knows nothing of records but their number. A shard of n records has its model's calls, `in_flight` of them under way, which take
n * steps * latency / in_flight, and at its end the latest record's steps, one after the other, with ever less under way. Before that stands its start, after it
its commit; both are measured, as are all other costs. What it leaves out: the network, other load, an endpoint that slows down.
"""

import dataclasses
import heapq
import math
import random

NODE_LOST, NODE_BACK, ENDED = range(3)


@dataclasses.dataclass(frozen=True)
class Costs:
    """Measured, in seconds."""

    counting_s: float  # the pass over the whole input
    start_s: float  # of a shard, its commit included
    per_shard_of_the_plan_s: float  # of each start, for each shard that the plan has
    per_reply_taken_over_s: float  # at a start after a loss
    finish_per_part_s: float


@dataclasses.dataclass(frozen=True)
class Run:
    """What is asked for, and where it runs."""

    records: int
    shards: int
    nodes: int
    slots_per_node: int
    in_flight: int  # of each shard
    steps: int  # calls a record, one after the other
    latency_s: float
    placing_s: float = 0.0  # what the scheduler takes between two shards of a slot
    spread: float = 0.0  # a shard's rate is off by up to this share, evenly
    node_mtbf_s: float = math.inf
    node_missed_s: float = 0.0  # until the scheduler begins its shards again
    node_back_s: float = 0.0
    engine_mtbf_s: float = math.inf  # kills of one engine, by whatever cause
    engine_missed_s: float = 0.0
    kills: tuple = ()  # (seconds, node) of engines that are killed for certain


@dataclasses.dataclass
class Outcome:
    wall_s: float = 0.0
    finish_s: float = 0.0
    nodes_lost: int = 0
    engines_lost: int = 0
    calls: int = 0
    calls_asked_again: int = 0
    replies_taken_over: int = 0
    overhead_share: float = 0.0  # of the wall time beyond what the same calls take on all slots with nothing else


@dataclasses.dataclass
class Attempt:
    shard: int
    begun_s: float
    asking_from_s: float
    rate: float  # calls a second
    calls: int  # that the shard had when this attempt began
    lost: bool = False
    killed: bool = False


class Simulation:
    def __init__(self, costs, run, seed):
        self.costs, self.run, self.chance = costs, run, random.Random(seed)
        self.outcome, self.events, self.order = Outcome(), [], 0
        self.waiting, self.later = list(range(run.shards - 1, -1, -1)), []
        self.paid = [0] * run.shards
        self.free = [slot % run.nodes for slot in range(run.nodes * run.slots_per_node - 1, -1, -1)]
        self.down, self.running, self.left = set(), {node: [] for node in range(run.nodes)}, run.shards

    def at(self, time_s, kind, what):
        self.order += 1
        heapq.heappush(self.events, (time_s, self.order, kind, what))

    def calls_of(self, shard):
        run = self.run
        return ((shard + 1) * run.records // run.shards - shard * run.records // run.shards) * run.steps

    def place(self, now_s):
        """Each waiting shard on a free slot."""
        while self.waiting and self.free:
            node = self.free.pop()
            if node in self.down:
                continue  # its slots come back with it
            self.begin(now_s, node, self.waiting.pop())

    def begin(self, now_s, node, shard):
        run, costs, paid = self.run, self.costs, self.paid[shard]
        calls = self.calls_of(shard)
        rate = run.in_flight / run.latency_s * self.chance.uniform(1 - run.spread, 1 + run.spread)
        start_s = run.placing_s + costs.start_s + costs.per_shard_of_the_plan_s * run.shards + paid * costs.per_reply_taken_over_s
        attempt = Attempt(shard, now_s, now_s + start_s, rate, paid)
        self.outcome.replies_taken_over += paid
        ends_s = attempt.asking_from_s + (calls - paid) / rate + (run.steps * run.latency_s if calls > paid else 0)
        killed_s = now_s + self.chance.expovariate(1 / run.engine_mtbf_s) if run.engine_mtbf_s < math.inf else math.inf
        attempt.killed = killed_s < ends_s
        self.running[node].append(attempt)
        self.at(min(ends_s, killed_s), ENDED, (node, attempt))

    def lose(self, now_s, attempt):
        """What it asked for and has is paid; what was in flight is asked again."""
        run, left = self.run, self.calls_of(attempt.shard) - attempt.calls
        had = min(left, math.floor(max(0.0, now_s - attempt.asking_from_s) * attempt.rate))
        again = min(run.in_flight, left - had) if now_s > attempt.asking_from_s else 0
        attempt.lost = True
        self.paid[attempt.shard] += had
        self.outcome.calls_asked_again += again
        self.outcome.calls += had + again

    def end(self, now_s, node, attempt):
        if attempt.lost:
            return
        self.running[node].remove(attempt)
        self.free.append(node)
        if not attempt.killed:
            self.outcome.calls += self.calls_of(attempt.shard) - attempt.calls
            self.left -= 1
            return
        self.lose(now_s, attempt)
        self.outcome.engines_lost += 1
        self.at(now_s + self.run.engine_missed_s, NODE_BACK, (None, [attempt.shard]))

    def lose_node(self, now_s, node, for_good):
        """`for_good`: the node, not one engine on it."""
        run = self.run
        lost = self.running[node] if for_good else self.running[node][:1]
        self.running[node] = [] if for_good else self.running[node][1:]
        for attempt in lost:
            self.lose(now_s, attempt)
        shards = [attempt.shard for attempt in lost]
        if not for_good:
            self.outcome.engines_lost += len(lost)
            self.free += [node] * len(lost)
            self.at(now_s + run.engine_missed_s, NODE_BACK, (None, shards))
            return
        self.outcome.nodes_lost += 1
        self.down.add(node)
        self.free = [other for other in self.free if other != node]
        self.at(now_s + run.node_missed_s, NODE_BACK, (None, shards))
        self.at(now_s + run.node_back_s, NODE_BACK, (node, []))
        self.at(now_s + run.node_back_s + self.chance.expovariate(1 / run.node_mtbf_s), NODE_LOST, (node, True))

    def outcome_of_all(self):
        run, now_s = self.run, self.costs.counting_s
        for node in range(run.nodes):
            if run.node_mtbf_s < math.inf:
                self.at(now_s + self.chance.expovariate(1 / run.node_mtbf_s), NODE_LOST, (node, True))
        for killed_s, node in run.kills:
            self.at(killed_s, NODE_LOST, (node, False))
        self.place(now_s)
        while self.left:
            now_s, _, kind, what = heapq.heappop(self.events)
            if kind == ENDED:
                self.end(now_s, *what)
            elif kind == NODE_LOST:
                self.lose_node(now_s, *what)
            else:
                node, shards = what
                self.waiting[:0] = shards  # they come last, as those of an array that is sent again
                if node is not None:
                    self.down.discard(node)
                    self.free += [node] * run.slots_per_node
            self.place(now_s)
        outcome = self.outcome
        outcome.finish_s = run.shards * self.costs.finish_per_part_s
        outcome.wall_s = now_s + outcome.finish_s
        ideal_s = run.records * run.steps * run.latency_s / (run.nodes * run.slots_per_node * run.in_flight)
        outcome.overhead_share = outcome.wall_s / ideal_s - 1
        return outcome


def simulate(costs, run, seed=1):
    return Simulation(costs, run, seed).outcome_of_all()
