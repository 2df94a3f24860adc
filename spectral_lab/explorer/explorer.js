// The browser side of an explorer: controls, picture, readout. It asks the kernel for one picture at a time.
//
// Latest wins. At most one request is under way; while it is, newer control values replace the ones that wait.
// Answers are kept (pictures share their unchanged parts), so returning to a value asks nobody. An older answer is
// never drawn over a newer one.

const KEPT = 400; // answers kept per explorer
// By the explorer's key: a page that opens while its kernel is at work may get two models of the same explorer, and
// the kernel's answers go to the later one.
const sessions = new Map();

// One session per explorer in the kernel, shared by all its models and views on the page.
class Session {
  constructor(model) {
    this.spec = model.get("spec");
    this.values = { ...this.spec.start.values };
    this.texts = { ...this.spec.start.texts };
    this.figure = null; // the picture shown
    this.head = null; // the last picture received: the kernel sends changes against it
    this.readout = "";
    this.error = "";
    this.answers = new Map();
    this.wanted = null;
    this.inFlight = null;
    this.lost = 0; // answers in a row that did not arrive
    this.sequence = 0;
    this.shownSequence = 0;
    this.views = new Set();
    this.onCode = null;
    this.ready = new Promise((resolve) => (this.welcome = resolve));
    this.adopt(model);
    this.send({ kind: "hello", library: !globalThis.Plotly });
  }

  adopt(model) {
    this.model = model;
    model.on("msg:custom", (message, buffers) => this.receive(message, buffers));
  }

  send(message, onIdle) {
    const status = (m) => m.content.execution_state === "idle" && onIdle?.();
    this.model.send(message, { iopub: { status } });
  }

  // The reader moved something.
  want(values, texts, coarse = false) {
    Object.assign(this.values, values);
    Object.assign(this.texts, texts);
    this.wanted = { values: { ...this.values }, coarse: coarse && this.spec.coarse, sequence: ++this.sequence };
    this.pump();
    for (const view of this.views) view.showControls();
  }

  pump() {
    if (!this.wanted) return this.settle();
    const key = JSON.stringify([this.wanted.values, this.wanted.coarse]);
    const kept = this.answers.get(key);
    if (kept) {
      this.show(kept, this.wanted.sequence);
      this.wanted = null;
      return this.settle();
    }
    if (this.inFlight) return;
    const request = (this.inFlight = { ...this.wanted, key });
    this.wanted = null;
    const message = { kind: "compute", request: request.sequence, values: request.values, coarse: request.coarse };
    // After a lost answer the kernel's idea of what is shown is wrong: ask for the whole picture.
    message.whole = this.lost > 0;
    // The kernel is idle again and has not answered: the answer was lost. Ask twice more, then say so.
    const onIdle = () =>
      setTimeout(() => {
        if (this.inFlight !== request) return;
        this.inFlight = null;
        this.lost += 1;
        if (this.lost <= 2) this.wanted ??= { values: request.values, coarse: request.coarse, sequence: request.sequence };
        else this.show({ error: "The kernel gave no answer. Move a control to try again." }, request.sequence);
        this.pump();
      }, 500);
    for (const view of this.views) view.root.dataset.busy = "true";
    this.send(message, onIdle);
  }

  settle() {
    const busy = Boolean(this.inFlight || this.wanted);
    for (const view of this.views) view.root.dataset.busy = String(busy);
  }

  receive(message, buffers) {
    if (message.kind === "welcome") {
      this.head = unpack(message.figure, buffers);
      Object.assign(this, { figure: this.head, readout: message.readout });
      this.values = { ...message.values };
      this.texts = { ...message.texts };
      this.answers.clear();
      const count = arraysIn(message.figure);
      this.welcome(buffers.length > count ? buffers[count] : null);
      for (const view of this.views) view.showControls(), view.paint();
    } else if (message.kind === "picture") {
      if (!this.head) return; // the welcome under way brings the whole picture
      const own = this.inFlight && message.request === this.inFlight.sequence ? this.inFlight : null;
      if (own) this.inFlight = null, (this.lost = 0);
      let answer = { error: message.error };
      if (!message.error) {
        this.head = message.patch.reduce((tree, [path, value]) => put(tree, path, unpack(value, buffers)), this.head);
        answer = { figure: this.head, readout: message.readout };
        if (own) this.keep(own.key, answer);
      }
      if (message.request === null) {
        // Set from code: the controls follow.
        this.values = { ...message.values };
        this.texts = { ...message.texts };
        this.wanted = null;
        this.show(answer, ++this.sequence);
        for (const view of this.views) view.showControls();
      } else {
        this.show(answer, message.request);
      }
      this.pump();
    } else if (message.kind === "code") {
      this.onCode?.(message.text);
    } else if (message.kind === "file") {
      save(message.name, buffers[0]);
    }
  }

  keep(key, answer) {
    this.answers.set(key, answer);
    if (this.answers.size > KEPT) this.answers.delete(this.answers.keys().next().value);
  }

