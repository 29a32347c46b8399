"use strict";
// Judging pairs of articles. Judgements stay in this browser until they are saved as JSON lines.
const judge = (() => {
const { $, element, block, plural, save } = dom;
const NAMES = { same_text: "same text", same_story: "same story", neither: "neither" };

let labels = {}, last = null, language = "";
const past = [];

const key = (a, b) => a < b ? JSON.stringify([a, b]) : JSON.stringify([b, a]);
const ids = (a, b) => [source.data.ids[a], source.data.ids[b]];
const judged = (a, b) => labels[key(...ids(a, b))];

function remember() {
  const count = Object.keys(labels).length;
  $("export").hidden = !count;
  $("export").textContent = `Save ${plural(count, "judgement", "judgements")}`;
  try { localStorage.setItem(source.data.storage, JSON.stringify(labels)); } catch { /* some browsers keep nothing for files: the judgements last as long as the page */ }
}

function begin() {
  try { labels = JSON.parse(localStorage.getItem(source.data.storage) || "{}"); } catch { labels = {}; }
  remember();
}

const lines = () => Object.entries(labels).map(([pair, label]) => { const [a, b] = JSON.parse(pair); return JSON.stringify({ a, b, label }) + "\n"; }).join("");

function offered() {
  const { langs } = source.data;
  return source.offered(judged).filter(([a, b]) => !language || (langs[a] === language && langs[b] === language));
}

function next(step = true) {
  const [pair] = offered().filter(([a, b]) => !past.some((one) => one.skipped && one.pair === key(...ids(a, b))));
  const [a, b] = pair ? ids(...pair) : ["", ""];
  address.go({ view: "judge", story: "", a, b }, step);
}

async function put(label) {
  const { a, b } = address.state;
  if (!a || !b) return;
  const pair = key(a, b);
  past.push({ pair, before: labels[pair], a, b, skipped: !label });
  if (label) {
    const r = await source.relation(...[a, b].map((one) => source.data.placeOf.get(one)));
    labels[pair] = label;
    last = `You: ${NAMES[label]}. dedup: ${story.verdict(r).toLowerCase()}.`;
    remember();
  }
  next(false);
}

function undo() {
  const one = past.pop();
  if (!one) return;
  if (one.before === undefined) delete labels[one.pair]; else labels[one.pair] = one.before;
  last = null;
  remember();
  address.go({ view: "judge", story: "", a: one.a, b: one.b }, false);
}

async function show(a, b) {
  const { root, slots } = block("judging"), rest = offered().length, count = Object.keys(labels).length;
  address.link(slots.back, address.OPEN);
  slots.progress.max = rest + count || 1;
  slots.progress.value = count;
  slots.told.textContent = `${count.toLocaleString("en")} judged, ${plural(rest, "pair", "pairs")} left to ask about`;
  slots.last.textContent = last || "What dedup says is shown once you have judged.";
  slots.undo.disabled = !past.length;
  slots.undo.addEventListener("click", undo);
  const found = [...new Set(source.data.langs || [])].filter(Boolean).sort();
  slots.languages.hidden = found.length < 2;
  for (const code of ["", ...found]) {
    const option = element("option", code ? list.language(code) : "all");
    option.value = code;
    slots.language.append(option);
  }
  slots.language.value = language;
  slots.language.addEventListener("change", () => { language = slots.language.value; next(false); });
  if (a === undefined || b === undefined) {
    for (const part of root.querySelectorAll(".judge, .columns, .legend")) part.remove();
    slots.last.textContent = `${last || ""} No pair is left to ask about.`.trim();
    return root;
  }
  for (const button of root.querySelectorAll("[data-label]")) {
    button.setAttribute("aria-pressed", String(judged(a, b) === button.dataset.label));
    button.addEventListener("click", () => put(button.dataset.label));
  }
  slots.skip.addEventListener("click", () => put(""));
  await story.columns(root, slots, null, [a, b], null, "judge");
  return root;
}

function keys(pressed) {
  if ("123".includes(pressed)) put(Object.keys(NAMES)[pressed - 1]);
  if (pressed === "n") put("");
  if (pressed === "u") undo();
}

return { begin, next, show, keys, lines, save: () => save("labels.jsonl", "application/x-ndjson", lines()) };
})();
