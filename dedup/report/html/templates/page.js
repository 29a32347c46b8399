"use strict";
// The page: what is open, keys, and what stays as it was while the reader goes back and forth.
const page = (() => {
const { $, save } = dom;
const THEME = "dedup:theme";
const places = new Map();  // where the reader was on each view

let turn = 0, granularity, opened = "";

const view = ({ view, story, a, b }) => JSON.stringify([view, story, a, b]);

function say(message) { $("alert").textContent = message; $("alert").hidden = !message; }

function controls({ q, order }) {
  if ($("query").value !== q && document.activeElement !== $("query")) $("query").value = q;
  $("order").value = order;
}

async function changed(before, after, back) {
  controls(after);
  const wanted = $("granularity") ? Number(after.g || $("granularity").dataset.usual) : null;
  const regrouped = granularity !== wanted, moved = view(before) !== view(after);
  if (moved) places.set(view(before), scrollY);
  if (regrouped) granularity = wanted;
  if (regrouped && wanted !== null) {
    $("granularity").value = wanted;
    $("granularity-shown").textContent = wanted.toFixed(2);
    source.regroup(wanted);
  }
  const filtered = ["order", ...Object.keys(address.FILTERS)].some((name) => before[name] !== after[name]);
  if (filtered || regrouped) await list.update({ regrouped });
  if (moved || regrouped) await route({ back, moved });
}

// What is shown at an address; something that is there no more is told.

async function found({ story, a, b }) {
  const places = [a, b].map((id) => id ? source.data.placeOf.get(id) : undefined);
  let one = source.stories.find((other) => other.id === story);
  if (!one && (story || (a && places[0] === undefined) || (b && places[1] === undefined))) {
    const more = await source.fetched(story, a, b);
    if (more) one = more.story;
    [a, b].forEach((id, at) => { if (id) places[at] = source.data.placeOf.get(id); });
  }
  if (!one && places[0] !== undefined) one = source.storyOf(places[0]);
  return { one, a: places[0], b: places[1] };
}

async function route({ back = false, moved = true } = {}) {
  const mine = ++turn, { state } = address;
  let root = null, classes = "", one = null;
  try {
    if (state.view === "paste" && source.paste) [root, classes] = [source.paste(), "opened compared"];
    else if (state.view === "judge" || state.story || state.a) {
      const held = await found(state);
      one = held.one;
      const lost = (state.story && !one) || (state.a && held.a === undefined) || (state.b && held.b === undefined);
      if (mine !== turn) return;
      if (state.view === "judge" && !lost) [root, classes] = [await judge.show(held.a, held.b), "opened compared"];
      else if (!one || (state.a && lost)) say(`There is no such ${state.a && held.a === undefined || state.b ? "article" : "story"} here any more: it was removed, or the stories were grouped anew.`);
      else if (state.b) [root, classes] = [await story.showPair(one, held.a, held.b), "opened compared"];
      else if (state.a) [root, classes] = [await story.showArticle(one, held.a), "opened"];
      else [root, classes] = [story.showStory(one), "opened"];
    }
    if (mine !== turn) return;
    if (root) say("");
  } catch (error) { if (mine === turn) say(error.message); }
  if (mine !== turn) return;
  $("open").replaceChildren(...(root ? [root] : []));
  document.body.classList.remove("opened", "compared");
  document.body.classList.add(...classes.split(" ").filter(Boolean));
  list.current(root ? one : null);
  document.title = (root && one ? list.title(one) + " – " : "") + document.body.dataset.title;
  if (!moved) return;
  const heading = root && root.querySelector("h2");
  if (heading) heading.focus({ preventScroll: true });
  const narrow = matchMedia("(max-width: 52rem)").matches, top = narrow || classes.includes("compared") ? 0 : Math.min(scrollY, $("main").offsetTop);
  const kept = places.get(view(state));
  scrollTo(0, !root || back ? kept ?? (root ? top : scrollY) : top);
  const left = !root && $("entries").querySelector(`[data-story="${CSS.escape(opened)}"] a`);
  if (left) left.focus({ preventScroll: true });
  opened = one ? one.id : "";
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest && event.target.closest("input, select, textarea"), { state } = address;
  if (event.key === "Escape") {
    if (typing && typing.type === "search" && typing.value) return;
    if (typing) typing.blur();
    else if (state.view || state.story || state.a) address.go({ ...address.OPEN, story: state.a && state.view !== "judge" ? state.story : "" });
    return;
  }
  if (typing) return;
  if (event.key === "/") { event.preventDefault(); $("query").focus(); }
  if (event.key === "j" || event.key === "k") {
    const links = [...$("entries").querySelectorAll("a")], at = links.indexOf(document.activeElement);
    const current = at < 0 ? links.findIndex((link) => link.getAttribute("aria-current")) : at;
    const next = links[Math.max(0, Math.min(links.length - 1, current + (event.key === "j" ? 1 : -1)))];
    if (next && next.offsetParent) next.focus();
  }
  if (state.view === "judge") judge.keys(event.key);
}

const theme = (value) => { if (value) document.documentElement.dataset.theme = value; };
function dark() {
  const root = document.documentElement, now = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  theme(now ? "light" : "dark");
  try { localStorage.setItem(THEME, root.dataset.theme); } catch { /* it lasts as long as the page */ }
}

async function copyLink() {
  address.settle();
  try {
    await navigator.clipboard.writeText(location.href);
    $("copy").textContent = "Copied";
    setTimeout(() => { $("copy").textContent = "Copy link"; }, 2000);
  } catch { say(`The address of what you see: ${location.href}`); }
}

function listen() {
  $("query").addEventListener("input", () => address.go({ q: $("query").value }, false));
  if (source.warm) $("query").addEventListener("focus", source.warm, { once: true });
  $("order").addEventListener("input", () => address.go({ order: $("order").value }, false));
  if ($("granularity")) $("granularity").addEventListener("input", () => address.go({ g: $("granularity").value === $("granularity").dataset.usual ? "" : $("granularity").value }, false));
  $("controls").addEventListener("submit", (event) => event.preventDefault());
  $("filters").addEventListener("click", () => $("filters").setAttribute("aria-expanded", String(document.body.classList.toggle("filtering"))));
  $("clear").addEventListener("click", () => { $("query").value = ""; address.go({ ...address.FILTERS }, false); });
  $("more").addEventListener("click", list.more);
  $("judge").addEventListener("click", () => judge.next());
  $("export").addEventListener("click", judge.save);
  $("copy").addEventListener("click", copyLink);
  $("save").addEventListener("click", async () => save("stories.csv", "text/csv", await list.table()));
  $("theme").addEventListener("click", dark);
  address.link($("home"), address.OPEN);
  addEventListener("keydown", keys);
}

async function show() {
  for (const one of document.querySelectorAll("[data-when=ready]")) one.hidden = false;
  judge.begin();
  controls(address.state);
  granularity = undefined;
  await changed(address.state, address.state, false);
  document.documentElement.dataset.ready = "true";
}

async function begin() {
  try { theme(localStorage.getItem(THEME)); } catch { /* as the system says */ }
  document.body.dataset.title = document.title;
  address.follow((...given) => changed(...given).catch((error) => say(error.message)));
  listen();
  try {
    await source.start();
    if (source.ready !== false) await show();
  } catch (error) { say(`This page cannot be shown: ${error.message}.`); }
}

return { begin, show, route, say };
})();
page.begin();
