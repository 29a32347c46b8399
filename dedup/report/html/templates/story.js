"use strict";
// What is open: a story, an article, two articles side by side.
const story = (() => {
const { $, element, block, plural, percent, write, grey, twin, hits, term, isWeb, outward } = dom;
const MOST = 12, MOMENTS = 100, BESIDE = 2;  // names and figures shown; articles of a timeline at first; stories of a storyline before and after
const TERMS = {
  cosine: ["Words in common", "How much of their words the two share, rare words counting most (the cosine of their weighted words)."],
  background: ["Usual similarity", "What any two articles of this collection have in common; it counts for nothing."],
  dates: ["Days between them", "Articles far apart in time are less likely to be of one event."],
  outlet: ["Same outlet", "Two articles of one outlet are less often of one event than they look."],
  "second opinion": ["Second opinion", "A correction where the words alone mislead."],
  score: ["Score", "The sum; above the threshold the two are of one story."],
};
const COPY = "An article that repeats the text of another, perhaps shortened or with changes.";
const ORIGINAL = "An estimate, from what each version has and lacks, from dates, and from who names whom as the source.";

const moment = (place) => (source.data.dates[place] || "").slice(0, 16).replace("T", " ");
const outlet = (place) => source.data.sources[place] || source.data.ids[place];
const headline = (place) => source.headline(place) || "(no title)";
const link = (text, changes) => address.link(element("a", text), changes);
const id = (place) => source.data.ids[place];
const read = (one, place) => ({ view: "read", story: one.id, a: id(place), b: "" });
const compare = (one, a, b) => ({ view: "compare", story: one.id, a: id(a), b: id(b) });

function dek(parts) { return parts.filter(Boolean).map((part) => { const found = element("span"); found.append(part); return found; }); }

function byline(place) {
  const { data } = source;
  return [moment(place), data.authors && data.authors[place], data.sections && data.sections[place], data.datedBy && data.datedBy[place] === "text" ? "dated by its text" : "", data.datedBy && data.datedBy[place] === "seen" ? "date of retrieval" : ""].filter(Boolean).join(" · ");
}

function original(place, text = "At the source ↗") {
  const url = source.data.urls && source.data.urls[place];
  if (!isWeb(url)) return null;
  const found = outward(url, text);
  found.setAttribute("aria-label", `${text.replace(" ↗", "")}: ${headline(place)} (${outlet(place)})`);
  return found;
}

// A story

function showStory(one) {
  const { root, slots } = block("story"), { data } = source, copies = list.copiesIn(one);
  address.link(slots.back, address.OPEN);
  slots.title.textContent = list.title(one);
  const texts = one.size - copies, origins = element("span", plural(texts, "different text", "different texts"));
  slots.dek.replaceChildren(...dek([plural(one.size, "article", "articles"), one.sources.length ? plural(one.sources.length, "outlet", "outlets") : "", copies ? origins : "", one.origins ? `at most ${plural(one.origins, "origin", "origins")}` : "", list.spoken(one), list.span(one)]));
  if (copies) { origins.textContent = plural(texts, "different text", "different texts") + ", "; origins.append(term(plural(copies, "copy", "copies"), COPY)); }
  slots.actions.append(...[link("Read the lead article", read(one, one.canonical)), original(one.canonical)].filter(Boolean));
  list.lead(one.canonical).then((words) => { slots.lead.textContent = words; hits(slots.lead, list.terms); }).catch(() => null);
  continued(one, slots.status);
  moments(one, slots.timeline);
  around(one, slots).catch(() => null);
  hits(slots.title, list.terms);
  if (source.edit) root.append(source.edit(one));  // of a service alone
  if (one.copies.length) source.originals(one).then((groups) => slots.versions.replaceChildren(...groups.map((group) => versions(one, group)))).catch(() => null);
  return root;
}

function continued(one, target) {
  const archived = one.articles.filter((place) => one.stateOf(place) === "archived");
  target.hidden = !one.status.length;
  if (target.hidden) return;
  if (!archived.length) { target.append(element("b", "New", "badge new"), " No earlier article is in this story."); return; }
  const counts = ["continues", "copy"].map((state) => one.articles.filter((place) => one.stateOf(place) === state).length);
  target.append(element("b", "Continues", "badge continues"), " ", link(headline(archived[0]), read(one, archived[0])), ` (${[moment(archived[0]).slice(0, 10), plural(archived.length, "earlier article", "earlier articles")].filter(Boolean).join(", ")}) with ${[counts[0] || !counts[1] ? plural(counts[0], "article", "articles") : "", counts[1] ? plural(counts[1], "copy", "copies") + " of what was there" : ""].filter(Boolean).join(" and ")}.`);
}

function moments(one, target) {
  const outlets = new Set(), earlier = new Map();
  for (const group of one.copies) for (const place of group.slice(1)) earlier.set(place, group[0]);
  const item = (place) => {
    const { root, slots } = block("moment"), lead = place === one.canonical, state = one.stateOf(place), url = original(place);
    if (!outlets.has(outlet(place))) root.classList.add("first");
    outlets.add(outlet(place));
    root.dataset.article = id(place);
    slots.date.textContent = moment(place) || "no date";
    if (source.data.dates[place]) slots.date.dateTime = source.data.dates[place];
    slots.outlet.textContent = outlet(place);
    address.link(slots.title, read(one, place)).textContent = headline(place);
    if (state && state !== "new") slots.note.append(element("b", { archived: "earlier", copy: "copy of an earlier one", continues: "new" }[state], "badge " + state));
    if (lead) slots.note.append(term("lead article", "The article that is shown for the story."));
    if (earlier.has(place)) slots.note.append(`same text as ${outlet(earlier.get(place))}`);
    const other = lead ? one.articles.find((two) => two !== place) : one.canonical;
    const made = [link("Read", read(one, place)), other === undefined ? null : link("Compare", compare(one, other, place))].filter(Boolean);
    for (const node of made) { node.setAttribute("aria-label", `${node.textContent}: ${headline(place)} (${outlet(place)})`); node.dataset.what = node.textContent.toLowerCase(); }
    slots.actions.append(...made, ...(url ? [url] : []));
    hits(slots.title, list.terms);
    return root;
  };
  const add = (places) => target.append(...places.map(item));
  add(one.articles.slice(0, MOMENTS));
  if (one.articles.length <= MOMENTS) return;
  const rest = element("li", undefined, "rest"), button = element("button", `Show ${plural(one.articles.length - MOMENTS, "more article", "more articles")}`);
  button.type = "button";
  button.addEventListener("click", () => { rest.remove(); add(one.articles.slice(MOMENTS)); });
  rest.append(button);
  target.append(rest);
}

// A story in its storyline: those around it by time, and all in the list.

async function around(one, slots) {
  const every = [...await source.storyline(one.storyline)].sort((x, y) => (x.start > y.start) - (x.start < y.start)), at = every.findIndex((two) => two.id === one.id);
  if (every.length < 2) return;
  const from = Math.max(0, Math.min(at - BESIDE, every.length - 2 * BESIDE - 1));
  slots.around.append(...every.slice(from, from + 2 * BESIDE + 1).map((two) => {
    const item = element("li"), node = two.id === one.id ? element("b", list.title(two)) : link(list.title(two), { ...address.OPEN, story: two.id });
    node.dir = "auto";
    if (two.id === one.id) item.setAttribute("aria-current", "true");
    item.append(element("time", list.span(two)), node, element("span", plural(two.size, "article", "articles"), "note"));
    return item;
  }));
  slots.line.append(link(`List all ${every.length.toLocaleString("en")} stories`, { ...address.OPEN, ...address.FILTERS, storyline: one.storyline }));
  slots.storyline.hidden = false;
}

function versions(one, { articles, odds, original: first, why }) {
  const { root, slots } = block("versions"), { data } = source;
  const several = (place) => articles.filter((other) => data.sources[other] === data.sources[place]).length > 1;
  const name = (place) => !data.sources[place] ? id(place) : several(place) ? `${data.sources[place]} · ${id(place)}` : data.sources[place];
  const base = first ?? articles[0];
  slots.heading.textContent = `One text in ${articles.length} versions`;
  slots.verdict.append(term(first === null ? "Original" : "Likely the original", ORIGINAL), first === null ? ": unsure." : `: ${name(first)}` + (why.length ? `, for ${why.join("; ")}.` : "."));
  for (const place of articles) {
    const item = element("li"), node = link(headline(place), base === place ? read(one, place) : compare(one, base, place)), from = element("span", name(place), "outlet");
    node.dir = from.dir = "auto";
    item.append(from, " ", node);
    slots.headlines.append(item);
  }
  slots.fold.addEventListener("toggle", async () => {
    if (!slots.fold.open || slots.rows.children.length) return;
    const known = await source.text(base), count = (number, what) => number ? plural(number, what, what + "s") : "–";
    for (const [at, place] of articles.entries()) {
      const row = element("tr"), d = texts.differences(known, await source.text(place)), cell = element("td");
      cell.append(link(name(place), compare(one, base, place)));
      cell.dir = "auto";
      row.append(cell, ...[percent(d.kept), ...(place === base ? ["–", "–", "–"] : [count(d.cut, "word"), count(d.added, "word"), count(d.changed, "place")]), odds.length ? percent(odds[at]) : "–"].map((text) => element("td", text, "number")));
      slots.rows.append(row);
    }
  });
  return root;
}

// An article

async function showArticle(one, place) {
  const { root, slots } = block("article"), text = await source.text(place), at = one.articles.indexOf(place), url = original(place, `Read it at ${outlet(place)} ↗`);
  address.link(slots.back, { ...address.OPEN, story: one.id });
  slots.outlet.textContent = outlet(place);
  slots.title.textContent = headline(place);
  slots.note.textContent = byline(place);
  slots.actions.append(...[url, one.articles.length > 1 ? link("Compare with another", compare(one, place === one.canonical ? one.articles.find((two) => two !== place) : one.canonical, place)) : null].filter(Boolean));
  write(slots.text, text, [], "a");
  hits(slots.title, list.terms);
  hits(slots.text, list.terms);
  for (const [slot, other, sign] of [["before", one.articles[at - 1], "← "], ["after", one.articles[at + 1], "→ "]])
    if (other === undefined) slots[slot].remove(); else address.link(slots[slot], read(one, other)).textContent = `${sign}${outlet(other)}: ${headline(other)}`;
  return root;
}

// Two articles side by side

async function columns(root, slots, one, [a, b], given, view) {
  const both = given || await Promise.all([source.text(a), source.text(b)]), shared = a === b ? [] : texts.passages(...both);
  for (const [name, place, text] of [["a", a, both[0]], ["b", b, both[1]]]) {
    const choose = slots["choose-" + name];
    if (one && view === "compare") {
      for (const article of new Set([...one.articles, a, b])) {
        const option = element("option", `${outlet(article)}: ${headline(article)}`.slice(0, 120));
        option.value = article;
        choose.append(option);
      }
      choose.value = place;
      choose.addEventListener("change", () => address.go(name === "a" ? { a: id(choose.value) } : { b: id(choose.value) }));
    } else choose.remove();
    if (!given) {
      slots["title-" + name].textContent = headline(place);
      slots["note-" + name].textContent = [...new Set([outlet(place), byline(place), id(place)])].filter(Boolean).join(" · ");
      const url = original(place);
      if (url) slots["note-" + name].append(" ", url);
    }
    write(slots["text-" + name], text, shared, name);
  }
  root.addEventListener("click", (event) => { const mark = event.target.closest(".text mark[data-passage]"); if (mark) twin(root, mark); });
  root.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target.matches(".text mark")) twin(root, event.target); });
  return [both, shared];
}

