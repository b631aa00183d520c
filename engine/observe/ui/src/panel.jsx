// What is known of one node or edge, and the records that pass there.
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, repeat } from "./polling.js";
import { edgePace, seenUpTo, state } from "./run_state.js";
import { excerptOf, Fields, Figures } from "./values.jsx";
import { amount, count, explained, milliseconds, rate, shapes, statusOf } from "./wording.js";

const MOST_SAMPLES = 30;

function Tap({ node, port, sink }) {
  const [paused, setPaused] = useState(false);
  const [samples, setSamples] = useState([]);
  const [passed, setPassed] = useState(null);
  const [fault, setFault] = useState("");
  const next = useRef(0);
  useEffect(() => {
    if (paused) return undefined;
    return repeat(async signal => {
      if (!state.answering) return;
      try {
        const news = await ask("tap", { node, port, after: seenUpTo(next.current) }, signal);
        next.current = news.next;
        setPassed(news.passed);
        setFault("");
        if (news.samples.length > 0) {
          setSamples(old => [...news.samples.toReversed().filter(s => !old.some(o => o.seq === s.seq)), ...old].slice(0, MOST_SAMPLES));
        }
      } catch (error) {
        if (!signal.aborted) setFault(error.message);
        throw error;
      }
    });
  }, [node, port, paused]);
  return (
    <div id="tap">
      <div class="title-bar">
        <h3>Records that {sink ? "reach it" : "leave it"}{port && port !== "out" ? ` at '${port}'` : ""}</h3>
        <button type="button" id="tap-pause" aria-pressed={paused} onClick={() => setPaused(!paused)}>{paused ? "Go on" : "Pause"}</button>
      </div>
      <p class="quiet">{passed === null ? "" : `${count(passed)} passed. `}Samples, the newest first, {MOST_SAMPLES} at most.</p>
      {fault ? <p class="bad">No samples: {fault}</p> : null}
      {samples.length === 0 && !fault ? <p>{state.answering ? "None has passed yet." : "None was seen."}</p> : null}
      <div class="samples">{samples.map(sample => (
        <details key={sample.seq}>
          <summary><b>{sample.id}</b> <span class="quiet">at {amount(sample.elapsed_s)} s{sample.port && sample.port !== "out" ? `, ${sample.port}` : ""}
            </span> {excerptOf(sample.record)}</summary>
          <Fields of={sample.record} />
          {sample.cut ? <p class="quiet">Long values are cut short here.</p> : null}
        </details>))}</div>
    </div>);
}

const Latency = ({ of }) => of ? <Figures pairs={[["half within", milliseconds(of.p50)], ["90% within", milliseconds(of.p90)],
  ["99% within", milliseconds(of.p99)]]} /> : <p class="quiet">Not known yet.</p>;

function NodeBody({ node, choose }) {
  const now = state.progress?.nodes?.[node.name] ?? {};
  const status = statusOf(now);
  const below = state.run.nodes.flatMap(n => n.inputs.filter(i => i.node === node.name).map(i => ({ node: node.name, port: i.port, to: n.name })));
  const above = node.inputs.map(i => ({ node: i.node, port: i.port, to: node.name }));
  const edgeButton = edge => <li key={edge.node + "\n" + edge.port + "\n" + edge.to}>
    <button type="button" onClick={() => choose(edge)}>{edge.node}{edge.port && edge.port !== "out" ? ` (${edge.port})` : ""} → {edge.to}</button></li>;
  return (
    <>
      <p>{node.use}, {node.kind}. <span class={`status ${status}`}>{shapes[status]} {status}</span>: {explained[status]}.</p>
      {now.waits_for ? <p>Waits for {now.waits_for}</p> : null}
      <Figures pairs={[["in flight", `${count(now.in_flight ?? 0)} of ${count(now.parallelism ?? node.parallelism)}`], ["done", count(now.done ?? 0)],
        ["rate", rate(now.done_per_s)], ["filtered", count(now.filtered ?? 0)], ["dropped", count(now.dropped ?? 0)],
        ["dead", count(now.dead ?? 0)], ["on disk", now.parked ? count(now.parked) : null]]} />
      <h3>Time a record stays</h3>
      <Latency of={now.latency_ms} />
      {above.length + below.length > 0 ? <><h3>Edges</h3><ul class="list">{[...above, ...below].map(edgeButton)}</ul></> : null}
      {node.services?.length > 0 ? <><h3>Services</h3><p>{node.services.join(", ")}</p></> : null}
      <Tap key={node.name} node={node.name} port={undefined} sink={node.kind === "sink"} />
      <h3>Parameters</h3>
      <Fields of={node.with} />
    </>);
}

function EdgeBody({ choice, choose }) {
  const find = name => state.run.nodes.find(n => n.name === name);
  const from = find(choice.node), to = find(choice.to);
  const pace = edgePace(from, to);
  return (
    <>
      <Figures pairs={[["from", from.name], ["port", choice.port ?? "out"], ["to", to.name], ["rate", pace === null ? "not told apart" : rate(pace)]]} />
      <ul class="list">{[from, to].map(n => <li key={n.name}><button type="button" onClick={() => choose({ node: n.name })}>{n.name}</button></li>)}</ul>
      <Tap key={`${from.name}\n${choice.port}`} node={from.name} port={choice.port} sink={false} />
    </>);
}

export function Panel({ choice, choose }) {
  const title = useRef(null);
  useEffect(() => {
    title.current?.focus({ preventScroll: false });
  }, [choice.node, choice.port, choice.to]);
  const node = state.run.nodes.find(n => n.name === choice.node);
  const edge = choice.to !== undefined;
  if (!node || (edge && !state.run.nodes.some(n => n.name === choice.to))) return null;
  return (
    <aside id="panel" aria-labelledby="panel-title">
      <div class="title-bar">
        <h2 id="panel-title" ref={title} tabIndex={-1}>{edge ? `${choice.node} → ${choice.to}` : choice.node}</h2>
        <button type="button" id="panel-close" onClick={() => choose(null)}>Close</button>
      </div>
      {edge ? <EdgeBody choice={choice} choose={choose} /> : <NodeBody node={node} choose={choose} />}
    </aside>);
}
