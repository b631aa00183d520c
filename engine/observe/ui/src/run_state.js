// What the page knows of the run. All of it is bounded: points of history, lines of log, moments of counts.
import { ask, Refused, repeat } from "./polling.js";
import { known } from "./wording.js";

const MOST_POINTS = 1200, MOST_LINES = 500, MOMENTS = 10;

export const state = {
  run: null, progress: null, dead: null, log: [], points: [], pointNodes: [], pointServices: [], moments: [],
  connection: "connecting",  // connected, lost, ended, forbidden
  answering: false,  // to the last question about progress
  fault: "", lost_at: 0,
};

const listeners = new Set();
export function onChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
let announced = false;
function changed() {
  if (announced) return;
  announced = true;
  queueMicrotask(() => {
    announced = false;
    listeners.forEach(listener => listener());
  });
}

let log_next = 0, dead_seen = -1;
const sameRun = (one, other) => one && one.run_id === other.run_id && one.pid === other.pid && one.started === other.started;

async function learnRun(signal) {
  const run = await ask("run", {}, signal);
  if (state.run && !sameRun(state.run, run)) {
    Object.assign(state, { dead: null, log: [], points: [], moments: [] });
    log_next = 0;
    dead_seen = -1;
  }
  state.run = run;
}

function lost(error) {
  state.answering = false;
  if (error instanceof Refused && error.status === 403) state.connection = "forbidden";
  else if (state.progress?.state === "ended" || state.progress?.state === "stopping") state.connection = "ended";
  else if (state.connection !== "lost") {
    state.connection = "lost";
    state.lost_at = Date.now();
  }
  state.fault = error instanceof Refused ? error.message : "";
  changed();
}

let following = false;
async function learnProgress(signal) {
  try {
    if (!state.run || state.connection !== "connected") await learnRun(signal);
    state.progress = await ask("progress", {}, signal);
  } catch (error) {
    if (!signal.aborted) lost(error);
    throw error;
  }
  state.connection = state.progress.state === "ended" ? "ended" : "connected";
  state.answering = true;
  state.fault = "";
  remember();
  changed();
  if (!following) {
    following = true;
    repeat(learnHistory);
    repeat(learnLog);
    repeat(learnDead, 2000);
  }
}

// What entered a node, and what went on from it, at the last few moments.
function remember() {
  const nodes = {};
  for (const [name, n] of Object.entries(state.progress.nodes ?? {})) {
    nodes[name] = { in: n.done + n.in_flight + (n.parked ?? 0), on: n.done - (n.filtered ?? 0) - (n.dropped ?? 0) - (n.dead ?? 0) };
  }
  state.moments.push({ elapsed_s: state.progress.elapsed_s, nodes });
  if (state.moments.length > MOMENTS) state.moments.shift();
}

function paceOf(name, what) {
  const first = state.moments[0], last = state.moments.at(-1);
  if (!first?.nodes[name] || !last?.nodes[name] || last.elapsed_s <= first.elapsed_s) return null;
  return Math.max(0, (last.nodes[name][what] - first.nodes[name][what]) / (last.elapsed_s - first.elapsed_s));
}

// Records a second over an edge; null where the counts do not tell: several edges into a node from one of several ports.
export function edgePace(from, to) {
  if (to.inputs.length === 1) return paceOf(to.name, "in");
  return (from.ports?.length ?? 1) === 1 && from.kind !== "gather" ? paceOf(from.name, "on") : null;
}

async function learnHistory(signal) {
  if (!state.answering) return;
  const news = await ask("history", { after: state.points.at(-1)?.elapsed_s ?? 0 }, signal);
  state.pointNodes = news.nodes;
  state.pointServices = news.services;
  let points = state.points.concat(news.points);
  if (points.length > MOST_POINTS) {
    const half = points.length >> 1;
    points = points.filter((point, i) => i >= half || i % 2 === 0);
  }
  state.points = points.slice(-MOST_POINTS);
  if (news.points.length > 0) changed();
}

async function learnDead(signal) {
  const dead = state.progress.dead;
  if (!state.answering || dead === dead_seen) return;
  state.dead = await ask("dead", {}, signal);
  dead_seen = dead;
  changed();
}

// The number of the last that was seen, of the next one; it may be given once more, and is then passed over.
export const seenUpTo = next => next > 0 ? next - 1 : undefined;

async function learnLog(signal) {
  if (!state.answering) return;
  const news = await ask("log", { after: seenUpTo(log_next) }, signal);
  log_next = news.next;
  if (news.lines.length === 0) return;
  const newest = state.log.at(-1)?.seq ?? -1;
  state.log = state.log.concat(news.lines.filter(line => line.seq > newest)).slice(-MOST_LINES);
  changed();
}

export function begin() {
  repeat(learnProgress);
}

// Records a second (or any counter's pace) at each point, over the five seconds before it.
export function paces(times, counts) {
  let from = 0;
  return counts.map((value, i) => {
    while (from + 1 < i && times[i] - times[from + 1] >= 5) from++;
    if (i === 0 || !known(value) || !known(counts[from]) || times[i] <= times[from]) return null;
    return Math.max(0, (value - counts[from]) / (times[i] - times[from]));
  });
}
