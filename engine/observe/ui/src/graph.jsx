// The pipeline as a drawing: places by dagre, once for each direction; zoom and scrolling are the browser's.
import { Graph, layout } from "@dagrejs/dagre";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { edgePace, state } from "./run_state.js";
import { count, rate, shapes, shortCount, statusOf } from "./wording.js";

const WIDTH = 196, HEIGHT = 82, MARGIN = 12;

function placed(nodes, across) {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: across ? "LR" : "TB", nodesep: 22, ranksep: across ? 74 : 44, marginx: MARGIN, marginy: MARGIN });
  graph.setDefaultEdgeLabel(() => ({}));
  const known = new Set(nodes.map(node => node.name));
  for (const node of nodes) graph.setNode(node.name, { width: WIDTH, height: HEIGHT });
  for (const node of nodes) {
    for (const input of node.inputs) {
      if (known.has(input.node)) graph.setEdge(input.node, node.name, { port: input.port }, input.port);
    }
  }
  layout(graph);
  return {
    width: graph.graph().width, height: graph.graph().height,
    nodes: nodes.map(node => ({ node, at: graph.node(node.name) })),
    edges: graph.edges().map(edge => ({ from: edge.v, to: edge.w, ...graph.edge(edge) })),
  };
}

const cut = (text, length) => text.length > length ? text.slice(0, length - 1) + "…" : text;

function NodeBox({ node, at, chosen, reachable, choose }) {
  const now = state.progress?.nodes?.[node.name];
  const status = statusOf(now);
  const limit = now?.parallelism ?? node.parallelism;
  const full = limit > 0 ? Math.min(1, (now?.in_flight ?? 0) / limit) : 0;
  const words = `${node.name}, ${node.use}, ${status}, ${count(now?.in_flight ?? 0)} of ${count(limit)} in flight, ` +
    `${count(now?.done ?? 0)} done, ${rate(now?.done_per_s)}` + (now?.dead ? `, ${count(now.dead)} dead` : "");
  return (
    <g class={`node ${status}`} transform={`translate(${at.x - WIDTH / 2},${at.y - HEIGHT / 2})`} role="button"
      tabindex={reachable ? 0 : -1} aria-label={words} aria-pressed={chosen} data-node={node.name}
      onClick={() => choose({ node: node.name })}>
      <title>{`${node.name}: ${node.use}${now?.waits_for ? "\n" + now.waits_for : ""}`}</title>
      <rect class="box" width={WIDTH} height={HEIGHT} rx="6" />
      <rect class="edge-mark" width="5" height={HEIGHT} rx="2" />
      <text class="name" x="14" y="19">{cut(node.name, 22)}</text>
      <text class="quiet" x="14" y="35">{cut(node.use, 17)}</text>
      <text class="status" x={WIDTH - 9} y="35" text-anchor="end">{shapes[status]} {status}</text>
      <rect class="room" x="14" y="43" width={WIDTH - 24} height="6" rx="3" />
      <rect class="held" x="14" y="43" width={(WIDTH - 24) * full} height="6" rx="3" />
      <text x="14" y="63">{shortCount(now?.in_flight ?? 0)}/{shortCount(limit)}</text>
      <text x={WIDTH - 9} y="63" text-anchor="end">{rate(now?.done_per_s)}</text>
      <text x="14" y="77">{shortCount(now?.done ?? 0)} done</text>
      {now?.dead ? <text class="dead" x={WIDTH - 9} y="77" text-anchor="end">✕ {shortCount(now.dead)} dead</text> : null}
    </g>);
}

function Edge({ edge, nodes, across, chosen, choose }) {
  const line = edge.points.map((p, i) => `${i ? "L" : "M"}${p.x.toFixed(1)},${p.y.toFixed(1)}`).join("");
  const middle = edge.points[edge.points.length >> 1];
  const pace = edgePace(nodes.get(edge.from), nodes.get(edge.to));
  return (
    <g class={`edge${chosen ? " chosen" : ""}${pace > 0 ? " moving" : ""}`} aria-hidden="true" data-from={edge.from} data-to={edge.to}
      onClick={() => choose({ node: edge.from, port: edge.port, to: edge.to })}>
      <path class="wide-line" d={line} />
      <path class="line" d={line} marker-end="url(#arrow)" />
      {pace === null ? null : <text x={middle.x + (across ? 0 : 8)} y={middle.y + (across ? -4 : 4)}
        text-anchor={across ? "middle" : "start"}>{rate(pace)}</text>}
    </g>);
}