async function showPair(one, a, b) {
  const { root, slots } = block("side"), [[both, shared], r] = await Promise.all([columns(root, slots, one, [a, b], null, "compare"), a === b ? null : source.relation(a, b)]);
  address.link(slots.back, one ? { ...address.OPEN, story: one.id } : address.OPEN);
  if (r) explained(root, slots, r, both, shared); else slots.verdict.textContent = "One article.";
  if (r) slots.actions.append(link("Judge these two", { view: "judge" }));
  for (const [name, text] of [["a", both[0]], ["b", both[1]]]) {
    if (r && r.removed) grey(slots["text-" + name], text, r.removed["ab".indexOf(name)]);
    hits(slots["text-" + name], list.terms);
  }
  slots.removed.hidden = !root.querySelector(".text .removed");
  return root;
}

// Two texts that are stored nowhere

async function showPasted(given, r) {
  const { root, slots } = block("side"), both = [given.a.text, given.b.text];
  const [, shared] = await columns(root, slots, null, [0, 1], both, "paste");
  for (const name of ["a", "b"]) slots["title-" + name].textContent = given[name].title;
  root.querySelector(".back").remove();
  root.querySelector("h2").remove();
  root.removeAttribute("aria-labelledby");
  explained(root, slots, r, both, shared);
  return root;
}

