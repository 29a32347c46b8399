"use strict";
// The pages of the service: what is asked of the API, where the reader is, and news as they come.
(() => {
const { $, block } = shown;
const STEP = 60, PATIENCE = 25, PAUSE = 1000, AGAIN = 3000;  // stories at once; seconds of a request for news; milliseconds
const KEPT = "dedup:token";

let known = new Set(), next = null, cursor = 0, turn = 0, listing = 0, openStory = "", following = false;

// The API

class Refused extends Error { constructor(message, status) { super(message); this.status = status; } }

async function ask(path, options = {}) {
  const secret = sessionStorage.getItem(KEPT), headers = { Accept: "application/json", ...options.headers };
  if (secret) headers.Authorization = "Bearer " + secret;
  const answer = await fetch(path, { ...options, headers, credentials: "omit", redirect: "error" });
  const told = await answer.json();
  if (answer.ok) return told;
  if (answer.status === 401) askForToken(told.errors[0].field === "Authorization" && secret ? "That token is not known." : "");
  const fault = told.errors[0];
  throw new Refused(fault ? `${told.title}: ${fault.problem}. ${fault.remedy[0].toUpperCase() + fault.remedy.slice(1)}.` : told.title, answer.status);
}

const at = (...parts) => "v1/" + parts.map(encodeURIComponent).join("/");
const query = (fields) => "?" + new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== "" && value !== null));

function askForToken(message) {
  sessionStorage.removeItem(KEPT);
  $("token").hidden = false;
  $("controls").hidden = true;
  if (message) say(message);
  document.documentElement.dataset.ready = "true";
}

function say(message) { $("alert").textContent = message; $("alert").hidden = !message; }
const failed = (error) => say(error instanceof Refused ? error.message : "The service cannot be reached.");

// The list

async function list(more = false) {
  const mine = ++listing, words = $("query").value.trim();
  const entries = [];
  let following = null;
  if (words) {
    const found = await ask("v1/search" + query({ q: words, limit: STEP }));
    entries.push(...found.articles.map(views.articleEntry));
  } else {
    const found = await ask("v1/stories" + query({ limit: STEP, min_size: $("shared").checked ? 2 : 1, outlet: $("outlet").value.trim(), cursor: more ? next : "" }));
    entries.push(...found.stories.map(views.storyEntry));
    following = found.next;
  }
  if (mine !== listing) return;
  next = following;
  const fresh = known.size && !more && !words;
  for (const entry of entries) if (fresh && !known.has(entry.dataset.story)) entry.classList.add("fresh");
  for (const entry of entries) known.add(entry.dataset.story);
  if (more) $("entries").append(...entries); else $("entries").replaceChildren(...entries);
  $("more").hidden = !next;
  current();
}

async function count() {
  const stats = await ask("v1/stats");
  $("summary").textContent = `${stats.articles.toLocaleString("en")} articles in ${stats.stories.toLocaleString("en")} stories`;
  return stats;
}

function current() {
  for (const entry of $("entries").children) {
    const link = entry.querySelector("a");
    if (openStory && entry.dataset.story === openStory) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
  }
}

// What is open

function show(root, classes) {
  $("open").replaceChildren(...(root ? [root] : []));
  document.body.className = classes;
  current();
}

async function route() {
  const mine = ++turn, here = () => mine === turn;
  const [kind, first, second] = location.hash.slice(1).split("/").map((part) => { try { return decodeURIComponent(part); } catch { return part; } });
  openStory = "";
  try {
    if (kind === "story" && first) await showStory(first, here, true);
    else if (kind === "side" && first && second) await showSide(first, second, here);
    else if (kind === "compare") showPaste();
    else show(null, "");
    if (here()) say("");
  } catch (error) { if (here()) failed(error); }
}

async function showStory(id, here, focus) {
  const [story, timeline] = await Promise.all([ask(at("stories", id)), ask(at("stories", id, "articles"))]);
  const { groups } = story.copy_groups.length ? await ask(at("stories", id, "versions")).catch(() => ({ groups: [] })) : { groups: [] };
  if (!here()) return;
  openStory = story.id;
  const root = views.storyPage(story, timeline, groups);
  show(root, "opened");
  if (focus) root.querySelector("h2").focus({ preventScroll: true });
}

async function showSide(a, b, here) {
  const articles = await Promise.all([ask(at("articles", a)), ask(at("articles", b))]);
  const explanation = a === b ? null : await ask("v1/explain" + query({ a, b }));
  if (!here()) return;
  const root = views.sidePage(articles, explanation, views.address("story", articles[1].story));
  show(root, "opened compared");
  root.querySelector("h2").focus({ preventScroll: true });
  scrollTo(0, 0);
}

function showPaste() {
  const { root, slots } = block("paste");
  slots.form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const given = Object.fromEntries(["a", "b"].map((name) => [name, { title: slots["title-" + name].value, text: slots["text-" + name].value }]));
    try {
      const explanation = await ask("v1/compare", { method: "POST", body: JSON.stringify(given), headers: { "Content-Type": "application/json" } });
      const found = views.sidePage([given.a, given.b].map((one, place) => ({ ...one, id: "AB"[place], source: "", published: null })), explanation, "#");
      found.querySelector(".back").remove();
      slots.answer.replaceChildren(found);
      say("");
    } catch (error) { failed(error); }
  });
  show(root, "opened compared");
  root.querySelector("h2").focus({ preventScroll: true });
}

// News

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

async function follow() {
  if (following) return;
  following = true;
  while ($("token").hidden) {
    try {
      const found = await ask("v1/changes" + query({ since: cursor, wait: PATIENCE }));
      cursor = found.cursor;
      if (!found.changes.length) continue;
      const touched = new Set(found.changes.flatMap((change) => [change.story, change.before]));
      await Promise.all([count(), $("entries").children.length <= STEP ? list() : null]);
      if (openStory && touched.has(openStory)) { const mine = turn; await showStory(openStory, () => mine === turn, false); }
      await pause(PAUSE);
    } catch (error) {
      await pause(AGAIN);
      if (error.status === 410) await anew().catch(() => null);  // another store, or one that forgot what came between
    }
  }
  following = false;
}

async function anew() { cursor = (await count()).changes; await list(); }

async function begin() {
  $("token").hidden = true;
  try {
    await anew();
    $("controls").hidden = false;
    say("");
  } catch (error) {
    if ($("token").hidden) { failed(error); setTimeout(begin, AGAIN); }
    return;
  }
  await route();
  document.documentElement.dataset.ready = "true";
  follow();
}

function soon(work, milliseconds) {
  let timer;
  return () => { clearTimeout(timer); timer = setTimeout(() => work().catch(failed), milliseconds); };
}

const relist = soon(() => list(), 250);
for (const id of ["query", "outlet", "shared"]) $(id).addEventListener("input", relist);
$("controls").addEventListener("submit", (event) => event.preventDefault());
$("more").addEventListener("click", () => list(true).catch(failed));
$("token").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEPT, $("secret").value.trim());
  $("secret").value = "";
  begin();
});
$("theme").addEventListener("click", () => {
  const root = document.documentElement, dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});
addEventListener("hashchange", route);
addEventListener("keydown", (event) => {
  const typing = event.target.closest && event.target.closest("input, textarea");
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && typing) typing.blur();
  else if (event.key === "Escape") location.hash = "";
  else if (event.key === "/" && !typing) { event.preventDefault(); $("query").focus(); }
});
begin();
})();