  show(answer, sequence) {
    if (sequence < this.shownSequence) return;
    this.shownSequence = sequence;
    this.error = answer.error ?? "";
    if (!answer.error) Object.assign(this, { figure: answer.figure, readout: answer.readout });
    for (const view of this.views) view.paint();
  }
}

// One view: what stands in a notebook output.
class View {
  constructor(session, el, still) {
    this.session = session;
    this.still = still;
    const { spec } = session;
    this.root = element("section", "sl-explorer", el);
    this.root.dataset.busy = "true";
    const head = element("header", "sl-head", this.root);
    element("h3", "sl-title", head).innerHTML = spec.title;
    const presets = element("div", "sl-presets", head);
    for (const [name, preset] of Object.entries(spec.presets)) this.button(presets, name, "sl-preset", () => this.jump(preset));
    this.button(presets, "Reset", "sl-reset", () => this.jump(spec.reset));
    this.controls = {};
    const grid = element("div", "sl-controls", this.root);
    for (const control of spec.controls) this.controls[control.name] = this.addControl(grid, control);
    this.plot = element("div", "sl-plot", element("div", "sl-frame", this.root));
    this.plot.setAttribute("role", "img");
    this.error = element("p", "sl-error", this.root);
    this.error.setAttribute("role", "alert");
    const foot = element("footer", "sl-foot", this.root);
    this.readout = element("p", "sl-readout", foot);
    this.readout.setAttribute("aria-live", "polite");
    const tools = element("div", "sl-tools", foot);
    const toggle = this.button(tools, "Show code", "sl-show-code", () => {
      this.code.hidden = !this.code.hidden;
      toggle.textContent = this.code.hidden ? "Show code" : "Hide code";
      if (!this.code.hidden) this.refreshCode();
    });
    this.button(tools, "CSV", "sl-csv", () => session.send({ kind: "download", format: "csv" })).title = "Download the drawn points";
    this.button(tools, "NPZ", "sl-npz", () => session.send({ kind: "download", format: "npz" })).title = "Download the computed arrays";
    this.code = element("pre", "sl-code", this.root);
    this.code.hidden = true;
    this.frames = 0;
    this.themed = new WeakMap();
    this.stopPlaying = null;
  }

  button(parent, label, name, action) {
    const button = element("button", name, parent);
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", action);
    return button;
  }

  addControl(grid, control) {
    const row = element("div", `sl-control sl-${control.kind}`, grid);
    const label = element("label", "sl-label", row);
    label.innerHTML = control.label;
    const input = element(control.kind === "choice" ? "select" : "input", "sl-input", row);
    input.id = `sl-${Math.random().toString(36).slice(2)}`;
    input.name = control.name;
    label.htmlFor = input.id;
    input.setAttribute("aria-label", control.plain);
    const { session } = this;
    if (control.kind === "slider") {
      Object.assign(input, { type: "range", min: 0, max: control.values.length - 1, step: 1 });
      const output = element("output", "sl-value", row);
      const move = (coarse) => {
        const i = Number(input.value);
        session.want({ [control.name]: control.values[i] }, { [control.name]: control.texts[i] }, coarse);
      };
      input.addEventListener("input", () => move(true));
      input.addEventListener("change", () => move(false));
      if (control.play) {
        const play = this.button(row, "▶", "sl-play", () => this.play(play, input, control));
        play.setAttribute("aria-label", `play ${control.plain}`);
      }
      return (value, text) => {
        const i = nearest(control.values, value);
        if (Number(input.value) !== i) input.value = i;
        output.textContent = text;
        input.setAttribute("aria-valuetext", text);
      };
    }
    if (control.kind === "choice") {
      for (const value of control.values) element("option", "", input).textContent = value;
      input.addEventListener("change", () => session.want({ [control.name]: input.value }, {}));
      return (value) => (input.value = value);
    }
    input.type = "checkbox";
    input.addEventListener("change", () => session.want({ [control.name]: input.checked }, {}));
    return (value) => (input.checked = value);
  }

  jump(target) {
    this.stopPlaying?.();
    this.session.want(target.values, target.texts);
  }

  // Step through a slider; each step waits until the last one is on the screen.
  play(button, input, control) {
    if (this.stopPlaying) return this.stopPlaying();
    let alive = true;
    button.textContent = "❚❚";
    this.stopPlaying = () => {
      alive = false;
      button.textContent = "▶";
      this.stopPlaying = null;
    };
    const last = control.values.length - 1;
    let i = Number(input.value) >= last ? 0 : Number(input.value);
    const step = () => {
      if (!alive || !this.root.isConnected) return;
      if (this.root.dataset.busy !== "true") {
        i += Math.max(1, Math.round(last / 120));
        if (i > last) return this.stopPlaying();
        this.session.want({ [control.name]: control.values[i] }, { [control.name]: control.texts[i] }, i < last);
      }
      setTimeout(step, 40);
    };
    step();
  }

  refreshCode() {
    clearTimeout(this.codeTimer);
    this.session.onCode = (text) => {
      for (const view of this.session.views) view.code.textContent = text;
    };
    this.codeTimer = setTimeout(() => this.session.send({ kind: "code" }), 120);
  }

