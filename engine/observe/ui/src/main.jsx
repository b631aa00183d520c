import "uplot/dist/uPlot.min.css";
import "./page.css";
import { render } from "preact";
import { useEffect, useReducer, useState } from "preact/hooks";
import { ChartsSection } from "./charts.jsx";
import { GraphSection } from "./graph.jsx";
import { Header } from "./header.jsx";
import { Panel } from "./panel.jsx";
import { begin, onChange, state } from "./run_state.js";
import { ConfigurationSection, DeadSection, LedgerSection, LogSection, NodesSection, ServicesSection } from "./tables.jsx";

addEventListener("error", event => { document.documentElement.dataset.faults = event.message; });
addEventListener("unhandledrejection", event => { document.documentElement.dataset.faults = String(event.reason); });

const KEY = "rare-engine colours";
function kept() {
  try {
    return localStorage.getItem(KEY) ?? "auto";
  } catch {
    return "auto";  // storage may be switched off
  }
}

function useTheme() {
  const [theme, setTheme] = useState(kept);
  const [system, setSystem] = useState(() => matchMedia("(prefers-color-scheme: dark)").matches);
  useEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const changed = () => setSystem(dark.matches);
    dark.addEventListener("change", changed);
    return () => dark.removeEventListener("change", changed);
  }, []);
  const shown = theme === "auto" ? system ? "dark" : "light" : theme;
  document.documentElement.dataset.theme = shown;
  return [theme, shown, next => {
    try {
      localStorage.setItem(KEY, next);
    } catch { /* the choice then lasts as long as the page */ }
    setTheme(next);
  }];
}

// A link to the page may name what is open: #node=questions, #node=questions&port=out&to=negatives.
function choiceOfAddress() {
  const words = new URLSearchParams(location.hash.slice(1));
  const node = words.get("node");
  return node === null ? null : { node, port: words.get("port") ?? undefined, to: words.get("to") ?? undefined };
}

function Page() {
  const [, again] = useReducer(n => n + 1, 0);
  const [theme, shown, setTheme] = useTheme();
  const [choice, setChoice] = useState(choiceOfAddress);
  useEffect(() => onChange(again), []);
  const choose = next => {
    const before = choice;
    const words = new URLSearchParams(Object.entries(next ?? {}).filter(([, value]) => value !== undefined));
    history.replaceState(null, "", location.pathname + location.search + (next ? "#" + words : ""));
    setChoice(next);
    if (!next && before) document.querySelector(`svg [data-node="${CSS.escape(before.node)}"]`)?.focus();
  };
  useEffect(() => {
    const follow = () => setChoice(choiceOfAddress());
    const escape = event => {
      if (event.key === "Escape" && choice) choose(null);
    };
    addEventListener("hashchange", follow);
    addEventListener("keydown", escape);
    return () => {
      removeEventListener("hashchange", follow);
      removeEventListener("keydown", escape);
    };
  }, [choice]);
  const now = state.progress;
  useEffect(() => {
    if (!state.run) return;
    const far = Number.isFinite(now?.input_share) ? `${Math.floor(100 * now.input_share)}% ` : "";
    document.title = `${state.connection === "connected" ? far : state.connection + ": "}${state.run.name} - rare-engine`;
    if (now) document.documentElement.dataset.ready = "yes";
  });
  const open = choice && state.run?.nodes.some(node => node.name === choice.node);
  return (
    <>
      <Header theme={theme} setTheme={setTheme} />
      {state.run ? <>
        <nav aria-label="Parts of the page">{[["graph", "Pipeline"], ["nodes", "Nodes"], ["services", "Services"], ["charts", "Over time"],
          ["ledger", "Ledger"], ["dead", "Dead letters"], ["log", "Log"], ["configuration", "Configuration"]]
          .filter(([id]) => id !== "services" || state.run.services.length > 0)
          .map(([id, name]) => <button type="button" class="plain" key={id} onClick={() => {
            const part = document.getElementById(id);
            part.scrollIntoView();
            part.querySelector("button, select, summary, [tabindex='0']")?.focus({ preventScroll: true });
          }}>{name}</button>)}</nav>
        <main class={open ? "with-panel" : ""}>
          <div class="body">
            <GraphSection choice={choice} choose={choose} />
            <NodesSection choose={choose} />
            <ServicesSection />
            <ChartsSection theme={shown} />
            <LedgerSection />
            <DeadSection choose={choose} />
            <LogSection />
            <ConfigurationSection />
          </div>
          {open ? <Panel choice={choice} choose={choose} /> : null}
        </main>
        <footer class="quiet">rare-engine {state.run.engine_version}, process {state.run.pid}, begun {state.run.started}. This page only looks:
          it changes nothing, and asks nobody but the run.</footer>
      </> : <main />}
    </>);
}

render(<Page />, document.getElementById("page"));
begin();
