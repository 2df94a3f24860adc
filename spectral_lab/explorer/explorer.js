// The browser side of an explorer: controls, picture, readout. It asks the kernel for one picture at a time.
//
// Latest wins. At most one request is under way; while it is, newer control values replace the ones that wait.
// Answers are kept (pictures share their unchanged parts), so returning to a value asks nobody; the kernel is told
// where the reader went. An older answer is never drawn over a newer one.
//
// The kernel's messages reach every page that shows the explorer. Each page keeps its own place: it draws the answers
// to its own session, and what is set from code. Pictures are numbered, since the kernel sends changes against the
// last one: a page that missed one says so with its next request, and gets a whole picture.
//
// A model need not be a kernel's: on the web site a table of computed pictures answers, in the same messages. It may
// answer with the nearest state that it has; the answer's note says so, and the controls go where the picture is.

const KEPT = 400; // answers kept per explorer
const GONE = "The kernel that drew this picture is gone. Run this cell again to go on.";
// Shared by all explorers of the page. The sessions go by the explorer's key: a page that opens while its kernel is
// at work may get two models of one explorer, and the kernel's answers go to the later one.
const shared = (globalThis.spectralLab ??= { sessions: new Map(), asked: -Infinity });
shared.plotly ??= new Promise((resolve) => (globalThis.Plotly ? resolve() : (shared.gotPlotly = resolve)));

// One session per explorer in the kernel, shared by all its models and views on the page.
class Session {
  constructor(model) {
    this.id = Math.random().toString(36).slice(2);
    this.spec = model.get("spec");
    this.values = { ...this.spec.start.values }; // where the controls stand
    this.texts = { ...this.spec.start.texts };
    this.shown = this.values; // the control values of the picture shown
    this.figure = null; // the picture shown
    this.head = null; // the last picture received: the kernel sends changes against it
    this.number = null; // its number
    this.readout = "";
    this.note = "";
    this.error = "";
    this.gone = false; // there is no kernel to ask
    this.answers = new Map();
    this.wanted = null;
    this.inFlight = null;
    this.lost = 0; // answers in a row that did not arrive
    this.sequence = 0;
    this.shownSequence = 0;
    this.views = new Set();
    this.watched = []; // what ends the watch over the kernel
    this.adopt(model);
    this.hello();
  }

  adopt(model) {
    this.model = model;
    model.on("msg:custom", (message, buffers) => this.receive(message, buffers));
    // JupyterLab says when a kernel ends; elsewhere the next message finds out.
    const kernel = model.widget_manager?.kernel;
    const ended = ["autorestarting", "restarting", "terminating", "dead"];
    this.watch(kernel?.statusChanged, (_, status) => ended.includes(status) && this.end());
    this.watch(kernel?.connectionStatusChanged, (_, status) => status === "connected" && this.again(this.inFlight));
  }

  watch(signal, slot) {
    signal?.connect(slot);
    this.watched.push(() => signal?.disconnect(slot));
  }

  send(message, onIdle) {
    const status = (m) => m.content.execution_state === "idle" && onIdle?.();
    try {
      this.model.send({ session: this.id, ...message }, { iopub: { status } });
    } catch {
      this.end();
    }
  }

  // Ask for the picture, and once for a page for Plotly, until both are here: a message may be lost on its way, or
  // wait behind other cells.
  hello(attempt = 0) {
    if (this.gone || attempt > 7 || (this.head && globalThis.Plotly)) return;
    if (!this.head) this.send({ kind: "hello" });
    if (!globalThis.Plotly && performance.now() - shared.asked > 1900) {
      shared.asked = performance.now();
      this.send({ kind: "library" });
    }
    this.greeting = setTimeout(() => this.hello(attempt + 1), 2000 * 2 ** attempt);
  }

  // The kernel is gone: say so, keep the picture, let the controls rest where it was drawn.
  end() {
    if (this.gone) return;
    this.gone = true;
    this.wanted = this.inFlight = null;
    clearTimeout(this.greeting);
    this.settle();
    if (!this.figure) return;
    this.error = GONE;
    this.rest();
    for (const view of this.views) view.paint();
  }

