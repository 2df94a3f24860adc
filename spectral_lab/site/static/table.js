// A table in the place of a kernel: it answers the browser module of the explorers in the messages of explorer.py.
//
// A table holds pictures at some states. Where the reader asks for another one, the nearest is shown and said to be: on
// the line of the control that moved if there is one, so that the others stay where they are.

const arrived = new Map(); // by the name of a table: what to do with it
globalThis.spectralLabTable = (key, packed) => arrived.get(key)?.(packed);

// A script, since a page that was opened as a file may read no other way.
function loadScript(address) {
  return new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), { src: address, onload: resolve });
    script.onerror = () => reject(new Error(`${address} is missing`));
    document.head.append(script);
  });
}

async function loadTable(key, address) {
  const packed = new Promise((resolve) => arrived.set(key, resolve));
  await loadScript(address);
  const [head, singles, doubles] = await Promise.all((await packed).map(inflate));
  arrived.delete(key);
  const table = JSON.parse(new TextDecoder().decode(head));
  const pools = [unshuffle(doubles, 8), unshuffle(singles, 4)];
  const ends = [0, 0];
  table.buffers = table.sizes.map(([single, count]) => {
    const size = count * (single ? 4 : 8);
    ends[+single] += size;
    return new DataView(pools[+single].buffer, ends[+single] - size, size);
  });
  return table;
}

async function inflate(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// The first bytes of all numbers lay together, then their second ones.
function unshuffle(bytes, width) {
  const count = bytes.length / width;
  const result = new Uint8Array(bytes.length);
  for (let byte = 0; byte < width; byte++)
    for (let i = 0; i < count; i++) result[i * width + byte] = bytes[byte * count + i];
  return result;
}

class TableModel {
  // `link` is the address of the explorer on this page; `plotly` that of Plotly's script; `open` shows a state elsewhere.
  constructor(table, { link, plotly, open }) {
    Object.assign(this, { table, plotly, open, number: 0 });
    const elsewhere = open ? "Open in a notebook" : undefined;
    // While a slider is dragged the nearest picture is shown; only on release do the controls go where it is.
    this.spec = { ...table.spec, link, elsewhere, files: ["csv"], coarse: true };
    this.names = this.spec.controls.map((control) => control.name);
    this.numbers = new Map(table.states.map((state, i) => [String(state.at), i]));
    const along = this.spec.controls.map((control) => table.values[control.name].map((value) => place(control, value)));
    this.places = table.states.map(({ at }) => at.map((i, k) => along[k][i])); // of each state on each control
    this.shown = this.settled = this.find(this.spec.start.values);
  }

  get(name) {
    return name === "spec" ? this.spec : undefined;
  }

  on(_event, callback) {
    this.answer = callback;
  }

  send(message) {
    this[message.kind]?.(message);
  }

  hello({ session }) {
    const { figure, arrays, states } = this.table;
    const start = states[this.shown];
    const welcome = { kind: "welcome", session, number: this.number, figure, readout: start.readout, ...this.labelled(this.shown) };
    this.answer(welcome, this.buffersOf(arrays));
  }

  async library() {
    await (TableModel.plotly ??= loadScript(this.plotly));
    globalThis.spectralLab.gotPlotly?.();
  }

  compute({ session, request, values, coarse }) {
    const chosen = this.choose(values, coarse);
    const { states, arrays } = this.table;
    const { patch, readout, arrays: own, error } = states[chosen];
    if (error) return this.answer({ kind: "picture", session, request, error }, []);
    const message = { kind: "picture", session, request, base: this.number, number: ++this.number, readout };
    const note = this.note(values, chosen);
    Object.assign(message, this.labelled(chosen), { patch: [...this.undone(chosen), ...patch], note });
    this.shown = chosen;
    if (!coarse) this.settled = chosen;
    this.answer(message, this.buffersOf([...arrays, ...own]));
  }

  // What the picture shown changed at the start's, and the next one does not.
  undone(next) {
    const { states, figure } = this.table;
    const again = new Set(states[next].patch.map(([path]) => JSON.stringify(path)));
    const left = states[this.shown].patch.filter(([path]) => !again.has(JSON.stringify(path)));
    return left.map(([path]) => [path, path.reduce((tree, key) => tree[key], figure)]);
  }

  buffersOf(places) {
    return places.map((place) => this.table.buffers[place]);
  }

  code({ session }) {
    this.answer({ kind: "code", session, text: this.table.states[this.shown].code }, []);
  }

  shownValues() {
    return this.labelled(this.shown).values;
  }

  elsewhere() {
    this.open(this.shownValues());
  }

  download({ session }) {
    const { figure } = globalThis.spectralLab.sessions.get(this.spec.key);
    const name = this.spec.title.replace(/<[^>]*>/g, "").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "_");
    const bytes = new TextEncoder().encode(csv(figure));
    this.answer({ kind: "file", session, name: `${name}.csv` }, [new DataView(bytes.buffer)]);
  }

  // --- states ---

  labelled(i) {
    const { states, values, texts } = this.table;
    const pick = (lists) => Object.fromEntries(this.names.map((name, k) => [name, lists[name][states[i].at[k]]]));
    return { values: pick(values), texts: pick(texts) };
  }

  // The number of the state with just these values.
  find(values) {
    return this.numbers.get(String(this.names.map((name) => this.table.values[name].indexOf(values[name]))));
  }

  // The state to show for what the reader asks: that one, or the nearest.
  choose(asked, coarse) {
    const exact = this.find(asked);
    if (exact !== undefined) return exact;
    const before = this.labelled(this.settled).values;
    const moved = this.spec.controls.filter(({ name }) => asked[name] !== before[name]);
    const onLine = moved.length === 1 ? this.alongLine(moved[0], asked, before, coarse) : undefined;
    if (onLine !== undefined) return onLine;
    const names = moved.map(({ name }) => name);
    const goals = this.spec.controls.map((control) => place(control, asked[control.name]));
    // What the reader moved counts most, then choices: another matrix is farther than another size of it.
    const weight = ({ name, kind }) => (names.includes(name) ? 16 : 1) * (kind === "slider" ? 1 : 2);
    const distance = (i) =>
      this.spec.controls.reduce((sum, control, k) => sum + weight(control) * apart(this.places[i][k], goals[k]), 0);
    return this.least(coarse ? [] : this.onward(moved, asked, before), distance) ?? this.least(this.table.states.keys(), distance);
  }

  // Every state the way the reader went with one slider: off the lines, too, a key always leads on.
  onward(moved, asked, before) {
    if (moved.length !== 1 || moved[0].kind !== "slider") return [];
    const [{ name }] = moved;
    const k = this.names.indexOf(name);
    const from = place(moved[0], before[name]);
    const way = place(moved[0], asked[name]) - from;
    return [...this.table.states.keys()].filter((i) => (this.places[i][k] - from) * way > 0);
  }

  // The nearest state that differs from the last one in this control only; on release one in the way the reader went, so
  // that a key always leads on. Nothing if there is none.
  alongLine(control, asked, before, coarse) {
    if (control.kind !== "slider") return undefined;
    const k = this.names.indexOf(control.name);
    const at = this.table.states[this.settled].at;
    const line = [...this.table.states.keys()].filter((i) => this.table.states[i].at.every((p, j) => j === k || p === at[j]));
    const goal = place(control, asked[control.name]);
    const from = place(control, before[control.name]);
    const there = (i) => this.places[i][k];
    const onward = line.filter((i) => (there(i) - from) * (goal - from) > 0);
    const candidates = coarse && onward.length ? [...onward, this.settled] : onward;
    return this.least(candidates, (i) => Math.abs(there(i) - goal));
  }

  least(candidates, measure) {
    let [best, least] = [undefined, Infinity];
    for (const i of candidates) {
      if (this.table.states[i].error) continue;
      const size = measure(i);
      if (size < least) [best, least] = [i, size];
    }
    return best;
  }

  // In words, which controls stand elsewhere than the reader asked.
  note(asked, chosen) {
    const { values, texts } = this.labelled(chosen);
    const away = this.spec.controls.filter(({ name }) => asked[name] !== values[name]);
    if (!away.length) return "";
    const now = away.map(({ name, plain, kind }) => `${plain} = ${kind === "toggle" ? (values[name] ? "on" : "off") : texts[name]}`);
    return `That state was not computed for this page. Shown is the nearest one that was: ${now.join(", ")}.`;
  }
}

