"use strict";
// Draws the report from the JSON in #data. Names come from the model: they only ever become text nodes.
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "style") Object.assign(made.style, value);
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value);
  }
  made.append(...children.map((child) => (child instanceof Node ? child : String(child ?? ""))));
  return made;
}

function shape(name, attributes = {}, title = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (title) {
    const text = document.createElementNS("http://www.w3.org/2000/svg", "title");
    text.textContent = title;
    made.append(text);
  }
  return made;
}

function label(x, y, text, anchor = "start") {
  const made = shape("text", { x, y, "text-anchor": anchor });
  made.textContent = text;
  return made;
}

const digits = (value, count = 3) => {
  if (!isFinite(value)) return "–";
  if (value === 0) return "0";
  const places = Math.max(0, count - 1 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(places, 6));
};
function withPrefix(value, unit, base = 1000) {
  const prefixes = ["", "k", "M", "G", "T"];
  let step = 0;
  while (Math.abs(value) >= base && step + 1 < prefixes.length) { value /= base; ++step; }
  return `${digits(value)} ${prefixes[step]}${unit}`;
}
const microseconds = (value) => (value >= 1000 ? `${digits(value / 1000)} ms` : `${digits(value)} µs`);

// What each launch reached.

const emitterNames = ["contraction", "convolution", "winograd", "depthwise", "window", "rows", "recurrent", "attention", "pointwise", "loops"];
const colour = (emitter) => `var(--${emitterNames.includes(emitter) ? emitter : "other"})`;

/** Bandwidth in bytes per second for a kernel that touches so many bytes: of the smallest memory they fit in. */
function bandwidthFor(bytes) {
  const levels = data.machine.bandwidths;
  const level = levels.find((one) => bytes <= one.bytes) ?? levels[levels.length - 1];
  return level ? level.gb_per_s * 1e9 : Infinity;
}

const launches = data.launches.map((launch, number) => {
  const kernel = data.kernels[launch.kernel];
  const schedule = kernel.schedules.find((one) => one.variant === data.variant) ?? kernel.schedules[0] ?? {};
  const bytes = launch.bytes_read + launch.bytes_written, time = launch.least_us;
  const forArithmetic = launch.operations / (data.machine.gflops * 1e3), forMemory = (bytes / bandwidthFor(bytes)) * 1e6;
  const limit = Math.max(forArithmetic, forMemory);
  return {
    ...launch, number, kernelName: kernel.name, steps: kernel.operations, schedule, bytes, time, limit,
    emitter: schedule.emitter ?? "other", bound: forArithmetic >= forMemory ? "arithmetic" : "memory",
    gflops: launch.operations / time / 1e3, gigabytes: bytes / time / 1e3,
    reached: (100 * limit) / time, lost: time - limit,
  };
});
const total = launches.reduce((sum, launch) => sum + launch.time, 0);

// Summary.

function drawSummary() {
  byId("title").textContent = data.model;
  byId("subtitle").textContent = `${data.machine.processor || "unknown processor"}, ${data.threads} thread${data.threads === 1 ? "" : "s"}, ` +
    `variant ${data.variant}; ${data.options}; measured ${data.measured}` +
    (data.symbols.length ? `; ${data.symbols.map((one) => `${one.name} = ${one.value}`).join(", ")}` : "");
  const work = launches.reduce((sum, launch) => sum + launch.operations, 0);
  const limits = launches.reduce((sum, launch) => sum + launch.limit, 0);
  const figures = [
    ["Median run", microseconds(data.timing.median_ms * 1e3), `${data.timing.runs} runs`],
    ["Fastest run", microseconds(data.timing.min_ms * 1e3), `99 %: ${microseconds(data.timing.p99_ms * 1e3)}`],
    ["Load and first run", microseconds((data.timing.load_ms + data.timing.first_ms) * 1e3), ""],
    ["Sum of kernels", microseconds(total), `${launches.length} launches of ${data.kernels.length} kernels`],
    ["At the ceilings", microseconds(limits), `${digits((100 * limits) / total)} % of the time`],
    ["Arithmetic", `${withPrefix(work, "FLOP")}`, `${digits(work / total / 1e3)} of ${digits(data.machine.gflops)} GFLOP/s`],
    ["Arena", withPrefix(arenaBytes(slotSizes()), "B"), slotSizes().length ? "for these sizes" : `at least ${withPrefix(data.memory.arena_lower_bound, "B")}`],
    ["Constants", withPrefix(data.memory.constant_bytes, "B"), `library ${withPrefix(data.memory.output_bytes, "B")}`],
    ["Compiled in", `${digits(data.compile.seconds)} s`, `peak memory ${withPrefix(data.compile.peak_memory_bytes, "B")}`],
  ];
  for (const [name, value, note] of figures)
    byId("figures").append(element("div", {}, element("dt", {}, name), element("dd", {}, value + " ", element("small", {}, note))));
  const groups = new Map();
  for (const launch of launches) {
    const group = groups.get(launch.emitter) ?? { time: 0, count: 0, limit: 0 };
    group.time += launch.time; group.limit += launch.limit; ++group.count;
    groups.set(launch.emitter, group);
  }
  const list = element("div", { class: "share" });
  for (const [name, group] of [...groups].sort((a, b) => b[1].time - a[1].time))
    list.append(element("span", {}, name),
      element("span", { class: "bars" }, element("span", { class: "bar", style: { width: `${(100 * group.time) / total}%`, background: colour(name) } })),
      element("span", {}, `${digits((100 * group.time) / total)} %, ${microseconds(group.time)}, ${group.count} launches, ${digits((100 * group.limit) / group.time)} % of ceiling`));
  byId("emitters").append(list);
}