export function GraphSection({ choice, choose }) {
  const nodes = state.run.nodes;
  const frame = useRef(null);
  const [across, setAcross] = useState(() => innerWidth >= 800);
  const [zoom, setZoom] = useState(1);
  const [reach, setReach] = useState(nodes[0]?.name);
  const drawing = useMemo(() => placed(nodes, across), [nodes, across]);
  const byName = useMemo(() => new Map(nodes.map(node => [node.name, node])), [nodes]);
  const fit = least => {
    if (!frame.current || !drawing.width) return;
    setZoom(Math.max(least, Math.min(1, (frame.current.clientWidth - 2) / drawing.width)));
  };
  // Words that can be read come before all being in sight; Fit does the other.
  useEffect(() => fit(0.8), [drawing]);
  useEffect(() => {
    const narrow = matchMedia("(max-width: 799px)");
    const turn = () => setAcross(!narrow.matches);
    narrow.addEventListener("change", turn);
    return () => narrow.removeEventListener("change", turn);
  }, []);

  // One stop for Tab; the arrows walk: along the edges in the direction of the drawing, else in the plan's order.
  const keys = event => {
    const name = event.target.closest?.("[data-node]")?.dataset.node;
    if (!name) return;
    const at = nodes.findIndex(node => node.name === name);
    const above = byName.get(name).inputs[0]?.node, below = nodes.find(node => node.inputs.some(i => i.node === name))?.name;
    const [back, on] = across ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
    const [before, next] = across ? ["ArrowUp", "ArrowDown"] : ["ArrowLeft", "ArrowRight"];
    const target = { [back]: above, [on]: below, [before]: nodes[at - 1]?.name, [next]: nodes[at + 1]?.name,
      Home: nodes[0].name, End: nodes.at(-1).name }[event.key];
    if (event.key === "Enter" || event.key === " ") choose({ node: name });
    else if (target) {
      setReach(target);
      frame.current.querySelector(`[data-node="${CSS.escape(target)}"]`)?.focus();
    } else if (!event.key.startsWith("Arrow")) return;
    event.preventDefault();
  };

  const { width, height } = drawing;
  return (
    <section id="graph" aria-labelledby="graph-title">
      <div class="title-bar">
        <h2 id="graph-title">Pipeline</h2>
        <span class="buttons">
          <button type="button" onClick={() => setZoom(z => Math.max(0.15, z / 1.25))} aria-label="Smaller">−</button>
          <button type="button" onClick={() => setZoom(z => Math.min(2.5, z * 1.25))} aria-label="Larger">+</button>
          <button type="button" onClick={() => fit(0.15)}>Fit</button>
          <button type="button" onClick={() => setAcross(!across)}>{across ? "Downwards" : "Across"}</button>
        </span>
      </div>
      <p class="quiet">Choose a node or an edge for its figures and records. The table of nodes below says the same in words.</p>
      <div class="drawing" ref={frame} onKeyDown={keys} role="group" aria-label={`Graph of ${nodes.length} nodes; arrow keys walk along it`}>
        <svg width={width * zoom} height={height * zoom} viewBox={`0 0 ${width} ${height}`}>
          <defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
            <path d="M0,0L8,4L0,8z" /></marker></defs>
          {drawing.edges.map(edge => <Edge key={`${edge.from}\n${edge.port}\n${edge.to}`} edge={edge} nodes={byName} across={across} choose={choose}
            chosen={choice?.to === edge.to && choice?.node === edge.from && choice?.port === edge.port} />)}
          {drawing.nodes.map(({ node, at }) => <NodeBox key={node.name} node={node} at={at} choose={choose}
            reachable={node.name === reach} chosen={choice?.node === node.name && !choice.to} />)}
        </svg>
      </div>
    </section>);
}