// Where a value lies on its control: from 0 to 1 on a slider; an option is itself, and as far from every other one.
function place(control, value) {
  if (control.kind !== "slider") return value;
  const closer = (best, v, i) => (Math.abs(v - value) < Math.abs(control.values[best] - value) ? i : best);
  return control.values.reduce(closer, 0) / (control.values.length - 1);
}

function apart(a, b) {
  return typeof a === "number" ? Math.abs(a - b) : Number(a !== b);
}

// The drawn points as a table, as explorer.py writes it; the numbers have the digits that the page was given.
function csv(figure) {
  const rows = ["trace,x,y,z"];
  const said = (value) => (typeof value === "number" ? (Number.isNaN(value) ? "nan" : String(Number(value.toPrecision(6)))) : value ?? "nan");
  figure.data.forEach((trace, number) => {
    const label = (trace.name || `${trace.type ?? "trace"} ${number + 1}`).replaceAll(",", ";");
    const [x, y] = [Array.from(trace.x ?? []), Array.from(trace.y ?? [])];
    if (trace.z) trace.z.forEach((row, i) => row.forEach((z, j) => rows.push([label, said(x[j]), said(y[i]), said(z)].join(","))));
    else x.forEach((value, i) => rows.push(`${label},${said(value)},${said(y[i])},`));
  });
  return `${rows.join("\n")}\n`;
}
