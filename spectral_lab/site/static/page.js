// What a page of the site does: explorers when they come into view, addresses with a state, guesses, search, filters.
// Without it a page still shows its text, formulas, stored pictures and answers.

const every = (selector, within = document) => [...within.querySelectorAll(selector)];
const settings = document.documentElement.dataset; // root: the way to the site's first page; plotly, search: scripts

function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

// --- explorers ---

async function show(place) {
  if (place.dataset.begun) return place.explorer;
  place.dataset.begun = "true";
  place.explorer = (async () => {
    const { key, table: address } = place.dataset;
    const table = await loadTable(key, address);
    const link = `${location.href.split("#")[0]}#${place.id}`;
    const open = (values) => openElsewhere(place, values);
    const model = new TableModel(table, { link, plotly: settings.plotly, open });
    globalThis.explorerWidget.initialize({ model });
    const el = place.appendChild(document.createElement("div"));
    globalThis.explorerWidget.render({ model, el });
    return globalThis.spectralLab.sessions.get(key);
  })();
  place.explorer.catch((error) => place.append(make("p", { className: "missing", textContent: `${error.message}. The picture above stands still.` })));
  return place.explorer;
}

const inView = new IntersectionObserver(
  (entries) => entries.filter((entry) => entry.isIntersecting).forEach(({ target }) => (inView.unobserve(target), show(target).catch(() => {}))),
  { rootMargin: "600px 0px" },
);
every(".explorer").forEach((place) => inView.observe(place));

// "#place?n=32&noise=-12": the place, and for an explorer the controls that are not where they start.
async function follow() {
  const [id, query] = decodeURIComponent(location.hash.slice(1)).split(/\?(.*)/s);
  const target = document.getElementById(id);
  if (!target) return;
  for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  target.scrollIntoView();
  if (!target.matches(".explorer")) return;
  const session = await show(target);
  const state = new URLSearchParams(location.hash.split(/\?(.*)/s)[1] ?? "");
  const { values, texts } = asked(session.spec, state);
  session.want(values, texts);
  target.scrollIntoView();
}

// The state that an address asks for; what it gets wrong is left at its start.
function asked(spec, state) {
  const { values, texts } = { values: { ...spec.reset.values }, texts: { ...spec.reset.texts } };
  for (const control of spec.controls) {
    const text = state.get(control.name);
    if (text === null) continue;
    const value = control.kind === "slider" ? Number(text) : control.kind === "toggle" ? text === "true" : text;
    if (control.kind === "slider" && !(value >= control.values[0] && value <= control.values.at(-1))) continue;
    if (control.kind === "choice" && !control.values.includes(value)) continue;
    values[control.name] = value;
    texts[control.name] = control.texts?.[control.values.indexOf(value)] ?? text;
  }
  return { values, texts };
}
addEventListener("hashchange", follow);

// --- the same state in a notebook ---

function openElsewhere(place, values) {
  const python = (value) => (value === true ? "True" : value === false ? "False" : JSON.stringify(value));
  const state = Object.entries(values).map(([name, value]) => `${name}=${python(value)}`);
  const { before, call } = place.dataset;
  const source = `${before}\n${call}${state.join(", ")})`;
  const dialog = document.getElementById("elsewhere");
  dialog.querySelector("pre").textContent = source;
  for (const link of every("a[data-with-code]", dialog)) link.href = link.dataset.withCode + encodeURIComponent(source);
  dialog.querySelector(".copy").onclick = async ({ target }) => {
    await navigator.clipboard.writeText(source).catch(() => getSelection().selectAllChildren(dialog.querySelector("pre")));
    target.textContent = "Copied";
    setTimeout(() => (target.textContent = "Copy"), 1500);
  };
  dialog.showModal();
}

// --- guesses ---

for (const card of every(".guess")) {
  const form = card.querySelector("form");
  const verdict = card.querySelector(".verdict");
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const said = card.dataset.kind === "choice" ? choiceMade(form, card.dataset) : numberGiven(form, card.dataset);
    verdict.textContent = said ?? "Please make a guess first.";
    if (said) card.querySelector("details").open = true;
  });
}

