// The parts of the page that are tables and text.
import { useEffect, useRef, useState } from "preact/hooks";
import { state } from "./run_state.js";
import { Fields } from "./values.jsx";
import { cost, count, milliseconds, rate, shapes, statusOf } from "./wording.js";

const Scroll = ({ label, children, tall }) => <div class={`scroll${tall ? " tall" : ""}`} tabIndex={0} role="region" aria-label={label}>{children}</div>;
const Head = ({ names }) => <thead><tr>{names.map(([name, number]) => <th key={name} scope="col" class={number ? "number" : ""}>{name}</th>)}</tr></thead>;
const Number = ({ children }) => <td class="number">{children}</td>;

export function NodesSection({ choose }) {
  return (
    <section id="nodes" aria-labelledby="nodes-title">
      <h2 id="nodes-title">Nodes</h2>
      <Scroll label="Table of nodes" tall>
        <table>
          <Head names={[["node"], ["status"], ["in flight", 1], ["done", 1], ["rate", 1], ["filtered", 1], ["dropped", 1], ["dead", 1], ["99% within", 1],
            ["waits for"]]} />
          <tbody>{state.run.nodes.map(node => {
            const now = state.progress?.nodes?.[node.name] ?? {}, status = statusOf(now);
            return (
              <tr key={node.name} data-row={node.name}>
                <th scope="row"><button type="button" class="plain" onClick={() => choose({ node: node.name })}>{node.name}</button></th>
                <td class={`status ${status}`}>{shapes[status]} {status}</td>
                <Number>{count(now.in_flight ?? 0)}/{count(now.parallelism ?? node.parallelism)}</Number>
                <Number>{count(now.done ?? 0)}</Number><Number>{rate(now.done_per_s)}</Number>
                <Number>{count(now.filtered ?? 0)}</Number><Number>{count(now.dropped ?? 0)}</Number>
                <td class={now.dead ? "number bad" : "number"}>{count(now.dead ?? 0)}</td>
                <Number>{milliseconds(now.latency_ms?.p99)}</Number>
                <td>{now.waits_for ?? (now.parked ? `${count(now.parked)} on disk` : "")}</td>
              </tr>);
          })}</tbody>
        </table>
      </Scroll>
    </section>);
}

export function ServicesSection() {
  if (state.run.services.length === 0) return null;
  return (
    <section id="services" aria-labelledby="services-title">
      <h2 id="services-title">Services</h2>
      <Scroll label="Table of services">
        <table>
          <Head names={[["service"], ["calls", 1], ["rate", 1], ["in flight", 1], ["tokens", 1], ["tokens/s", 1], ["cost", 1], ["throttled", 1],
            ["retries", 1], ["from cache", 1], ["99% within", 1], ["says"]]} />
          <tbody>{state.run.services.map(({ name, use }) => {
            const now = state.progress?.services?.[name] ?? {};
            return (
              <tr key={name}>
                <th scope="row">{name} <span class="quiet">{use}</span></th>
                <Number>{count(now.calls)}</Number><Number>{rate(now.calls_per_s)}</Number>
                <Number>{count(now.in_flight)}{now.limit ? `/${count(now.limit)}` : ""}</Number>
                <Number>{count(now.tokens)}</Number><Number>{rate(now.tokens_per_s)}</Number><Number>{cost(now.cost)}</Number>
                <Number>{count(now.throttled)}</Number><Number>{count(now.retries)}</Number><Number>{count(now.cache_hits)}</Number>
                <Number>{milliseconds(now.latency_ms?.p99)}</Number><td>{now.activity ?? ""}</td>
              </tr>);
          })}</tbody>
        </table>
      </Scroll>
    </section>);
}

// The equation of what is committed, which holds at every moment; beside it what is under way.
export function LedgerSection() {
  const now = state.progress, ledger = now?.ledger ?? {};
  const side = names => names.filter(name => ledger[name] > 0).map(name => `${count(ledger[name])} ${name}`).join(" + ") || "0";
  return (
    <section id="ledger" aria-labelledby="ledger-title">
      <h2 id="ledger-title">Ledger</h2>
      <p id="equation">{side(["read", "made", "copied"])} = {side(["written", "filtered", "merged", "dropped", "dead"])}</p>
      <p class="quiet">Of what is committed, in this start and those before; {count(now?.in_flight ?? 0)} more
        of {count(now?.read ?? 0)} records read are in flight.</p>
    </section>);
}

export function DeadSection({ choose }) {
  const reasons = state.dead?.reasons ?? [];
  return (
    <section id="dead" aria-labelledby="dead-title">
      <h2 id="dead-title">Dead letters</h2>
      {reasons.length === 0 ? <p>{state.dead ? "None." : "Not known yet."}</p> : reasons.map(reason => (
        <details key={`${reason.node}\n${reason.reason}`}>
          <summary><b class="bad">{count(reason.records)}</b> at <b>{reason.node}</b>: {reason.reason}</summary>
          <p><button type="button" onClick={() => choose({ node: reason.node })}>Show {reason.node}</button></p>
          {(reason.samples ?? []).map(sample => (
            <div class="sample" key={sample.id}>
              <p><b>{sample.id}</b> {sample.message}</p>
              <Fields of={sample.fields} />
            </div>))}
        </details>))}
    </section>);
}

export function ConfigurationSection() {
  const config = state.run.config;
  return (
    <section id="configuration" aria-labelledby="configuration-title">
      <h2 id="configuration-title">Configuration</h2>
      <p class="quiet">As the run resolved it; secrets are masked. State folder: <code>{state.run.state_folder}</code></p>
      <details><summary>Show it</summary>
        <pre tabIndex={0} role="region" aria-label="Resolved configuration">{typeof config === "string" ? config : JSON.stringify(config, null, 2)}</pre>
      </details>
    </section>);
}

const LEVELS = ["trace", "debug", "info", "warning", "error", "critical"];

export function LogSection() {
  const [least, setLeast] = useState("info");
  const place = useRef(null), follows = useRef(true);
  const lines = state.log.filter(line => Math.max(0, LEVELS.indexOf(line.level)) >= LEVELS.indexOf(least));
  useEffect(() => {
    if (follows.current && place.current) place.current.scrollTop = place.current.scrollHeight;
  }, [lines.at(-1)?.seq, least]);
  const scrolled = () => {
    const p = place.current;
    follows.current = p.scrollHeight - p.scrollTop - p.clientHeight < 30;
  };
  return (
    <section id="log" aria-labelledby="log-title">
      <div class="title-bar">
        <h2 id="log-title">Log</h2>
        <label>From <select id="log-level" value={least} onChange={e => setLeast(e.currentTarget.value)}>
          {LEVELS.slice(1, 5).map(level => <option key={level}>{level}</option>)}</select> on</label>
      </div>
      <div class="scroll tall log" ref={place} onScroll={scrolled} tabIndex={0} role="region" aria-label="Lines of the log">
        {lines.length === 0 ? <p class="quiet">No lines.</p> : lines.map(line => (
          <p key={line.seq} class={`level-${line.level}`}><span class="quiet">{line.time}</span> <b>{line.level}</b> {line.component
            ? `${line.component}: ` : ""}{line.message}</p>))}
      </div>
    </section>);
}
