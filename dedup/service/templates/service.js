"use strict";
// The source of the page of a service: it asks the API for what it shows, and follows the changes.
const source = (() => {
const { $, block, element, plural, percent } = dom;
const PATIENCE = 25, PAUSE = 1000, AGAIN = 3000, MANY = 40, MOST = 1000;  // seconds of a request for news; milliseconds; stories asked for one by one; articles of an answer
const KEPT = "dedup:token";

let data, stories = [], storyOf = [], cursor = 0, following = false, waiting = new Map(), more = "", left = "";
const texts = new Map(), own = new Set();  // by place; cursors of changes that this page made

// The API

class Refused extends Error { constructor(message, status) { super(message); this.status = status; } }

async function ask(path, options = {}) {
  const secret = sessionStorage.getItem(KEPT), headers = { Accept: "application/json", ...options.headers };
  if (secret) headers.Authorization = "Bearer " + secret;
  const answer = await fetch(path, { ...options, headers, credentials: "omit", redirect: "error" }).catch(() => { throw new Refused("the service cannot be reached", 0); });
  const told = await answer.json();
  if (answer.ok) return told;
  if (answer.status === 401) askForToken(told.errors[0].field === "Authorization" && secret ? "That token is not known." : "");
  const fault = told.errors[0];
  throw new Refused(fault ? `${told.title}: ${fault.problem}. ${fault.remedy[0].toUpperCase() + fault.remedy.slice(1)}.` : told.title, answer.status);
}

const at = (...parts) => "v1/" + parts.map(encodeURIComponent).join("/");
const query = (fields) => "?" + new URLSearchParams(Object.entries(fields));

function askForToken(message) {
  sessionStorage.removeItem(KEPT);
  source.ready = false;
  $("token").hidden = false;
  $("controls").hidden = true;
  if (message) page.say(message);
  document.documentElement.dataset.ready = "true";
}

// Articles and stories as the page holds them

const seconds = (moment) => moment ? Date.parse(moment.length > 10 && !/[zZ]|[+-]\d\d:\d\d$/.test(moment) ? moment + "Z" : moment) / 1000 : null;
const headline = (place) => data.titles[place].split(/\s+/u).filter(Boolean).join(" ") || data.heads[place] || "";

function add(head) {  // an article as the API tells it
  let place = data.placeOf.get(head.id);
  if (place === undefined) data.placeOf.set(head.id, place = data.ids.length);
  const dated = head.published || head.seen;
  const values = { ids: head.id, titles: head.title, heads: "", sources: head.source, dates: dated, published: seconds(head.published), seconds: seconds(dated), langs: head.lang, urls: head.url, authors: head.author, sections: head.section, kinds: head.kind, datedBy: head.published || !head.seen ? null : "seen" };
  for (const [name, value] of Object.entries(values)) data[name][place] = value;
  texts.delete(place);
  return place;
}

function put(story, articles) {
  const places = articles.map(add), dated = places.map((place) => data.published[place]).filter((value) => value !== null);
  const one = { id: story.id, title: story.title, size: story.size, articles: places, canonical: data.placeOf.get(story.canonical) ?? places[0], sources: story.sources, storyline: story.storyline, origins: story.origins.at_most, publishers: story.origins.publishers, agencies: story.origins.agencies, growth: story.growth.articles,
    start: dated.length ? Math.min(...dated) : Infinity, end: dated.length ? Math.max(...dated) : -Infinity,
    copies: story.copy_groups.map((group) => group.articles.map((id) => data.placeOf.get(id)).filter((place) => place !== undefined)).filter((group) => group.length > 1) };
  for (const place of places) storyOf[place] = one;
  return one;
}

const sorted = () => stories.sort((x, y) => y.size - x.size || (x.start === y.start ? 0 : x.start - y.start) || (x.id < y.id ? -1 : 1));

async function asked(id) {
  const [story, timeline] = await Promise.all([ask(at("stories", id)), ask(at("stories", id, "articles") + query({ limit: MOST }))]);
  const one = put(story, timeline.articles), place = stories.findIndex((other) => other.id === one.id);
  if (place < 0) stories.push(one); else stories[place] = one;
  return one;
}

async function fetched(story, a, b) {  // what the page does not hold yet
  try {
    const ids = [story];
    for (const id of [a, b]) if (id && !data.placeOf.has(id)) ids.push((await ask(at("articles", id))).story);
    const found = [];
    for (const id of ids.filter(Boolean)) found.push(await asked(id));
    sorted();
    await list.update({ regrouped: true });
    return found.length ? { story: story ? found[0] : undefined } : null;
  } catch (error) { if (error.status === 404 || error.status === 422) return null; throw error; }
}

async function all() {
  const found = await ask("v1/overview");
  data = found.articles;
  for (const name of ["datedBy", "urls", "authors", "sections", "kinds"]) data[name] = data[name] || data.ids.map(() => "");
  data.fresh = null;
  data.storage = "dedup:" + location.host;
  data.placeOf = new Map(data.ids.map((id, place) => [id, place]));
  storyOf = [];
  stories = found.stories.map((one) => ({ ...one, start: one.start ?? Infinity, end: one.end ?? -Infinity }));
  for (const one of stories) for (const place of one.articles) storyOf[place] = one;
  sorted();
  cursor = found.cursor;
  more = found.total > data.ids.length ? `, of ${found.total.toLocaleString("en")} articles the last` : "";
  texts.clear();
}

// What the page asks for

function text(place) {
  if (!texts.has(place)) texts.set(place, ask(at("articles", data.ids[place])).then((article) => article.text));
  return texts.get(place);
}

async function find(terms) {
  const { articles } = await ask("v1/search" + query({ q: terms.map((term) => term.includes(" ") ? `"${term}"` : term).join(" "), limit: MOST }));
  left = articles.length < MOST ? "" : ", the last added of all that have it";
  const unknown = [...new Set(articles.filter((head) => !data.placeOf.has(head.id)).map((head) => head.story))];
  for (const id of unknown.slice(0, MANY)) await asked(id).catch(() => null);
  if (unknown.length) { sorted(); list.prepare(); }
  return new Set(articles.map((head) => data.placeOf.get(head.id)).filter((place) => place !== undefined));
}

async function storyline(id) {  // with those of its stories that the page does not hold yet
  const { stories: found } = await ask("v1/stories" + query({ storyline: id, limit: MANY }));
  const known = new Set(stories.map((one) => one.id)), unknown = found.filter((one) => !known.has(one.id));
  for (const one of unknown) await asked(one.id).catch(() => null);
  if (unknown.length) { sorted(); list.prepare(); }
  return stories.filter((one) => one.storyline === id);
}

async function originals(story) {
  const { groups } = await ask(at("stories", story.id, "versions"));
  return groups.map((group) => {
    const known = group.versions.filter((version) => data.placeOf.has(version.article)).sort((x, y) => y.probability - x.probability);
    return { articles: known.map((version) => data.placeOf.get(version.article)), odds: known.map((version) => version.probability), original: group.original === null ? null : data.placeOf.get(group.original) ?? null, why: group.reasons };
  });
}

function explained(e) {
  const notes = [e.reason, ...(e.words.length ? [`Words that contribute most: ${e.words.slice(0, 6).map(({ word }) => word).join(", ")}.`] : []),
    `Overlap ${percent(e.overlap)} of words. Probability that they are ${e.same_text ? "the same text" : "of the same event"}: ${percent(e.link.probability)}.`, ...e.missing];
  return { sameText: e.same_text, sameStory: e.same_story, probability: e.link.probability, steps: [...e.waterfall.map((part) => [part.name, part.value]), ["score", e.link.score]], notes };
}

const relation = async (a, b) => explained(await ask("v1/explain" + query({ a: data.ids[a], b: data.ids[b] })));

// Pairs to judge: in one story those of the least like titles, in different ones those of the most like titles.
function offered(judged) {
  const words = data.titles.map((title) => new Set(title.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) || [])), holders = new Map(), found = [];
  words.forEach((held, place) => { if (storyOf[place]) for (const word of held) { const places = holders.get(word); if (places) places.push(place); else holders.set(word, [place]); } });
  const alike = (a, b) => [...words[a]].filter((word) => words[b].has(word)).length / Math.max(1, Math.min(words[a].size, words[b].size));
  const seen = new Set();
  const offer = (a, b, distance) => {
    const pair = Math.min(a, b) * data.ids.length + Math.max(a, b);
    if (a === b || seen.has(pair) || judged(a, b)) return;
    seen.add(pair);
    found.push([distance + (data.sources[a] && data.sources[a] === data.sources[b] ? .05 : 0), Math.min(a, b), Math.max(a, b)]);
  };
  for (const one of stories) for (const place of one.articles.slice(0, MANY)) offer(one.canonical, place, alike(one.canonical, place));
  for (const places of holders.values()) if (places.length <= MANY) for (const a of places) for (const b of places) if (a < b && storyOf[a] !== storyOf[b]) offer(a, b, 1 - alike(a, b));
  return found.sort((x, y) => x[0] - y[0] || x[1] - y[1] || x[2] - y[2]).map(([, x, y]) => [x, y]);
}

function paste() {
  const { root, slots } = block("pasted");
  address.link(slots.back, address.OPEN);
  slots.form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const given = Object.fromEntries(["a", "b"].map((name) => [name, { title: slots["title-" + name].value, text: slots["text-" + name].value }]));
    try {
      const explanation = await ask("v1/compare", { method: "POST", body: JSON.stringify(given), headers: { "Content-Type": "application/json" } });
      slots.answer.replaceChildren(await story.showPasted(given, explained(explanation)));
      page.say("");
    } catch (error) { page.say(error.message); }
  });
  return root;
}