  // It is back, after the connection was lost for a while.
  revive() {
    if (!this.gone) return;
    Object.assign(this, { gone: false, error: "" });
    for (const view of this.views) view.showControls(), view.paint();
    this.hello();
  }

  // The reader moved something.
  want(values, texts, coarse = false) {
    if (this.gone) return;
    Object.assign(this.values, values);
    Object.assign(this.texts, texts);
    this.wanted = {
      values: { ...this.values },
      texts: { ...this.texts },
      coarse: coarse && this.spec.coarse,
      sequence: ++this.sequence,
    };
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
      this.untold = true;
      return this.settle();
    }
    if (this.inFlight) return;
    const request = (this.inFlight = { ...this.wanted, key });
    this.wanted = null;
    const { sequence, values, coarse } = request;
    // The kernel is idle again and has not answered: the answer was lost. Ask twice more, then say so.
    const onIdle = () => setTimeout(() => this.again(request), 500);
    for (const view of this.views) view.root.dataset.busy = "true";
    this.send({ kind: "compute", request: sequence, values, coarse, head: this.number }, onIdle);
  }

  again(request) {
    if (!request || this.inFlight !== request) return;
    this.inFlight = null;
    this.lost += 1;
    if (this.lost <= 2) this.wanted ??= request;
    else this.show({ error: "The kernel gave no answer. Move a control to try again." }, request.sequence);
    this.pump();
  }

  settle() {
    const busy = Boolean(this.inFlight || this.wanted);
    for (const view of this.views) view.root.dataset.busy = String(busy);
    if (busy || !this.untold) return;
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.untold && !this.inFlight && this.tell({ kind: "shown" }), 200);
  }

  // Say something about the picture that the reader sees.
  tell(message) {
    this.untold = false;
    this.send({ ...message, values: this.shown });
  }

  receive(message, buffers) {
    const mine = message.session === this.id;
    if (message.kind === "welcome") {
      Object.assign(this, { head: unpack(message.figure, buffers), number: message.number });
      if (mine || !this.figure) this.answers.clear(), this.follow(message, { figure: this.head, readout: message.readout });
    } else if (message.kind === "picture") {
      if (!this.head) return; // the welcome under way brings the whole picture
      const own = mine && message.request === this.inFlight?.sequence ? this.inFlight : null;
      const missed = !message.error && message.base !== null && message.base !== this.number;
      if (missed) return own ? this.again(own) : message.request === null && this.send({ kind: "hello" });
      if (own) this.inFlight = null, (this.lost = 0);
      let answer = { error: message.error };
      if (!message.error) {
        const tree = message.patch.reduce((t, [path, value]) => put(t, path, unpack(value, buffers)), this.head);
        Object.assign(this, { head: tree, number: message.number });
        const { readout, values, texts, note } = message;
        answer = { figure: this.head, readout, values, texts, note };
        if (own && note === undefined) this.keep(own.key, answer);
      }
      if (message.request === null) this.follow(message, answer);
      else if (own) this.show(answer, message.request);
      if (own && answer.note && !own.coarse && !this.wanted) this.rest();
      this.pump();
    } else if (message.kind === "library") {
      loadPlotly(buffers[0]).then(shared.gotPlotly);
    } else if (message.kind === "code" && mine) {
      for (const view of this.views) view.code.textContent = message.text;
    } else if (message.kind === "file" && mine) {
      const url = URL.createObjectURL(new Blob([bytes(buffers[0])]));
      save(message.name, url);
      setTimeout(() => URL.revokeObjectURL(url), 1000);
    }
  }

  // Set from code, or by the first picture: the controls follow.
  follow(message, answer) {
    this.values = { ...message.values };
    this.texts = { ...message.texts };
    this.wanted = null;
    this.show({ ...answer, values: message.values, texts: message.texts }, ++this.sequence);
    for (const view of this.views) view.showControls();
  }

  // The controls go where the picture is.
  rest() {
    Object.assign(this, { values: { ...this.shown }, texts: { ...this.shownTexts } });
    for (const view of this.views) view.showControls();
  }

  keep(key, answer) {
    this.answers.set(key, answer);
    if (this.answers.size > KEPT) this.answers.delete(this.answers.keys().next().value);
  }

  show(answer, sequence) {
    if (sequence < this.shownSequence) return void (this.untold = true);
    this.shownSequence = sequence;
    this.error = answer.error ?? "";
    this.note = answer.note ?? "";
    if (!answer.error) {
      const { figure, readout, values, texts } = answer;
      Object.assign(this, { figure, readout, shown: values, shownTexts: texts });
    }
    for (const view of this.views) view.paint();
  }

  // The explorer was closed, or nobody shows it and its kernel is gone.
  forget() {
    this.end();
    clearTimeout(this.telling);
    for (const unwatch of this.watched) unwatch();
    this.answers.clear();
    Object.assign(this, { figure: null, head: null });
  }
}

