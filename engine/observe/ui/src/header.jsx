// Who runs, how far it is, and whether the page still hears of it.
import { useEffect, useState } from "preact/hooks";
import { state } from "./run_state.js";
import { Figures } from "./values.jsx";
import { bytes, cost, count, duration, rate, share, timeLeft } from "./wording.js";

export function stateInWords() {
  const last = state.progress?.state;
  switch (state.connection) {
    case "connecting": return ["", "Asking the run…"];
    case "forbidden": return ["bad", `The run does not answer this page: ${state.fault || "the token is wrong"}. ` +
      "Open the address that the run printed, with its token."];
    case "lost": return ["bad", `Connection lost at ${new Date(state.lost_at).toLocaleTimeString()}: the run has ended or cannot be reached. ` +
      `What stands here is the last that was seen. ${state.fault}`];
    case "ended": return ["ended", last === "stopping" ? "The run stopped and has ended. What stands here is the last that was seen."
      : "The run has ended. What stands here is the last that was seen."];
    default: return last === "stopping" ? ["bad", "Stopping: records in flight come to their end"] : ["good", "Running"];
  }
}

function Bar({ now }) {
  const known = Number.isFinite(now.input_share);
  const part = known ? now.input_share : now.read > 0 ? now.finished / now.read : 0;
  const words = known ? `${share(part)} of the input read` : `${count(now.finished)} of ${count(now.read)} read records finished`;
  return (
    <div class="bar" role="progressbar" aria-label="Progress" aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(100 * part)}
      aria-valuetext={words}><span style={{ width: `${100 * Math.min(1, part)}%` }} /></div>);
}

export function Header({ theme, setTheme }) {
  const run = state.run, now = state.progress;
  const [kind, words] = stateInWords();
  const costs = Object.values(now?.services ?? {}).map(service => service.cost).filter(Number.isFinite);
  // Told to screen readers when it changes, not with every figure.
  const [told, setTold] = useState(words);
  useEffect(() => setTold(words), [words]);
  return (
    <header>
      <div class="title-bar">
        <h1>{run?.name ?? "rare-engine"}</h1>
        <label>Colours <select id="theme" value={theme} onChange={e => setTheme(e.currentTarget.value)}>
          <option value="auto">as the system</option><option value="light">light</option><option value="dark">dark</option></select></label>
      </div>
      <p id="state" class={kind}>{words}</p>
      <p class="unseen" role="status" aria-live="polite">{told}</p>
      {now ? <>
        <Bar now={now} />
        <Figures pairs={[["elapsed", duration(now.elapsed_s)], ["finished of read", `${count(now.finished)} of ${count(now.read)}`],
          ["input read", Number.isFinite(now.input_share) ? share(now.input_share) : null], ["rate", rate(now.finished_per_s)],
          ["time left", state.connection === "connected" ? timeLeft(now.left_s) : null], ["in flight", count(now.in_flight)],
          ["cost", costs.length ? cost(costs.reduce((a, b) => a + b, 0)) : null], ["dead", now.dead ? <b class="bad">✕ {count(now.dead)}</b> : "0"],
          ["memory", Number.isFinite(now.memory_bytes) ? bytes(now.memory_bytes) : null]]} />
      </> : null}
    </header>);
}