  showControls() {
    for (const [name, show] of Object.entries(this.controls)) show(this.session.values[name], this.session.texts[name]);
  }

  paint() {
    const { session } = this;
    this.error.textContent = session.error;
    this.readout.textContent = session.readout;
    this.plot.setAttribute("aria-label", session.readout);
    if (!session.figure || !globalThis.Plotly) return;
    if (this.drawn !== session.figure) this.draw(session.figure);
    this.root.dataset.frames = String(++this.frames);
    this.root.dataset.shown = JSON.stringify(session.values);
    if (!this.code.hidden) this.refreshCode();
    session.settle();
  }

  draw(figure) {
    const { data, layout } = this.inTheme(figure);
    const config = { displaylogo: false, responsive: false, staticPlot: this.still, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"], scrollZoom: false };
    const size = { width: this.plot.clientWidth || undefined };
    Plotly.react(this.plot, data, { ...layout, ...size }, config);
    this.drawn = figure;
  }

  // The named colours of the theme become the page's colours; unchanged parts keep their identity.
  inTheme(value) {
    if (typeof value === "string" && value[0] === "$") return this.palette[value.slice(1)] ?? value;
    if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
    if (Array.isArray(value) && ArrayBuffer.isView(value[0])) return value;
    let result = this.themed.get(value);
    if (!result) {
      result = Array.isArray(value)
        ? value.map((item) => this.inTheme(item))
        : Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.inTheme(item)]));
      this.themed.set(value, result);
    }
    return result;
  }

  readPalette() {
    const style = getComputedStyle(this.root);
    const colour = (name) => style.getPropertyValue(`--sl-${name}`).trim();
    const palette = Object.fromEntries(["ink", "muted", "grid", "paper"].map((name) => [name, colour(name)]));
    if (JSON.stringify(palette) === JSON.stringify(this.palette)) return;
    Object.assign(this, { palette, themed: new WeakMap(), drawn: null });
    if (this.session.figure) this.paint();
  }
}

function element(tag, name, parent) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  parent.appendChild(node);
  return node;
}

function nearest(values, value) {
  let best = 0;
  values.forEach((v, i) => Math.abs(v - value) < Math.abs(values[best] - value) && (best = i));
  return best;
}

function put(tree, path, value) {
  if (!path.length) return value;
  const copy = Array.isArray(tree) ? [...tree] : { ...tree };
  copy[path[0]] = put(tree[path[0]], path.slice(1), value);
  return copy;
}

function unpack(value, buffers) {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item) => unpack(item, buffers));
  if (!("$array" in value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unpack(item, buffers)]));
  const Kind = value.single ? Float32Array : Float64Array;
  const flat = new Kind(bytes(buffers[value.$array]).buffer);
  if (value.shape.length < 2) return flat;
  const columns = value.shape[1];
  return Array.from({ length: value.shape[0] }, (_, i) => flat.subarray(i * columns, (i + 1) * columns));
}

function arraysIn(value) {
  if (value === null || typeof value !== "object") return 0;
  if ("$array" in value) return 1;
  return Object.values(value).reduce((sum, item) => sum + arraysIn(item), 0);
}

// A copy, because a view into the message may not be aligned to 8 bytes.
function bytes(view) {
  const source = view.buffer ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength) : new Uint8Array(view);
  return source.slice();
}

function save(name, view) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes(view)]));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

async function loadPlotly(source) {
  if (globalThis.Plotly || !source) return;
  const url = URL.createObjectURL(new Blob([bytes(source)], { type: "text/javascript" }));
  await import(/* webpackIgnore: true */ url);
  URL.revokeObjectURL(url);
}

async function plotly(session) {
  const source = await session.ready;
  // Several explorers may open at once: the first copy to arrive is used by all.
  globalThis.spectralLabPlotly ??= loadPlotly(source);
  await globalThis.spectralLabPlotly;
}

function initialize({ model }) {
  const { key } = model.get("spec");
  if (sessions.has(key)) sessions.get(key).adopt(model);
  else sessions.set(key, new Session(model));
  return () => sessions.get(key)?.model === model && sessions.delete(key);
}

async function render({ model, el }) {
  const session = sessions.get(model.get("spec").key);
  const view = new View(session, el, Boolean(model.still));
  session.views.add(view);
  view.showControls();
  await plotly(session);
  const palette = () => view.readPalette();
  palette();
  view.paint();
  const themes = new MutationObserver(palette);
  themes.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"] });
  const resizes = new ResizeObserver(() => {
    const width = view.plot.clientWidth;
    if (width && view.plot._fullLayout && Math.abs(width - view.plot._fullLayout.width) > 1) {
      view.drawn = null;
      view.paint();
    }
  });
  resizes.observe(view.plot);
  return () => {
    view.stopPlaying?.();
    session.views.delete(view);
    themes.disconnect();
    resizes.disconnect();
    if (globalThis.Plotly) Plotly.purge(view.plot);
  };
}

export default { initialize, render };