// One view: what stands in a notebook output.
class View {
  constructor(session, el, still) {
    this.session = session;
    this.still = still;
    const { spec } = session;
    this.root = element("section", "sl-explorer", el);
    this.root.setAttribute("aria-label", spec.spoken);
    this.root.dataset.busy = "true";
    const head = element("header", "sl-head", this.root);
    element("h3", "sl-title", head).innerHTML = spec.title;
    const presets = element("div", "sl-presets", head);
    for (const [name, preset] of Object.entries(spec.presets)) this.button(presets, name, "sl-preset", () => this.jump(preset));
    this.button(presets, "Reset", "sl-reset", () => this.jump(spec.reset));
    this.controls = {};
    const grid = element("div", "sl-controls", this.root);
    for (const control of spec.controls) this.controls[control.name] = this.addControl(grid, control);
    this.frame = element("div", "sl-frame", this.root);
    this.frame.tabIndex = 0; // where it is wider than the page, the keyboard moves it too
    Object.assign(this.frame.dataset, { lmSuppressShortcuts: "true" });
    this.frame.setAttribute("role", "group");
    this.frame.setAttribute("aria-label", "picture: arrow keys move it, plus and minus enlarge it, 0 shows the whole");
    this.frame.addEventListener("keydown", (event) => this.travel(event));
    this.plot = element("div", "sl-plot", this.frame);
    this.plot.setAttribute("role", "img");
    this.error = element("p", "sl-error", this.root);
    this.error.setAttribute("role", "alert");
    this.note = element("p", "sl-note", this.root);
    this.note.setAttribute("role", "status");
    const foot = element("footer", "sl-foot", this.root);
    this.readout = element("p", "sl-readout", foot);
    this.status = element("p", "sl-status", foot); // what a screen reader says: the readout, once the reader lets go
    this.status.setAttribute("role", "status");
    const tools = element("div", "sl-tools", foot);
    // Plotly's own toolbar lies over the titles, cannot be reached with the keyboard, and offers to send the picture away.
    const zoom = this.button(tools, "Zoom", "sl-zoom", () => {
      this.dragmode = this.dragmode === "zoom" ? "pan" : "zoom";
      zoom.setAttribute("aria-pressed", String(this.dragmode === "zoom"));
      this.drawn = null;
      this.paint();
    });
    zoom.title = "Drag over the picture to enlarge a part of it, in place of moving it";
    zoom.setAttribute("aria-pressed", "false");
    this.button(tools, "Whole", "sl-whole", () => this.whole()).title = "Show the whole picture again";
    this.button(tools, "PNG", "sl-png", () => this.photograph()).title = "Download the picture";
    const toggle = this.button(tools, "Show code", "sl-show-code", () => {
      this.code.hidden = !this.code.hidden;
      toggle.textContent = this.code.hidden ? "Show code" : "Hide code";
      if (!this.code.hidden) this.refreshCode();
    });
    if (spec.link) {
      const link = this.button(tools, "Copy link", "sl-link", () => this.copyLink(link));
      link.title = "Copy the address of this picture on the course's web site";
    }
    const { files = ["csv", "npz"], elsewhere } = spec;
    const titles = { csv: "Download the drawn points", npz: "Download the computed arrays" };
    for (const format of files) {
      const download = () => session.tell({ kind: "download", format });
      this.button(tools, format.toUpperCase(), `sl-${format}`, download).title = titles[format];
    }
    if (elsewhere) this.button(tools, elsewhere, "sl-elsewhere", () => session.tell({ kind: "elsewhere" }));
    this.code = element("pre", "sl-code", this.root);
    this.code.tabIndex = 0;
    this.code.dataset.lmSuppressShortcuts = "true";
    this.code.setAttribute("role", "region");
    this.code.setAttribute("aria-label", "code of this picture");
    this.code.hidden = true;
    this.frames = 0;
    this.dragmode = "pan";
    this.ranges = {}; // of axes that the keyboard moved
    this.revision = 0; // a new one makes Plotly forget the reader's zoom
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
        this.dragging = coarse;
        session.want({ [control.name]: control.values[i] }, { [control.name]: control.texts[i] }, coarse);
      };
      input.addEventListener("input", () => move(true));
      input.addEventListener("change", () => move(false));
      if (control.play) {
        const play = this.button(row, "▶", "sl-play", () => this.play(play, input, control));
        play.setAttribute("aria-pressed", "false");
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
    button.setAttribute("aria-pressed", "true");
    this.stopPlaying = () => {
      alive = false;
      button.textContent = "▶";
      button.setAttribute("aria-pressed", "false");
      this.stopPlaying = null;
      this.say();
    };
    // A reader who wants little motion sees ten pictures, a second each.
    const [steps, pause] = matchMedia("(prefers-reduced-motion: reduce)").matches ? [10, 1000] : [120, 40];
    const last = control.values.length - 1;
    let i = Number(input.value) >= last ? 0 : Number(input.value);
    const step = () => {
      if (!alive || !this.root.isConnected) return;
      if (this.root.dataset.busy !== "true") {
        i += Math.max(1, Math.round(last / steps));
        if (i > last) return this.stopPlaying();
        this.session.want({ [control.name]: control.values[i] }, { [control.name]: control.texts[i] }, i < last);
      }
      setTimeout(step, pause);
    };
    step();
  }