// Decisions of editors on an open story

const NAMED = "dedup:editor";
const VERBS = { together: "together", apart: "apart", title: "titled", canonical: "shown first" };

function edit(one) {
  const { root, slots } = block("edit"), id = (place) => data.ids[place], others = stories.filter((two) => two.id !== one.id).slice(0, MOST);
  const option = (value, text) => { const found = element("option", text); found.value = value; return found; };
  slots.by.value = localStorage.getItem(NAMED) || "";
  slots.title.value = one.title;
  slots.article.append(...one.articles.map((place) => option(id(place), [data.sources[place], headline(place) || id(place)].filter(Boolean).join(": "))));
  slots.other.append(...others.map((two) => option(id(two.canonical), two.title || two.id)));
  for (const name of ["merge", "move"]) slots[name].disabled = !others.length;
  slots.split.disabled = one.articles.length < 2;

  async function decide(body) {
    localStorage.setItem(NAMED, slots.by.value.trim());
    slots.anyway.hidden = true;
    try {
      const headers = { "Content-Type": "application/json" };
      await decided(await ask("v1/decisions", { method: "POST", headers, body: JSON.stringify({ ...body, by: slots.by.value.trim() }) }), body.articles[0]);
    } catch (error) {
      slots.said.textContent = error.message;
      slots.anyway.hidden = error.status !== 409;
      slots.anyway.onclick = () => decide({ ...body, supersede: true });
    }
  }

  async function decided(done, article) {  // shown at once, as news are when they are asked for
    for (const change of done.changes) { own.add(change.cursor); waiting.set(`${change.article} ${change.story}`, change); }
    await refresh();
    const story = done.stories[article] ?? one.id;
    if (story !== one.id) address.go({ ...address.OPEN, story }); else await page.show();
  }

  async function list() {
    const theirs = new Set(one.articles.map(id)), { decisions } = await ask("v1/decisions");
    const named = (ids) => ids.slice(0, 3).map((name) => data.placeOf.has(name) ? headline(data.placeOf.get(name)) || name : name).join(" · ") + (ids.length > 3 ? ` and ${ids.length - 3} more` : "");
    const rows = decisions.filter((each) => [...each.articles, ...each.apart_from].some((name) => theirs.has(name))).reverse().map((each) => {
      const item = element("li"), button = element("button", "Undo", "quiet");
      const what = [each.title ? `“${each.title}”` : "", named(each.articles), each.apart_from.length ? `from ${named(each.apart_from)}` : ""].filter(Boolean).join(" ");
      const words = element("span", `${VERBS[each.kind]}: ${what} `), note = element("span", [each.by, (each.at || "").slice(0, 16).replace("T", " "), each.in_force ? "" : "overruled by a later one"].filter(Boolean).join(", ") + " ", "note");
      words.dir = "auto";
      button.type = "button";
      button.setAttribute("aria-label", `Undo the decision ${each.id}: ${VERBS[each.kind]}, ${what}`);
      button.addEventListener("click", () => ask(at("decisions", each.id), { method: "DELETE" }).then((done) => decided(done, id(one.canonical))).catch((error) => { slots.said.textContent = error.message; }));
      item.append(words, note, button);
      return item;
    });
    slots.decisions.replaceChildren(...rows);
    slots.none.hidden = rows.length > 0;
  }

  slots.rename.addEventListener("click", () => decide({ kind: "title", articles: [id(one.canonical)], title: slots.title.value }));
  slots.show.addEventListener("click", () => decide({ kind: "canonical", articles: [slots.article.value] }));
  slots.split.addEventListener("click", () => decide({ kind: "split", articles: [slots.article.value] }));
  slots.merge.addEventListener("click", () => decide({ kind: "together", articles: [id(one.canonical), slots.other.value] }));
  slots.move.addEventListener("click", () => decide({ kind: "move", articles: [slots.article.value], into: slots.other.value }));
  root.addEventListener("toggle", () => { if (root.open) list().catch((error) => { slots.said.textContent = error.message; }); });
  return root;
}