// The table of launches.

const columns = [
  { name: "#", text: (l) => l.number, key: (l) => l.number },
  { name: "node", text: (l) => openButton(l), key: (l) => l.node, isText: true },
  { name: "emitter", text: (l) => l.emitter, key: (l) => l.emitter, isText: true },
  { name: "time", text: (l) => microseconds(l.time), key: (l) => l.time },
  { name: "share", text: (l) => `${digits((100 * l.time) / total)} %`, key: (l) => l.time },
  { name: "GFLOP/s", text: (l) => digits(l.gflops), key: (l) => l.gflops },
  { name: "GB/s", text: (l) => digits(l.gigabytes), key: (l) => l.gigabytes },
  { name: "limit", text: (l) => l.bound, key: (l) => l.bound, isText: true },
  { name: "reached", text: (l) => `${digits(l.reached)} %`, key: (l) => l.reached },
  { name: "lost", text: (l) => microseconds(Math.max(0, l.lost)), key: (l) => l.lost },
];
let order = { column: columns[3], isDescending: true };

function openButton(launch) {
  const name = launch.node || launch.kernelName;
  return element("button", { class: "link", type: "button", title: name, onclick: () => showDetails(launch) }, name);
}

function drawTable() {
  const words = byId("filter").value.toLowerCase();
  const shown = launches.filter((l) => !words || `${l.node} ${l.kernelName} ${l.emitter} ${l.steps.join(" ")}`.toLowerCase().includes(words));
  const sign = order.isDescending ? -1 : 1, key = order.column.key;
  shown.sort((a, b) => sign * (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
  const head = element("tr");
  for (const column of columns) {
    const sort = column !== order.column ? "none" : order.isDescending ? "descending" : "ascending";
    const choose = () => {
      order = { column, isDescending: order.column === column ? !order.isDescending : !column.isText };
      drawTable();
      byId("table").querySelectorAll("th button")[columns.indexOf(column)].focus();
    };
    head.append(element("th", { scope: "col", "aria-sort": sort, class: column.isText ? "text" : "" },
      element("button", { type: "button", onclick: choose }, column.name)));
  }
  const body = element("tbody");
  for (const launch of shown)
    body.append(element("tr", {}, ...columns.map((column) =>
      element("td", { class: column.name === "node" ? "text name" : column.isText ? "text" : "" }, column.text(launch)))));
  byId("table").replaceChildren(element("thead", {}, head), body);
  byId("more").textContent = words ? `${shown.length} of ${launches.length} launches` : "";
}

// One launch.

function rowsOf(pairs) {
  return element("table", {}, element("tbody", {}, ...pairs.map(([name, value]) =>
    element("tr", {}, element("th", { scope: "row", class: "text" }, name), element("td", { class: "text" }, value)))));
}

function describeTensor(number) {
  const tensor = data.tensors[number];
  const place = tensor.space === "arena" ? `arena at ${withPrefix(tensor.position, "B")}` : tensor.space;
  return `${tensor.type}, ${withPrefix(tensor.bytes, "B")}, ${place}` + (tensor.name ? ` “${tensor.name}”` : "") +
    (tensor.producer >= 0 ? `, from launch ${tensor.producer}` : "");
}

const describePrediction = (value) => (value > 0 ? `predicted ${microseconds(value)}` : "no prediction");
function describeTrial(trial) {
  const beside = trial.is_model ? "" : `, the cost model's ${microseconds(trial.model_us)} beside it`;
  return `${trial.choice}: ${describePrediction(trial.predicted_us)}, measured ${microseconds(trial.us)} over all launches${beside}${trial.is_chosen ? "; chosen" : ""}`;
}

function showDetails(launch) {
  byId("details-title").textContent = `${launch.number}: ${launch.node || launch.kernelName}`;
  const schedule = launch.schedule;
  byId("details-body").replaceChildren(
    rowsOf([
      ["kernel", `${launch.kernelName}: ${launch.steps.map((step) => step.replace("*", "")).join(", ") || "copy"}`],
      ["time", `${microseconds(launch.time)} at least, ${microseconds(launch.median_us)} median`],
      ["work", `${withPrefix(launch.operations, "FLOP")}, ${withPrefix(launch.bytes_read, "B")} read, ${withPrefix(launch.bytes_written, "B")} written`],
      ["reached", `${digits(launch.gflops)} GFLOP/s, ${digits(launch.gigabytes)} GB/s: ${digits(launch.reached)} % of what ${launch.bound} allows`],
      ["emitter", launch.emitter],
      ["predicted", `${microseconds(launch.limit)} at the ceiling of ${launch.bound}`],
      ...(schedule.choices ?? []),
      ["cost model", `${describePrediction(schedule.predicted_us)}, measured ${microseconds(launch.time)}`],
      ...(schedule.trials ?? []).map((trial) => [trial.is_model ? "cost model's choice" : "alternative", describeTrial(trial)]),
      ["items", `${schedule.items}, grain ${schedule.grain}, scratch ${withPrefix(schedule.scratch_bytes ?? 0, "B")} a thread`],
      ...launch.reads.map((number) => ["reads", describeTensor(number)]),
      ...launch.writes.map((number) => ["writes", describeTensor(number)]),
    ]));
  byId("details").showModal();
}

// Roofline.

function drawRoofline() {
  const width = 900, height = 460, left = 56, right = 16, top = 12, bottom = 40;
  const dots = launches.filter((l) => l.operations > 0 && l.bytes > 0 && l.time > 0);
  const values = dots.map((l) => l.operations / l.bytes);
  const x0 = Math.min(0.05, ...values) / 1.5, x1 = Math.max(200, ...values) * 1.5;
  const y1 = Math.max(data.machine.gflops, ...dots.map((l) => l.gflops)) * 1.6, y0 = Math.max(y1 / 1e5, Math.min(1, ...dots.map((l) => l.gflops)) / 1.5);
  const x = (value) => left + ((width - left - right) * Math.log(value / x0)) / Math.log(x1 / x0);
  const y = (value) => height - bottom - ((height - top - bottom) * Math.log(Math.max(value, y0) / y0)) / Math.log(y1 / y0);
  const plot = byId("roof");
  for (const [key, value] of Object.entries({ viewBox: `0 0 ${width} ${height}`, width, height, role: "img" })) plot.setAttribute(key, value);
  plot.setAttribute("aria-label", `Roofline of ${dots.length} launches below ${digits(data.machine.gflops)} GFLOP/s`);
  for (let power = Math.ceil(Math.log10(x0)); 10 ** power <= x1; ++power)
    plot.append(shape("line", { class: "grid", x1: x(10 ** power), x2: x(10 ** power), y1: top, y2: height - bottom }),
      label(x(10 ** power), height - bottom + 16, String(Number((10 ** power).toPrecision(1))), "middle"));
  for (let power = Math.ceil(Math.log10(y0)); 10 ** power <= y1; ++power)
    plot.append(shape("line", { class: "grid", x1: left, x2: width - right, y1: y(10 ** power), y2: y(10 ** power) }),
      label(left - 6, y(10 ** power) + 4, String(Number((10 ** power).toPrecision(1))), "end"));
  const peak = data.machine.gflops;
  plot.append(label(width - right, height - 6, "operations per byte moved", "end"), label(left + 6, top + 10, "GFLOP/s"));
  plot.append(shape("path", { class: "ceiling", d: `M${x(Math.min(x1, peak / Math.max(...data.machine.bandwidths.map((b) => b.gb_per_s))))},${y(peak)}L${width - right},${y(peak)}` }),
    label(width - right, y(peak) - 6, `${digits(peak)} GFLOP/s (${data.machine.instructions})`, "end"));
  for (const { bytes, gb_per_s } of data.machine.bandwidths) {
    const from = Math.max(x0, y0 / gb_per_s), to = peak / gb_per_s, at = Math.sqrt(from * to);
    plot.append(shape("path", { class: "ceiling", "stroke-dasharray": "4 3", d: `M${x(from)},${y(from * gb_per_s)}L${x(to)},${y(peak)}` }));
    const angle = (Math.atan2(y(peak) - y(from * gb_per_s), x(to) - x(from)) * 180) / Math.PI;
    const text = label(0, -4, `${digits(gb_per_s)} GB/s, up to ${withPrefix(bytes, "B")}`, "middle");
    text.setAttribute("transform", `translate(${x(at)} ${y(at * gb_per_s)}) rotate(${angle})`);
    plot.append(text);
  }
  for (const l of [...dots].sort((a, b) => b.time - a.time)) {
    const radius = Math.max(2.5, 26 * Math.sqrt(l.time / total));
    plot.append(shape("circle", { cx: x(l.operations / l.bytes), cy: y(l.gflops), r: radius, style: `fill:${colour(l.emitter)};fill-opacity:.65;stroke:${colour(l.emitter)}` },
      `${l.number}: ${l.node}\n${microseconds(l.time)}, ${digits(l.gflops)} GFLOP/s, ${digits(l.reached)} % of ${l.bound}`));
  }
  for (const emitter of [...new Set(launches.map((l) => l.emitter))])
    byId("legend").append(element("span", {}, element("i", { style: { background: colour(emitter) } }), emitter));
}

// The program in order, with a line for each result that is read later than by the next launch.

function drawProgram() {
  const rowHeight = 28, lanes = [], edges = [];
  for (const tensor of data.tensors) {
    if (tensor.producer < 0) continue;
    const readers = launches.filter((l) => l.number > tensor.producer + 1 && l.reads.includes(data.tensors.indexOf(tensor))).map((l) => l.number);
    if (readers.length) edges.push({ from: tensor.producer, readers, to: readers[readers.length - 1] });
  }
  for (const edge of edges) {
    edge.lane = lanes.findIndex((end) => end <= edge.from);
    if (edge.lane < 0) edge.lane = lanes.push(0) - 1;
    lanes[edge.lane] = edge.to;
  }
  const step = Math.max(2, Math.min(10, 160 / Math.max(1, lanes.length))), gutter = 14 + step * lanes.length;
  const middle = (row) => (row + 0.5) * rowHeight;
  const picture = byId("edges");
  picture.setAttribute("width", gutter);
  picture.setAttribute("height", rowHeight * launches.length);
  for (const edge of edges) {
    const x = gutter - 8 - step * edge.lane, joins = edge.readers.map((row) => `M${x},${middle(row)}L${gutter},${middle(row)}`).join("");
    picture.append(shape("path", { d: `M${gutter},${middle(edge.from)}L${x},${middle(edge.from)}L${x},${middle(edge.to)}${joins}` }));
  }
  const list = byId("launches");
  list.style.paddingLeft = `${gutter + 4}px`;
  const longest = Math.max(...launches.map((l) => l.time));
  for (const l of launches) {
    const written = l.writes.map((number) => data.tensors[number].type).join(", ");
    const button = openButton(l);
    button.textContent = `${l.node || l.kernelName} · ${l.steps.map((one) => one.replace("*", "")).filter((one) => one !== "unpack" && one !== "constant").join(" ") || "copy"}`;
    list.append(element("li", {}, element("span", { class: "number" }, l.number), button, element("span", { class: "type", title: written }, written),
      element("span", { class: "time" }, element("span", { class: "bar", style: { width: `${(4.2 * l.time) / longest}rem`, background: colour(l.emitter) } }), ` ${microseconds(l.time)}`)));
  }
}

// The arena over the launches.

// Slots, whose sizes depend on symbols, lie one after the other behind the part of constant size.
function slotSizes() {
  const slots = [];
  for (const { space, position, bytes } of data.tensors) if (space === "slot") slots[position] = Math.max(slots[position] ?? 0, bytes);
  return slots;
}

function arenaBytes(slots) {
  return slots.reduce((sum, bytes) => sum + (bytes ?? 0), data.memory.arena_bytes);
}

function drawArena() {
  const slots = slotSizes(), startOf = (slot) => arenaBytes(slots.slice(0, slot));
  const held = data.tensors.filter((tensor) => ["arena", "slot"].includes(tensor.space) && tensor.first_use >= 0)
    .map((tensor) => (tensor.space === "slot" ? { ...tensor, position: startOf(tensor.position) } : tensor));
  const size = Math.max(1, startOf(slots.length));
  const excess = data.memory.arena_lower_bound ? (100 * (data.memory.arena_bytes - data.memory.arena_lower_bound)) / data.memory.arena_lower_bound : 0;
  byId("memory-text").textContent = held.length
    ? `The arena of ${withPrefix(size, "B")} over the run: ${withPrefix(data.memory.arena_bytes, "B")} of constant size, ${digits(excess)} % above the largest set of such values alive at once, and ${slots.length} slots for values whose size depends on symbols. A block is a value, from the launch that writes it to the last that reads it; its height is its place and size.`
    : "This program keeps no intermediate values.";
  const width = 900, height = held.length ? 320 : 0, left = 64, bottom = 30, top = 8;
  const x = (launch) => left + ((width - left - 8) * launch) / launches.length;
  const y = (offset) => height - bottom - ((height - top - bottom) * offset) / size;
  const picture = byId("arena");
  for (const [key, value] of Object.entries({ viewBox: `0 0 ${width} ${height}`, width, height, role: "img" })) picture.setAttribute(key, value);
  picture.setAttribute("aria-label", `${held.length} values in the arena`);
  if (!held.length) return;
  for (let i = 0; i <= 4; ++i)
    picture.append(shape("line", { class: "grid", x1: left, x2: width - 8, y1: y((size * i) / 4), y2: y((size * i) / 4) }),
      label(left - 6, y((size * i) / 4) + 4, withPrefix((size * i) / 4, "B"), "end"));
  for (const tensor of held) {
    const emitter = launches[tensor.producer]?.emitter ?? "other";
    picture.append(shape("rect", { x: x(tensor.first_use), width: Math.max(1, x(tensor.last_use + 1) - x(tensor.first_use)), y: y(tensor.position + tensor.bytes),
      height: Math.max(1, y(tensor.position) - y(tensor.position + tensor.bytes)), style: `fill:${colour(emitter)};fill-opacity:.55;stroke:var(--page)` },
      `${tensor.type}, ${withPrefix(tensor.bytes, "B")}\nlaunches ${tensor.first_use} to ${tensor.last_use}`));
  }
  picture.append(label(left, height - 8, "launch 0"), label(width - 8, height - 8, `launch ${launches.length - 1}`, "end"));
}

// Distinct kernels and how they were scheduled.

function drawSchedules() {
  const head = ["kernel", "operations", "emitter", "chosen", "items", "grain", "launches", "predicted", "time"];
  const body = element("tbody");
  const rows = data.kernels.map((kernel, number) => {
    const own = launches.filter((l) => l.kernel === number);
    return { kernel, own, time: own.reduce((sum, l) => sum + l.time, 0), schedule: own[0]?.schedule ?? {} };
  }).filter((row) => row.own.length).sort((a, b) => b.time - a.time);
  for (const { kernel, own, time, schedule } of rows) {
    const trials = schedule.trials ?? [];
    const won = trials.filter((trial) => trial.is_chosen && !trial.is_model).map((trial) => `${trial.choice} ${digits(trial.model_us / trial.us)} times as fast as the cost model's`);
    const gain = trials.length > 1 ? `; of ${trials.length} measured: ${won.join(", ") || "the cost model's"}` : "";
    const chosen = (schedule.choices ?? []).map(([what, value]) => `${what}: ${value}`).join("; ") + gain;
    const cells = [kernel.name, kernel.operations.map((one) => one.replace("*", "")).join(" "), schedule.emitter ?? "", chosen, schedule.items, schedule.grain, own.length, schedule.predicted_us > 0 ? microseconds(schedule.predicted_us * own.length) : "", microseconds(time)];
    body.append(element("tr", {}, ...cells.map((cell, i) => element("td", { class: i < 4 ? "text name" : "", title: i < 4 ? cell : "" }, cell))));
  }
  byId("choices").append(element("thead", {}, element("tr", {}, ...head.map((name, i) => element("th", { scope: "col", class: i < 4 ? "text" : "" }, name)))), body);
}

drawSummary();
byId("filter").addEventListener("input", drawTable);
drawTable();
drawRoofline();
drawProgram();
drawArena();
drawSchedules();
document.documentElement.dataset.drawn = String(launches.length);
