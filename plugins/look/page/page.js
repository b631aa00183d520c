"use strict";
(() => {
  const faults = [];
  addEventListener("error", event => {
    faults.push(event.message);
    document.documentElement.dataset.faults = faults.length;
  });

  const data = JSON.parse(document.getElementById("data").textContent);
  const run = data.run, rows = data.rows, roles = data.roles;
  const byId = id => document.getElementById(id);

  // An element with text and children. Whatever comes from a record goes through textContent.
  const make = (tag, settings = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(settings)) {
      if (name === "text") element.textContent = value;
      else if (name === "click") element.addEventListener("click", value);
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  };
  const paragraph = (text, kind = "") => make("p", { text, class: kind });
  const format = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
  const shown = value => typeof value === "number" ? format.format(value) : String(value ?? "");

  // columns: [{name, number, wide}], cells: rows of values or elements; `node` of each row for the filter.
  const table = (columns, lines) => {
    const kind = column => column.number ? "number" : column.wide ? "wide" : "";
    const body = make("tbody");
    for (const { cells, node, reason } of lines) {
      const line = make("tr");
      if (node !== undefined) line.dataset.node = node;
      if (reason !== undefined) line.dataset.reason = reason;
      cells.forEach((cell, i) => {
        const td = make("td", { class: kind(columns[i]) });
        td.append(cell instanceof Node ? cell : shown(cell));
        line.append(td);
      });
      body.append(line);
    }
    const head = make("tr", {}, ...columns.map(c => make("th", { text: c.name, class: kind(c), scope: "col" })));
    return make("div", { class: "scroll", tabindex: "0" }, make("table", {}, make("thead", {}, head), body));
  };

  // ---- the state of the run --------------------------------------------------------------------

  const showState = () => {
    byId("title").textContent = data.title;
    document.title = data.title + " - report";
    const state = byId("state");
    state.append(make("span", { text: run.status, class: run.status === "complete" ? "good" : "bad", id: "status" }));
    state.append(`; begun ${run.created}, ${run.starts} ${run.starts === 1 ? "start" : "starts"}, ` +
                 `${format.format(run.elapsed_s)} s in all; made ${data.made}`);
    if (run.fault) byId("state").after(paragraph("What ended it: " + run.fault, "bad"));
    if (run.status === "running") byId("state").after(paragraph("It is running: this is what was committed last."));
  };

  const showLedger = () => {
    const ledger = run.records;
    const parts = names => names.filter(n => ledger[n] > 0).map(n => `${format.format(ledger[n])} ${n}`).join(" + ") || "0";
    const into = ["read", "made", "copied"], out = ["written", "filtered", "merged", "dropped", "dead"];
    const sum = names => names.reduce((total, n) => total + (ledger[n] || 0), 0);
    const fits = sum(into) === sum(out);
    byId("ledger").append(
      make("p", { id: "equation", text: `${parts(into)} ${fits ? "=" : "≠"} ${parts(out)}` }),
      paragraph(fits ? "It adds up: every record is accounted for."
                     : "It does not add up yet: records are under way, or the run ended early.", fits ? "quiet" : "bad"));
  };

  const place = name => { const at = data.node_order.indexOf(name); return at < 0 ? data.node_order.length : at; };
  const nodesInOrder = () => Object.entries(run.nodes).sort(([a], [b]) => place(a) - place(b));

  const showNodes = () => {
    const lines = nodesInOrder().map(([name, node]) => ({
      node: name,
      cells: [name, node.in, node.out, node.filtered, node.dead,
              Object.entries(node.filter_reasons || {}).map(([why, n]) => `${why}: ${format.format(n)}`).join("; "),
              node.p50_ms ?? "", node.p99_ms ?? ""] }));
    byId("nodes").append(lines.length === 0 ? paragraph("No node has worked yet.") : table(
      [{ name: "node" }, { name: "in", number: true }, { name: "out", number: true }, { name: "filtered", number: true },
       { name: "dead", number: true }, { name: "filtered because", wide: true }, { name: "p50 ms", number: true },
       { name: "p99 ms", number: true }], lines));
  };

  const showDead = () => {
    const section = byId("dead");
    if (run.dead_letters.length === 0) return void section.append(paragraph("None."));
    section.append(table([{ name: "records", number: true }, { name: "node" }, { name: "reason", wide: true }],
      run.dead_letters.map(d => ({ node: d.node, reason: d.reason, cells: [d.records, d.node, d.reason] }))));
    section.append(make("h3", { text: "Some of them" }));
    for (const letter of data.dead) {
      const details = make("details", {}, make("summary", { text: `${letter.id} at ${letter.node}: ${letter.reason}` }));
      details.dataset.node = letter.node;
      details.dataset.reason = letter.reason;
      details.append(fieldsOf({ reply: letter.reply, attempts: letter.attempts, ...(letter.record || {}) }, []));
      section.append(details);
    }
    section.append(paragraph("All of them: " + data.dead_letters_file, "quiet"));
  };

  const showServices = () => {
    const services = Object.entries(run.services);
    if (services.length === 0) return void byId("services").remove();
    for (const [name, service] of services) {
      byId("services").append(make("h3", { text: name }), table([{ name: "" }, { name: "", number: true }],
        Object.entries(service).filter(([, v]) => typeof v === "number").map(([key, value]) => ({ cells: [key.replaceAll("_", " "), value] }))));
    }
  };

  // ---- the records -------------------------------------------------------------------------------

  const showRows = () => {
    const section = byId("rows");
    for (const output of data.outputs) {
      section.append(paragraph(`${output.node}: ${output.file || output.path}` + (output.note ? ` (${output.note})` : "") +
                               (output.looked_at ? "" : "; not looked into, see --node"), "quiet"));
    }
    if (data.rows_fault) section.append(paragraph(data.rows_fault, "bad"));
    if (!rows) return false;
    const a = rows.analysis;
    section.append(make("p", { id: "count", text: `${format.format(a.rows)} records looked at` +
      (a.unreadable.rows ? `, of which ${format.format(a.unreadable.rows)} cannot be read` : "") }));
    if (rows.cut_short) section.append(paragraph("Not to the end: " + rows.cut_short, "bad"));
    for (const fault of a.unreadable.shown) section.append(paragraph(`record ${fault.row}: ${fault.why}`, "bad"));
    if (a.rows === a.unreadable.rows) return false;
    const number = name => ({ name, number: true });
    section.append(table(
      [{ name: "field" }, { name: "types" }, number("present"), number("tokens p10"), number("p50"), number("p90"), number("most")],
      a.fields.map(f => ({ cells: [f.name,
        Object.entries(f.types).map(([type, n]) => n === f.present ? type : `${type} ${format.format(n)}`).join(", "),
        f.present, f.tokens.p10 ?? "", f.tokens.p50 ?? "", f.tokens.p90 ?? "", f.tokens.most ?? ""] }))));
    if (a.fields_left_out > 0 || a.fields_uncounted > 0) {
      section.append(make("p", { id: "left-out", class: "bad", text:
        `The ${a.fields.length} fields that most records have; ${format.format(a.fields_left_out)} more are left out.` +
        (a.fields_uncounted > 0 ? " There are so many that some were not counted: the counts of fields are the least that there are." : "") }));
    }
    section.append(paragraph("Tokens are estimates: four bytes, or one Chinese, Japanese or Korean character, a token.", "quiet"));
    return true;
  };

  const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const charts = [];

  // The bins of a drawing of Histogram::drawing() that hold a whole number, between whole numbers: of lengths and
  // ranks there is nothing else.
  const wholeBins = drawing => {
    const edges = drawing.edges.map(Math.ceil);
    const kept = [...edges.keys()].filter(i => edges[i] < edges[i + 1]);
    return { edges: [...kept.map(i => edges[i]), edges[edges.length - 1]],
             series: drawing.series.map(s => ({ ...s, counts: kept.map(i => s.counts[i]) })) };
  };

  // Each series in per cent of its own count.
  const draw = (place, drawing, unit, whole) => {
    if (drawing.edges.length < 2) return null;
    const { edges, series } = whole ? wholeBins(drawing) : drawing;
    const bins = edges.length - 1;
    const points = [...Array(bins + 1).keys()];
    const strokes = ["--one", "--two"];
    const shares = s => [...s.counts.map(n => s.count ? 100 * n / s.count : 0), s.count ? 100 * s.counts[bins - 1] / s.count : 0];
    const axis = more => ({ stroke: colour("--ink"), grid: { stroke: colour("--line") }, ticks: { stroke: colour("--line") }, ...more });
    const label = i => Number.isInteger(i) && edges[i] !== undefined ? shown(edges[i]) : "";
    const span = i => {
      const end = edges[Math.min(i + 1, bins)] - (whole ? 1 : 0);
      return whole && end <= edges[i] ? label(i) : `${label(i)} to ${shown(end)}`;
    };
    return new uPlot({
      width: Math.max(240, place.clientWidth), height: 220,
      scales: { x: { time: false }, y: { range: (u, least, most) => [0, most > 0 ? most * 1.05 : 100] } },
      axes: [axis({ values: (u, splits) => splits.map(label), label: unit }),
             axis({ values: (u, splits) => splits.map(v => format.format(v) + "%"), size: 55 })],
      series: [{ label: unit, value: (u, v) => v == null ? "" : span(v) },
        ...series.map((s, i) => ({
          label: s.name, stroke: colour(strokes[i % 2]), fill: colour(strokes[i % 2]) + "33", width: 1.5,
          paths: uPlot.paths.stepped({ align: 1 }), points: { show: false },
          value: (u, v) => v == null ? "" : format.format(v) + "%" }))],
      hooks: { draw: [() => { place.dataset.drawn = "yes"; }] },
    }, [points, ...series.map(shares)], place);
  };

  const summaryLine = s => s.count === 0 ? `${s.name}: none` :
    `${s.name}: ${format.format(s.count)} in all, 10% up to ${shown(s.p10)}, half up to ${shown(s.p50)}, 90% up to ${shown(s.p90)}, ` +
    `all up to ${shown(s.most)}`;

  const addChart = (title, drawing, unit, explanation, whole = false) => {
    const place = make("div", { class: "chart" });
    byId("charts").append(make("h3", { text: title }), place, ...drawing.series.map(s => paragraph(summaryLine(s), "quiet")));
    if (explanation) byId("charts").append(paragraph(explanation, "quiet"));
    charts.push({ place, drawing, unit, whole, chart: draw(place, drawing, unit, whole) });
  };

  const showCharts = () => {
    const a = rows.analysis, section = byId("charts");
    const lengths = make("select", { id: "length" });
    for (const kind of ["tokens", "characters"]) {
      for (const s of a.lengths[kind].series) lengths.append(make("option", { text: `${s.name}, ${kind}`, value: `${kind}/${s.name}` }));
    }
    if (lengths.options.length > 0) {
      const place = make("div", { class: "chart" }), line = paragraph("", "quiet");
      section.append(make("h3", { text: "Lengths" }), make("label", { text: "Field " }, lengths), place, line);
      const entry = { place, unit: "", drawing: null, whole: true, chart: null };
      charts.push(entry);
      const choose = () => {
        const [kind] = lengths.value.split("/", 1), name = lengths.value.slice(kind.length + 1);
        const one = a.lengths[kind].series.find(s => s.name === name);
        const first = one.counts.findIndex(n => n > 0), last = one.counts.findLastIndex(n => n > 0);
        entry.drawing = { edges: a.lengths[kind].edges.slice(first, last + 2), series: [{ ...one, counts: one.counts.slice(first, last + 1) }] };
        entry.unit = kind;
        entry.chart?.destroy();
        entry.chart = draw(place, entry.drawing, kind, entry.whole);
        line.textContent = summaryLine(one);
      };
      lengths.addEventListener("change", choose);
      const wanted = [...lengths.options].find(o => o.value === "tokens/" + roles.text);
      if (wanted) lengths.value = wanted.value;
      choose();
    }
    if (a.overlap.series.some(s => s.count > 0)) {
      addChart("Words of the question that stand in the passage", a.overlap, "share of the question's words",
        "Of the different words of three letters or more. A question that shares most of its words with its document can be answered by looking them up; negatives that share as many are hard.");
    }
    if (a.scores.series.some(s => s.count > 0)) addChart("Scores", a.scores, "score");
    if (a.ranks.series.some(s => s.count > 0)) addChart("Ranks", a.ranks, "rank, 1 is the best", "", true);
    for (const hint of data.hints) section.append(paragraph(hint, "hint"));
  };

  const openButton = row => {
    const at = rows.sampled.findIndex(r => r.row === row);
    if (at < 0) return make("code", { text: String(row) });
    return make("button", { type: "button", text: String(row), click: () => go(at) });
  };
  const rowList = list => make("span", { class: "list" }, ...list.map(openButton));

  const partly = twins => twins.one_in === 1 ? [] :
    [paragraph(`Of so many texts one in ${twins.one_in} was compared, chosen by its hash: estimate ${twins.one_in} times as many.`)];
  const numbers = group => group.rows.join(", ") + (group.count > group.rows.length ? ", ..." : "");

  const groupsOf = twins => twins.groups === 0 ? `None in '${twins.field}'.` :
    `${format.format(twins.groups)} ${twins.groups === 1 ? "group" : "groups"} in '${twins.field}', ${format.format(twins.rows)} records in all.`;

  const showTwins = () => {
    const section = byId("twins");
    for (const [title, twins] of [["The same document", rows.twins.texts], ["The same question", rows.twins.questions]]) {
      section.append(make("h3", { text: title }), paragraph(groupsOf(twins)), ...partly(twins));
      for (const group of twins.shown) {
        section.append(make("p", { class: "twin", text: `${format.format(group.count)} records: ${numbers(group)}` }),
                       make("p", { class: "excerpt", text: group.excerpt }));
      }
    }
    section.append(paragraph("The same but for case, spacing and punctuation.", "quiet"));
    const near = rows.twins.near_texts;
    section.append(make("h3", { text: "Nearly the same document" }), paragraph(groupsOf(near)), ...partly(near));
    for (const group of near.shown) {
      section.append(make("p", { class: "near-twin", text: `records ${group.pair.join(" and ")}: ` +
          `${format.format(100 * group.share)}% of their runs of three words stand in both` +
          (group.count > 2 ? `; ${format.format(group.count)} records in all: ${numbers(group)}` : "") }),
        ...group.excerpts.map(text => make("p", { class: "excerpt", text })));
    }
    if (near.dropped > 0) {
      section.append(paragraph(`${near.dropped} more of the largest groups ${near.dropped === 1 ? "is" : "are"} not shown: ` +
        "of the two that are most alike by their sketches less than 70% stands in both."));
    }
    section.append(paragraph("Found by sketches of documents of ten words or more: nearly all that share nine tenths of their runs of three words " +
      "(of three Chinese or Japanese characters), five of six that share four fifths, and by chance some that share less. The shares are exact; " +
      "pairs below 70% are not shown. The excerpts begin shortly before the first difference.", "quiet"));
  };

  const showSuspects = () => {
    const section = byId("suspects"), a = rows.analysis;
    for (const [title, list, none] of [["By content", a.suspects, "None."], ["By their fields", a.problems, "All expected fields are there."]]) {
      section.append(make("h3", { text: title }));
      section.append(list.length === 0 ? paragraph(none) : table(
        [{ name: "what", wide: true }, { name: "records", number: true }, { name: "the first", wide: true }],
        list.map(s => ({ cells: [s.what, s.rows, rowList(s.first)] }))));
    }
    section.append(paragraph(data.look_hint, "quiet"));
  };

  // ---- one record ---------------------------------------------------------------------------------

  const letters = /[\p{L}\p{N}]+/gu;
  const wordsOf = text => new Set(typeof text !== "string" ? [] :
    (text.toLowerCase().match(letters) || []).filter(word => word.length > 2));

  // The text with the words marked.
  const marked = (text, words) => {
    const place = document.createDocumentFragment();
    if (words.size === 0) return place.append(text), place;
    let at = 0;
    for (const match of text.matchAll(letters)) {
      if (!words.has(match[0].toLowerCase())) continue;
      place.append(text.slice(at, match.index), make("mark", { text: match[0] }));
      at = match.index + match[0].length;
    }
    place.append(text.slice(at));
    return place;
  };

  const fieldsOf = (fields, inOrder) => {
    const list = make("dl"), words = wordsOf(fields[roles.question]);
    const names = [...inOrder.filter(n => n in fields), ...Object.keys(fields).filter(n => !inOrder.includes(n))];
    for (const name of names) {
      const value = fields[name], hunted = name === roles.text || name === roles.negatives;
      list.append(make("dt", { text: name }));
      const texts = Array.isArray(value) && value.every(v => typeof v === "string") ? value : null;
      if (texts) texts.forEach((text, i) => list.append(make("dd", {}, make("b", { text: `${i + 1}. ` }), marked(text, hunted ? words : new Set()))));
      else list.append(make("dd", {}, typeof value === "string" ? marked(value, hunted ? words : new Set()) : JSON.stringify(value, null, 1)));
    }
    return list;
  };

  let open = -1, opener = null;
  const state = () => new URLSearchParams(location.hash.slice(1));
  const keep = change => {
    const now = state();
    for (const [key, value] of Object.entries(change)) value === "" ? now.delete(key) : now.set(key, value);
    history.replaceState(null, "", "#" + now);
  };
  const go = at => {
    if (!rows || at < 0 || at >= rows.sampled.length) return;
    if (open < 0) opener = document.activeElement;
    open = at;
    const record = rows.sampled[at];
    byId("record-title").textContent = `Record ${record.row}`;
    const order = [roles.id, roles.question, roles.scenario, roles.text, roles.negatives, roles.reasoning];
    byId("record-fields").replaceChildren(fieldsOf(record.fields || {}, order));
    byId("record").hidden = false;
    document.documentElement.dataset.open = "yes";
    byId("record").scrollTop = 0;
    byId("close").focus();
    keep({ record: String(record.row) });
  };
  const close = () => {
    open = -1;
    byId("record").hidden = true;
    delete document.documentElement.dataset.open;
    opener?.focus();
    keep({ record: "" });
  };

  const showSample = () => {
    byId("sample").append(paragraph(`${rows.sampled.length} of ${format.format(rows.analysis.rows)}, drawn with the seed ${data.seed}; long texts are cut, and say so.`, "quiet"),
      make("ol", { class: "list" }, ...rows.sampled.map((record, at) => {
        const question = record.fields?.[roles.question] ?? record.fields?.[roles.text] ?? "";
        return make("li", {}, make("button", { type: "button", class: "open", click: () => go(at),
          text: `${record.row}: ${String(question).slice(0, 60)}` }));
      })));
    byId("before").addEventListener("click", () => go(open - 1));
    byId("after").addEventListener("click", () => go(open + 1));
    byId("close").addEventListener("click", close);
  };

  // ---- filter, keys, sizes ------------------------------------------------------------------------

  const filter = () => {
    const node = byId("node").value, words = byId("reason").value.toLowerCase();
    for (const line of document.querySelectorAll("[data-node]")) {
      const reason = line.dataset.reason;
      line.hidden = (node !== "" && line.dataset.node !== node) ||
                    (words !== "" && reason !== undefined && !reason.toLowerCase().includes(words));
    }
    keep({ node });
  };
  const showFilter = () => {
    const nodes = new Set([...nodesInOrder().map(([name]) => name), ...run.dead_letters.map(d => d.node)]);
    byId("node").append(make("option", { value: "", text: "all" }), ...[...nodes].map(n => make("option", { value: n, text: n })));
    byId("node").addEventListener("change", filter);
    byId("reason").addEventListener("input", filter);
    if (nodes.has(state().get("node"))) byId("node").value = state().get("node");
    filter();
  };

  addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && open >= 0) return close();
    if (/^(INPUT|SELECT)$/.test(document.activeElement?.tagName ?? "")) return;
    if (event.key === "j" || (event.key === "ArrowRight" && open >= 0)) go(open + 1);
    else if ((event.key === "k" || event.key === "ArrowLeft") && open > 0) go(open - 1);
    else if (event.key === "/" && open < 0) byId("reason").focus(), event.preventDefault();
    else if (event.key === "Tab" && open >= 0) {  // the dialogue keeps the focus
      const inside = [...byId("record-bar").querySelectorAll("button")];
      const next = (inside.indexOf(document.activeElement) + (event.shiftKey ? inside.length - 1 : 1)) % inside.length;
      inside[next].focus();
      event.preventDefault();
    }
  });

  const redraw = () => {
    for (const entry of charts) {
      if (!entry.drawing) continue;
      entry.chart?.destroy();
      entry.chart = draw(entry.place, entry.drawing, entry.unit, entry.whole);
    }
  };
  let width = innerWidth;
  addEventListener("resize", () => { if (width !== innerWidth) { width = innerWidth; redraw(); } });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

  showState();
  showLedger();
  showNodes();
  showDead();
  showServices();
  if (showRows()) {
    showCharts();
    showTwins();
    showSuspects();
    showSample();
  } else {
    for (const id of ["charts", "twins", "suspects", "sample"]) byId(id).remove();
  }
  showFilter();
  const wanted = state().get("record");
  if (wanted && rows) go(rows.sampled.findIndex(r => String(r.row) === wanted));
  document.documentElement.dataset.ready = "yes";
})();