  whole() {
    this.revision += 1;
    this.ranges = {};
    this.drawn = null;
    this.paint();
  }

  // The keyboard's way to move and enlarge the picture.
  travel(event) {
    const moves = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowDown: [0, -0.1], ArrowUp: [0, 0.1] };
    const factors = { "+": 0.8, "=": 0.8, "-": 1.25 };
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.frame || !this.drawn) return;
    if (event.key === "0") this.whole();
    else if (event.key in moves || event.key in factors) {
      const [across, up] = moves[event.key] ?? [0, 0];
      for (const [name, axis] of Object.entries(this.plot._fullLayout)) {
        if (!/^[xy]axis\d*$/.test(name) || axis.fixedrange) continue;
        const [low, high] = axis.range.map(Number);
        const centre = (low + high) / 2 + (name[0] === "x" ? across : up) * (high - low);
        const half = ((high - low) / 2) * (factors[event.key] ?? 1);
        this.ranges[name] = [centre - half, centre + half];
      }
      this.drawn = null;
      this.paint();
    } else return;
    event.preventDefault();
  }

  // One message when the reader has let go and all is quiet: not one for each picture of a drag.
  say() {
    clearTimeout(this.saying);
    if (this.dragging || this.stopPlaying || this.status.textContent === this.session.readout) return;
    this.saying = setTimeout(() => (this.status.textContent = this.session.readout), 500);
  }

  refreshCode() {
    clearTimeout(this.codeTimer);
    this.codeTimer = setTimeout(() => this.session.tell({ kind: "code" }), 120);
  }

  showControls() {
    for (const [name, show] of Object.entries(this.controls)) show(this.session.values[name], this.session.texts[name]);
    this.root.dataset.gone = String(this.session.gone);
    for (const input of this.root.querySelectorAll(NEED_KERNEL)) input.disabled = this.session.gone;
  }

  paint() {
    const { session } = this;
    this.error.textContent = session.error;
    this.note.textContent = session.note;
    this.readout.textContent = session.readout;
    this.plot.setAttribute("aria-label", session.readout);
    this.say();
    if (!session.figure || !globalThis.Plotly) return;
    if (!this.palette) this.readPalette();
    if (this.drawn !== session.figure) this.draw(session.figure);
    this.root.dataset.frames = String(++this.frames);
    this.root.dataset.shown = JSON.stringify(session.shown);
    if (this.frames === 1) this.replaceStill();
    if (!this.code.hidden && !session.gone) this.refreshCode();
    session.settle();
  }

  draw(figure) {
    const { data, layout } = this.inTheme(figure);
    this.width = this.plot.clientWidth || this.width; // JupyterLab hides the page while it changes its theme
    const { width } = this;
    const moved = Object.entries(this.ranges).filter(([name]) => layout[name]);
    const axes = Object.fromEntries(moved.map(([name, range]) => [name, { ...layout[name], range, autorange: false }]));
    const ours = { width, dragmode: this.dragmode, uirevision: this.revision, ...axes };
    // Nothing leaves the page: no toolbar that offers it, no server to send to.
    const config = { displayModeBar: false, showSendToCloud: false, plotlyServerURL: "", staticPlot: this.still };
    Plotly.react(this.plot, data, { ...layout, ...fitTitles(layout, width), ...ours }, config);
    this.drawn = figure;
  }

  // The still picture in the output stood in for this one until now. (explorer.css hides the output it leaves empty.)
  replaceStill() {
    this.root.classList.add("sl-drawn");
    const still = document.getElementById(`sl-still-${this.session.spec.key}`);
    if (still) still.hidden = true;
  }

  // The address of the picture shown: of its explorer, and each control that is not where it starts.
  address() {
    const { spec, shown } = this.session;
    const moved = Object.entries(shown).filter(([name, value]) => value !== spec.reset.values[name]);
    return spec.link + (moved.length ? `?${new URLSearchParams(moved)}` : "");
  }

  async copyLink(button) {
    const done = await copy(this.address());
    button.textContent = done ? "Copied" : "Not copied";
    setTimeout(() => (button.textContent = "Copy link"), 1500);
  }

  async photograph() {
    const { data, layout } = this.inTheme(this.session.figure);
    const { clientWidth: width } = this.plot;
    const { height } = layout;
    const paper = { paper_bgcolor: this.palette.paper, width };
    const url = await Plotly.toImage({ data, layout: { ...layout, ...fitTitles(layout, width), ...paper } }, { width, height, scale: 2 });
    const name = this.root.querySelector(".sl-title").textContent.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "_");
    save(`${name}.png`, url);
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
    // Asked of an element and a pixel, since Plotly knows no names of system colours and no color-mix.
    const probe = element("span", "sl-probe", this.root);
    const colour = (name) => {
      probe.style.color = `var(--sl-${name})`;
      ruler.fillStyle = getComputedStyle(probe).color;
      ruler.clearRect(0, 0, 1, 1);
      ruler.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = ruler.getImageData(0, 0, 1, 1).data;
      return `rgba(${red}, ${green}, ${blue}, ${alpha / 255})`;
    };
    const palette = Object.fromEntries(["ink", "muted", "grid", "paper"].map((name) => [name, colour(name)]));
    probe.remove();
    if (JSON.stringify(palette) === JSON.stringify(this.palette)) return;
    const before = this.palette;
    Object.assign(this, { palette, themed: new WeakMap(), drawn: null });
    if (before) this.paint();
  }
}