const sure = (probability) => probability === undefined ? "" : probability >= .9 ? ", very likely" : probability >= .65 ? ", likely" : ", unsure";
const verdict = (r) => r.sameText ? "The same text" : r.sameStory ? "The same story" : "Different stories";

function explained(root, slots, r, both, shared) {
  slots.verdict.textContent = verdict(r) + (r.sameText || r.sameStory ? sure(r.probability) : "") + ".";
  const parts = [], add = (text) => parts.push(element("p", text, "note"));
  add(shared.length ? `${plural(shared.length, "passage", "passages")} in both, ${plural(Math.round(shared.reduce((sum, one) => sum + one.words, 0)), "word", "words")}.` : "No passage in both.");
  const facts = element("dl", undefined, "facts");
  for (const [what, lists] of [["Names", texts.names(...both)], ["Numbers", texts.numbers(...both)]]) {
    ["in both", "only in A", "only in B"].forEach((where, at) => {
      if (lists[at].length) facts.append(element("dt", `${what} ${where}`), element("dd", lists[at].slice(0, MOST).join(", ") + (lists[at].length > MOST ? " …" : "")));
    });
  }
  slots.why.replaceChildren(...parts, ...(facts.children.length ? [facts] : []));
  const table = element("table", undefined, "steps"), widest = Math.max(...r.steps.map(([, value]) => Math.abs(value)), 1e-9);
  for (const [name, value] of r.steps) {
    const row = element("tr"), bar = element("td", undefined, "bar"), fill = element("i", undefined, value < 0 ? "less" : ""), cell = element("td");
    fill.style.width = 100 * Math.abs(value) / widest + "%";
    bar.append(fill);
    cell.append(TERMS[name] ? term(...TERMS[name]) : name);
    row.append(cell, element("td", (value < 0 ? "−" : "") + Math.abs(value).toFixed(3), "number"), bar);
    table.append(row);
  }
  slots.figures.replaceChildren(...(r.steps.length ? [table] : []), ...r.notes.map((note) => element("p", note, "note")));
}

return { showStory, showArticle, showPair, showPasted, columns, verdict, outlet, headline };
})();