function choiceMade(form, { answer }) {
  const chosen = form.querySelector(":checked");
  if (!chosen) return undefined;
  if (chosen.value === answer) return "Yes.";
  return `You said “${chosen.nextElementSibling.textContent}”. The computation says otherwise.`;
}

function numberGiven(form, { answer, near }) {
  const text = form.querySelector("input").value.trim().replace(",", ".").replace("−", "-");
  const guess = Number(text);
  if (!text || !Number.isFinite(guess)) return undefined;
  if (Math.abs(guess - answer) <= near * Math.abs(answer)) return `You said ${text}: close.`;
  if (guess * answer <= 0) return `You said ${text}.`;
  return `You said ${text}: a factor ${Math.max(guess / answer, answer / guess).toPrecision(2)} away.`;
}

// --- answers, all at once: for a teacher, and for paper ---

for (const button of every(".unfold")) {
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-pressed") !== "true";
    for (const fold of every("main details")) fold.open = open;
    button.setAttribute("aria-pressed", String(open));
  });
}

// --- the board of claims ---

const filters = document.querySelector(".filters");
filters?.addEventListener("input", () => {
  const wanted = Object.fromEntries(new FormData(filters));
  const words = wanted.words.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const row of every(".claim")) {
    const fits = ["chapter", "verdict", "origin", "cost"].every((name) => !wanted[name] || row.dataset[name] === wanted[name]);
    row.hidden = !(fits && words.every((word) => row.textContent.toLowerCase().includes(word)));
    count += !row.hidden;
  }
  filters.querySelector("output").textContent = `${count} of ${every(".claim").length}`;
});

// --- search ---

const search = document.querySelector(".search input");
const found = document.querySelector(".search ul");
let index = null;
globalThis.spectralLabIndex = (entries) => (index = entries.map((entry) => ({ ...entry, plain: entry.text.toLowerCase(), head: entry.title.toLowerCase() })));

async function find() {
  if (!index) await loadScript(settings.search);
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const rank = ({ plain, head }) =>
    words.every((word) => head.includes(word) || plain.includes(word)) ? words.filter((word) => head.includes(word)).length + 1 : 0;
  const best = words.length ? index.map((entry) => [rank(entry), entry]).filter(([points]) => points) : [];
  best.sort(([a], [b]) => b - a);
  found.replaceChildren(...best.slice(0, 12).map(([, entry]) => make("li", {}, hit(entry, words))));
  if (words.length && !best.length) found.append(make("li", { textContent: "Nothing found." }));
  found.hidden = !words.length;
}

function hit(entry, words) {
  const at = Math.max(0, Math.min(...words.map((word) => entry.plain.indexOf(word)).filter((i) => i >= 0), entry.plain.length) - 40);
  const piece = entry.text.slice(at, at + 120).trim();
  return make("a", { href: settings.root + entry.address }, make("b", { textContent: entry.title }), ` ${entry.page}`, make("br"), `${at ? "… " : ""}${piece} …`);
}
search?.addEventListener("input", find);
document.querySelector(".search")?.addEventListener("submit", (event) => {
  event.preventDefault();
  found.querySelector("a")?.click();
});
addEventListener("keydown", ({ key }) => key === "Escape" && found && (found.hidden = true));
document.addEventListener("click", ({ target }) => target.closest(".search") || !found || (found.hidden = true));

// --- light, dark, paper ---

// Explorers read their colours anew when the body says that its theme has changed.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", ({ matches }) => (document.body.dataset.jpThemeLight = String(!matches)));

// For paper a picture is drawn light, and as wide as on a screen: style.css makes it smaller. Afterwards as it was.
function drawFor(paper) {
  document.documentElement.classList.toggle("on-paper", paper);
  for (const { views } of globalThis.spectralLab.sessions.values())
    for (const view of views) {
      view.plot.style.width = paper ? "860px" : "";
      view.readPalette();
      view.drawn = null;
      view.paint();
    }
}
addEventListener("beforeprint", () => drawFor(true));
addEventListener("afterprint", () => drawFor(false));

if (location.hash) follow();