const INTERACTIVE = ["input", "button", "select"];
const NEED_KERNEL = ".sl-input, .sl-play, .sl-preset, .sl-reset, .sl-show-code, .sl-csv, .sl-npz";

function element(tag, name, parent) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  // JupyterLab's shortcuts would take the keys away: arrows move between cells, "d d" deletes one.
  if (INTERACTIVE.includes(tag)) node.dataset.lmSuppressShortcuts = "true";
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

// Headings of panels, broken into lines where their panel is narrow, and the margin for the lines.
function fitTitles(layout, width) {
  const titles = (layout.annotations ?? []).filter((note) => note.name === "title");
  if (!titles.length || !width) return {};
  const { l, r, t } = layout.margin;
  const starts = titles.map((title) => title.x);
  const room = (x) => {
    const next = Math.min(...starts.filter((start) => start > x));
    return Number.isFinite(next) ? (width - l - r) * (next - x) - 10 : (width - l - r) * (1 - x) + r;
  };
  const broken = new Map(titles.map((title) => [title, inLines(title.text, room(title.x))]));
  const lines = Math.max(...[...broken.values()].map((text) => text.split("<br>").length));
  const annotations = layout.annotations.map((note) => (broken.has(note) ? { ...note, text: broken.get(note) } : note));
  return { annotations, margin: { ...layout.margin, t: t + 16 * (lines - 1) } };
}

