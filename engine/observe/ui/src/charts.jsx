// Figures over the time of the run, from its history.
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { paces, state } from "./run_state.js";
import { amount, cost, count, duration, known, milliseconds, rate } from "./wording.js";

const HEIGHT = 190;
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800];
const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function make(place, series, worded) {
  const axis = more => ({ stroke: colour("--ink"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 },
    font: "12px system-ui, sans-serif", ...more });
  return new uPlot({
    width: Math.max(200, place.clientWidth), height: HEIGHT,
    scales: { x: { time: false }, y: { range: (u, least, most) => [0, most > 0 ? most * 1.08 : 1] } },
    axes: [axis({ values: (u, splits) => splits.map(s => duration(s)), space: 80, incrs: STEPS_S }),
      axis({ values: (u, splits) => splits.map(v => worded(v).replace("/s", "")), size: 74 })],
    legend: { live: true },
    series: [{ label: "at", value: (u, v) => known(v) ? duration(v) : "" },
      ...series.map((s, i) => ({ label: s.name, stroke: colour(i % 2 ? "--two" : "--one"), width: 1.75, dash: i % 2 ? [6, 4] : undefined,
        spanGaps: true, points: { show: false }, value: (u, v) => known(v) ? worded(v) : "" }))],
    hooks: { draw: [() => { place.dataset.drawn = "yes"; }] },
  }, [[], ...series.map(() => [])], place);
}

function Chart({ id, title, times, series, worded, theme }) {
  const place = useRef(null), chart = useRef(null);
  const names = series.map(s => s.name).join("\n");
  useEffect(() => {
    chart.current = make(place.current, series, worded);
    const resize = () => {
      const width = Math.max(200, place.current?.clientWidth ?? 0);
      if (chart.current && width !== chart.current.width) chart.current.setSize({ width, height: HEIGHT });
    };
    // In a frame of its own: a size changed while sizes are told would be told again at once.
    const watch = new ResizeObserver(() => requestAnimationFrame(resize));
    watch.observe(place.current);
    return () => {
      watch.disconnect();
      chart.current.destroy();
      chart.current = null;
    };
  }, [names, theme]);
  useEffect(() => {
    chart.current?.setData([times, ...series.map(s => s.values)]);
  });
  const last = series.map(s => {
    const value = s.values.findLast(known);
    return `${s.name} ${known(value) ? worded(value) : "unknown"}`;
  }).join(", ");
  return (
    <div class="chart-card">
      <h3>{title}</h3>
      <div class="chart" id={id} ref={place} role="img" aria-label={`${title} over time; now ${last}`} />
      <p class="quiet">now: {last}</p>
    </div>);
}

const CALLS = 0, IN_FLIGHT = 1, LIMIT = 2, TOKENS = 3, COST = 4, P50 = 5, P99 = 6;

export function ChartsSection({ theme }) {
  const services = state.pointServices.length ? state.pointServices : state.run.services.map(s => s.name);
  const [service, setService] = useState("");
  const [node, setNode] = useState("");
  const points = state.points, times = points.map(p => p.elapsed_s);
  // A language model comes first to mind, then whatever else is asked.
  const firstWith = count => services.find((name, i) => points.at(-1)?.services[i]?.[count] > 0);
  const asked = firstWith(TOKENS) ?? firstWith(CALLS);
  const chosen = services.includes(service) ? service : asked ?? services[0];
  const at = services.indexOf(chosen), nodeAt = state.pointNodes.indexOf(node);
  const of = which => points.map(p => p.services[at]?.[which] ?? null);
  const records = nodeAt < 0 ? points.map(p => p.finished) : points.map(p => p.nodes[nodeAt] ?? null);
  const limits = of(LIMIT).some(known) ? [{ name: "limit", values: of(LIMIT) }] : [];
  return (
    <section id="charts" aria-labelledby="charts-title">
      <h2 id="charts-title">Over time</h2>
      <div class="choices">
        <label>Records of <select id="chart-node" value={nodeAt < 0 ? "" : node} onChange={e => setNode(e.currentTarget.value)}>
          <option value="">the whole run</option>{state.pointNodes.map(name => <option key={name} value={name}>{name}</option>)}</select></label>
        {services.length > 0 ? <label>Service <select id="chart-service" value={chosen} onChange={e => setService(e.currentTarget.value)}>
          {services.map(name => <option key={name} value={name}>{name}</option>)}</select></label> : null}
      </div>
      <div class="charts">
        <Chart id="chart-records" theme={theme} title="Records a second" times={times} worded={rate}
          series={[{ name: nodeAt < 0 ? "finished" : node, values: paces(times, records) }]} />
        <Chart id="chart-held" theme={theme} title="Records in flight" times={times} worded={count}
          series={[{ name: "in flight", values: points.map(p => p.in_flight) }]} />
        {at < 0 ? null : <>
          <Chart id="chart-calls" theme={theme} title={`${chosen}: calls in flight`} times={times} worded={amount}
            series={[{ name: "in flight", values: of(IN_FLIGHT) }, ...limits]} />
          <Chart id="chart-pace" theme={theme} title={`${chosen}: calls a second`} times={times} worded={rate}
            series={[{ name: "calls", values: paces(times, of(CALLS)) }]} />
          <Chart id="chart-tokens" theme={theme} title={`${chosen}: tokens a second`} times={times} worded={rate}
            series={[{ name: "tokens", values: paces(times, of(TOKENS)) }]} />
          <Chart id="chart-latency" theme={theme} title={`${chosen}: time of a call`} times={times} worded={milliseconds}
            series={[{ name: "half within", values: of(P50) }, { name: "99% within", values: of(P99) }]} />
          {of(COST).some(known) ? <Chart id="chart-cost" theme={theme} title={`${chosen}: cost`} times={times} worded={cost}
            series={[{ name: "cost", values: of(COST) }]} /> : null}
        </>}
      </div>
    </section>);
}