// News: they are announced, and shown when the reader asks for them.

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

async function follow() {
  if (following) return;
  following = true;
  while ($("token").hidden) {
    try {
      const found = await ask("v1/changes" + query({ since: cursor, wait: PATIENCE }));
      cursor = found.cursor;
      const news = found.changes.filter((change) => !own.delete(change.cursor));
      if (!news.length) continue;
      for (const change of news) waiting.set(`${change.article} ${change.story}`, change);
      announce();
      await pause(PAUSE);
    } catch (error) {
      await pause(AGAIN);
      if (error.status !== 410) continue;
      await ask("v1/stats").then((stats) => { cursor = stats.changes; }).catch(() => null);  // another store, or one that forgot what came between
      waiting.set("all", { kind: "refreshed", article: "", story: "", before: "" });
      announce();
    }
  }
  following = false;
}

function announce() {
  const fresh = new Set([...waiting.values()].filter((change) => change.kind === "added").map((change) => change.article)).size;
  $("news").textContent = fresh ? `${fresh.toLocaleString("en")} new – show` : "The stories have changed – show";
  $("news").hidden = false;
}

async function refresh() {
  const touched = new Set([...waiting.values()].flatMap((change) => [change.story, change.before]).filter(Boolean)), known = new Set(stories.map((one) => one.id));
  const every = touched.size > MANY || [...waiting.values()].some((change) => change.kind === "refreshed");
  waiting = new Map();
  $("news").hidden = true;
  try {
    if (every) await all();
    else {
      stories = stories.filter((one) => !touched.has(one.id));
      for (const id of touched) await asked(id).catch((error) => { if (error.status !== 404) throw error; });
      stories = [...new Map(stories.map((one) => [one.id, one])).values()];
      sorted();
    }
    await list.update({ regrouped: true, fresh: (id) => !known.has(id) });
    await page.route({ moved: false });
  } catch (error) { page.say(error.message); }
}

async function start() {
  $("token").hidden = true;
  source.ready = true;
  try { await all(); } catch (error) {
    if (source.ready === false) return;
    page.say(error.message);
    await pause(AGAIN);
    return start();
  }
  page.say("");
  follow();
}

$("news").addEventListener("click", refresh);
$("token").addEventListener("submit", async (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEPT, $("secret").value.trim());
  $("secret").value = "";
  await start();
  if (source.ready) await page.show();
});
address.link($("paste"), { ...address.OPEN, view: "paste" });

return { get data() { return data; }, get stories() { return stories; }, get note() { return (address.state.q ? left : "") + more; }, storyOf: (place) => storyOf[place], start, text, find, relation, originals, offered, headline, fetched, storyline, paste, edit };
})();