function inLines(text, room) {
  ruler.font = "bold 13px system-ui, sans-serif";
  const wide = (words) => ruler.measureText(words.replace(/<[^>]*>/g, "")).width > room;
  return text.split(" ").reduce((lines, word) => {
    const line = lines.split("<br>").at(-1);
    return lines + (wide(`${line} ${word}`) ? "<br>" : " ") + word;
  });
}
const ruler = document.createElement("canvas").getContext("2d");

// A copy, because a view into the message may not be aligned to 8 bytes.
function bytes(view) {
  const source = view.buffer ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength) : new Uint8Array(view);
  return source.slice();
}

function save(name, url) {
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
}

// The clipboard is closed to pages that came without encryption; the older way works there too.
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

async function loadPlotly(source) {
  if (globalThis.Plotly) return;
  const url = URL.createObjectURL(new Blob([bytes(source)], { type: "text/javascript" }));
  await import(/* webpackIgnore: true */ url);
  URL.revokeObjectURL(url);
}

function initialize({ model }) {
  const { sessions } = shared;
  const { key } = model.get("spec");
  if (sessions.has(key)) sessions.get(key).adopt(model);
  else sessions.set(key, new Session(model));
  return () => {
    if (sessions.get(key)?.model !== model) return;
    sessions.get(key).forget();
    sessions.delete(key);
  };
}

function render({ model, el }) {
  const session = shared.sessions.get(model.get("spec").key);
  const view = new View(session, el, Boolean(model.still));
  session.views.add(view);
  view.showControls();
  view.paint();
  shared.plotly.then(() => view.paint());
  // ipywidgets mark what has lost its kernel, or never had one.
  let marked = false;
  const liveness = () => {
    const now = el.classList.contains("jupyter-widgets-disconnected");
    if (now && !marked) session.end();
    if (!now && marked) session.revive();
    marked = now;
  };
  liveness();
  const marks = new MutationObserver(liveness);
  marks.observe(el, { attributes: true, attributeFilter: ["class"] });
  const themes = new MutationObserver(() => view.readPalette());
  themes.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"] });
  const contrast = matchMedia("(forced-colors: active)");
  const recolour = () => view.readPalette();
  contrast.addEventListener("change", recolour);
  const resizes = new ResizeObserver(() => {
    const width = view.plot.clientWidth;
    if (width && view.plot._fullLayout && Math.abs(width - (view.width ?? 0)) > 1) {
      view.drawn = null;
      view.paint();
    }
  });
  resizes.observe(view.plot);
  return () => {
    view.stopPlaying?.();
    clearTimeout(view.saying);
    contrast.removeEventListener("change", recolour);
    session.views.delete(view);
    for (const observer of [marks, themes, resizes]) observer.disconnect();
    if (view.drawn) Plotly.purge(view.plot);
    if (session.gone && !session.views.size) session.forget();
  };
}

export default { initialize, render };
