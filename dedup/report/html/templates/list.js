"use strict";
// The list of stories: search, filters with their counts, the chart of days, and the list as a table to save.
const list = (() => {
const { $, element, block, plural, hits } = dom;
const STEP = 60, BINS = 120, STRIP = 40, SHOWN = 8, LEAD = 220;  // entries at once; bars of the chart, of a strip; values of a filter; letters
const DAY = 86400;
const SIZES = [["1", "1 article"], ["2-4", "2 to 4"], ["5-9", "5 to 9"], ["10-", "10 and more"]];
const STATUS = { new: "new stories", continues: "continued stories", copy: "with copies of earlier articles" };
const SEVERAL = "several";  // a value beside the languages
const COPIES = { with: "with copies", without: "without copies" };

let listed = [], visible = STEP, found = null, terms = [], asked = 0, range = { first: 0, wide: 1, bins: 0 }, largest = 1, values = {}, weight = new Map();
const leads = new Map(), said = {}, spelt = new Map(), lines = new Map();  // of storylines: their stories, the largest first

const isoDay = (day) => new Date(day * DAY * 1000).toISOString().slice(0, 10);
const iso = (seconds) => isoDay(Math.floor(seconds / DAY));
const between = (first, last) => first === last ? first : `${first} – ${first.slice(0, 4) === last.slice(0, 4) ? last.slice(5) : last}`;
const span = (story) => story.start === Infinity ? "" : between(iso(story.start), iso(story.end));
const copiesIn = (story) => story.copies.reduce((sum, group) => sum + group.length - 1, 0);
const title = (story) => story.title || "(no title)";
const outlets = (story) => [...story.sources].sort((x, y) => weight.get(y) - weight.get(x)).slice(0, 4).join(", ") + (story.sources.length > 4 ? ` +${story.sources.length - 4}` : "");
const tongues = new Intl.DisplayNames(["en"], { type: "language" });
const spoken = (story) => story.langs.length > 1 ? [...story.langs].sort().map(language).join(", ") : "";  // only where it tells something
const language = (code) => { try { return tongues.of(code); } catch { return code; } };
const bucket = (size) => SIZES.find(([name]) => size <= (name.split("-")[1] ?? name) || name.endsWith("-"))[0];

// A search is for words and for "phrases": an article has to have all of them.
const termsOf = (query) => [...query.toLowerCase().matchAll(/"([^"]*)"?|(\S+)/g)].map(([, phrase, word]) => (phrase ?? word).trim().replace(/\s+/g, " ")).filter(Boolean);

const FACETS = {
  status: { name: "What is new", of: (story) => story.status, label: (value) => STATUS[value] },
  outlet: { name: "Outlet", of: (story) => story.outlets, label: (value) => spelt.get(value) || value },
  lang: { name: "Language", of: (story) => story.langs.length > 1 ? [...story.langs, SEVERAL] : story.langs, label: (value) => value === SEVERAL ? "several languages" : language(value) },
  size: { name: "Size", of: (story) => [bucket(story.size)], label: (value) => SIZES.find(([name]) => name === value)[1], order: SIZES.map(([name]) => name) },
  copies: { name: "Copies", of: (story) => [story.copies.length ? "with" : "without"], label: (value) => COPIES[value], order: ["with", "without"] },
  kind: { name: "Kind", of: (story) => story.kinds, label: (value) => (value === "live" ? "live blog" : value) },
  storyline: { name: "Storyline", of: (story) => lines.get(story.storyline).length > 1 ? [story.storyline] : [], label: (value) => lines.has(value) ? title(lines.get(value)[0]) : value },
};

// What the filters need of a story, once for each grouping

function status(story) {
  const { fresh } = source.data, states = new Set();
  if (!isAgainst()) return { story: [], of: () => "" };
  const archived = (place) => place >= fresh, held = story.articles.some(archived);
  const copies = new Set(story.copies.filter((group) => group.some(archived)).flat());
  const of = (place) => archived(place) ? "archived" : copies.has(place) ? "copy" : held ? "continues" : "new";
  for (const place of story.articles) states.add(of(place));
  return { story: Object.keys(STATUS).filter((state) => states.has(state)), of };
}

function prepare() {
  const { data, stories } = source, distinct = (column, story) => column ? [...new Set(story.articles.map((place) => column[place]).filter(Boolean))] : [];
  largest = 1;
  weight = new Map();
  for (const name of data.sources) weight.set(name, (weight.get(name) || 0) + 1);
  spelt.clear();
  for (const [name] of [...weight].sort(([x, m], [y, n]) => m - n || (x < y ? 1 : -1))) spelt.set(name.toLowerCase(), name);  // of several spellings the commonest
  let first = Infinity, last = -Infinity;
  lines.clear();
  for (const story of stories) {
    if (lines.has(story.storyline)) lines.get(story.storyline).push(story); else lines.set(story.storyline, [story]);
    story.counts = new Map();
    for (const place of story.articles) {
      const seconds = data.seconds[place];
      if (seconds === null) continue;
      const day = Math.floor(seconds / DAY);
      story.counts.set(day, (story.counts.get(day) || 0) + 1);
      first = Math.min(first, day);
      last = Math.max(last, day);
    }
    story.outlets = [...new Set(story.sources.map((name) => name.toLowerCase()))];
    story.langs = distinct(data.langs, story);
    story.kinds = distinct(data.kinds, story);
    const states = status(story);
    story.status = states.story;
    story.stateOf = states.of;
    largest = Math.max(largest, story.size);
  }
  const wide = first === Infinity ? 1 : Math.max(1, Math.ceil((last - first + 1) / BINS));
  range = { first, last, wide, bins: first === Infinity ? 0 : Math.floor((last - first) / wide) + 1 };
  values = Object.fromEntries(Object.keys(FACETS).map((name) => [name, new Set()]));
  for (const story of stories) {
    story.values = {};
    for (const [name, facet] of Object.entries(FACETS)) {
      for (const value of story.values[name] = facet.of(story)) values[name].add(value);
      if (!story.values[name].length) values[name].some = true;  // not all have one
    }
    story.bins = [...new Set([...story.counts.keys()].map((day) => Math.floor((day - first) / wide)))];
  }
}

// One pass: a story that fails nothing is listed and counts everywhere, one that fails a single filter counts for that filter alone.
function sift() {
  const { state } = address, names = Object.keys(FACETS);
  const [from, to] = [state.from, state.to].map((day) => day ? Math.floor(Date.parse(day) / 1000 / DAY) : NaN);
  const hasDay = !Number.isNaN(from) || !Number.isNaN(to);
  const counts = Object.fromEntries(names.map((name) => [name, new Map()])), bins = new Array(range.bins).fill(0);
  listed = [];
  let articles = 0;
  for (const story of source.stories) {
    if (found) {
      story.found = 0;
      for (const place of story.articles) if (found.has(place)) story.found++;
      if (!story.found) continue;
    }
    let fails = 0, failed = "";
    if (hasDay) {
      let inside = false;
      for (const day of story.counts.keys()) if (!(day < from) && !(day > to)) inside = true;
      if (!inside) [fails, failed] = [1, "day"];
    }
    for (const name of names) if (state[name] && !story.values[name].includes(state[name])) { fails++; failed = name; }
    if (fails > 1) continue;
    for (const name of names) if (!fails || name === failed) for (const value of story.values[name]) counts[name].set(value, (counts[name].get(value) || 0) + 1);
    if (!fails || failed === "day") for (const bin of story.bins) bins[bin]++;
    if (fails) continue;
    listed.push(story);
    if (found) articles += story.found;
  }
  if (state.order === "growth") listed.sort((x, y) => (y.growth || 0) - (x.growth || 0));
  if (state.order === "time") listed.sort((x, y) => (y.end > x.end) - (y.end < x.end));
  return { counts, bins, articles };
}

async function update({ regrouped = false, fresh = () => false } = {}) {
  const mine = ++asked, { state } = address;
  if (regrouped) prepare();
  terms = termsOf(state.q);
  found = terms.length ? await source.find(terms, state.q) : null;
  if (state.storyline) await source.storyline(state.storyline);
  if (mine !== asked) return;
  const { counts, bins, articles } = sift();
  if (!regrouped || !$("entries").children.length) visible = STEP;
  draw();
  for (const one of $("entries").children) if (fresh(one.dataset.story)) one.classList.add("fresh");
  facets(counts);
  chart(bins);
  chosen();
  const shared = listed.reduce((sum, story) => sum + copiesIn(story), 0), all = listed.length === source.stories.length;
  const many = found ? articles : listed.reduce((sum, story) => sum + story.size, 0);
  $("summary").textContent = `${found || !isAgainst() ? plural(many, "article", "articles") : arrived()} in ${plural(listed.length, "story", "stories")}` + (found || isAgainst() ? "" : `, ${plural(shared, "copy", "copies")}`) + (all ? "" : ` (of ${source.stories.length.toLocaleString("en")} stories)`) + (source.note || "");
  $("nothing").hidden = listed.length > 0 || !source.stories.length;
  $("nothing-for").textContent = state.q ? `Nothing found for ${state.q}${filtersOf(state).length ? " with these filters" : ""}.` : "No story passes these filters.";
}

const isAgainst = () => typeof source.data.fresh === "number";

function arrived() {  // the new articles that are listed, by what they are to the archive
  const counts = { new: 0, continues: 0, copy: 0, archived: 0 };
  for (const story of listed) for (const place of story.articles) counts[story.stateOf(place)]++;
  return `${plural(counts.new + counts.continues + counts.copy, "article", "articles")} (${counts.new.toLocaleString("en")} new, ${counts.continues.toLocaleString("en")} continuing earlier stories, ${plural(counts.copy, "copy", "copies")} of earlier articles)`;
}

// The entries

function draw(from = 0) {
  const entries = listed.slice(from, visible).map(entry);
  if (from) $("entries").append(...entries); else $("entries").replaceChildren(...entries);
  $("more").hidden = listed.length <= visible;
  $("more").textContent = `Show more (${(listed.length - visible).toLocaleString("en")})`;
}

function more() {
  const from = visible;
  visible += STEP;
  draw(from);
  $("entries").children[from].querySelector("a").focus({ preventScroll: true });
}

function entry(story) {
  const { root, slots } = block("entry");
  root.dataset.story = story.id;
  address.link(root.querySelector("a"), { ...address.OPEN, story: story.id });
  if (address.state.story === story.id) root.querySelector("a").setAttribute("aria-current", "true");
  if (story.size >= 8) root.classList.add("large");
  slots.title.textContent = title(story);
  for (const state of story.status) slots.status.append(element("b", { new: "New", continues: "Continues", copy: "Copies" }[state], "badge " + state), " ");
  slots.count.textContent = plural(story.size, "article", "articles");
  slots.copies.textContent = story.copies.length ? plural(copiesIn(story), "copy", "copies") : "";
  slots.days.textContent = span(story);
  slots.outlets.textContent = [outlets(story), spoken(story)].filter(Boolean).join(" · ");
  if (found) slots.found.textContent = `${plural(story.found, "article has", "articles have")} it`;
  root.querySelector(".glance").title = `Size: ${plural(story.size, "article", "articles")}` + (range.bins > 1 ? `. Days, from ${isoDay(range.first)} to ${isoDay(range.last)}` : "");
  slots.bar.style.width = 100 * Math.sqrt(story.size / largest) + "%";
  strip(slots.strip, story);
  if (leads.has(story.canonical)) slots.lead.textContent = leads.get(story.canonical); else { slots.lead.dataset.place = story.canonical; near.observe(slots.lead); }
  hits(slots.title, terms);
  hits(slots.lead, terms);
  return root;
}

function strip(svg, story) {
  if (range.bins < 2) { svg.remove(); return; }
  const wide = Math.max(1, range.bins / STRIP), bins = new Map();
  for (const [day, count] of story.counts) { const bin = Math.floor((day - range.first) / range.wide / wide); bins.set(bin, (bins.get(bin) || 0) + count); }
  const most = Math.max(...bins.values()), total = Math.ceil(range.bins / wide);
  svg.setAttribute("viewBox", `0 0 ${total} 10`);
  for (const [bin, count] of bins) {
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect"), tall = Math.max(3, 10 * count / most);
    for (const [name, value] of Object.entries({ x: bin, y: 10 - tall, width: Math.max(.8, total / 60), height: tall })) bar.setAttribute(name, value);
    svg.append(bar);
  }
}

// First lines are read when an entry comes near the window.
const near = new IntersectionObserver((seen) => {
  for (const { isIntersecting, target } of seen) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    const place = Number(target.dataset.place);
    lead(place).then((words) => { target.textContent = words; hits(target, terms); }).catch(() => null);  // it was removed meanwhile
  }
}, { rootMargin: "400px" });

async function lead(place) {
  if (!leads.has(place)) {
    const head = source.headline(place), line = (await source.text(place)).slice(0, 3 * LEAD).replace(/\s+/g, " ").trim();
    const words = head && line.startsWith(head) ? line.slice(head.length).replace(/^[\s.:–—-]+/, "") : line;
    leads.set(place, words.length > LEAD ? words.slice(0, LEAD).replace(/\s+\S*$/, "") + "…" : words);
  }
  return leads.get(place);
}

function current(story) {
  for (const one of $("entries").children) {
    const link = one.querySelector("a");
    if (story && one.dataset.story === story.id) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
  }
  const place = story ? listed.indexOf(story) : -1;
  if (place < 0) return;
  if (place >= visible) {
    const from = visible;
    visible = place + STEP;
    draw(from);
  }
  const shelf = $("shelf"), node = $("entries").children[place];
  if (getComputedStyle(shelf).overflowY !== "auto") return;
  const [top, bottom] = [node.offsetTop - shelf.offsetTop, node.offsetTop - shelf.offsetTop + node.offsetHeight];
  if (top < shelf.scrollTop || bottom > shelf.scrollTop + shelf.clientHeight) shelf.scrollTop = top - shelf.clientHeight / 3;
}

// Filters

const filtersOf = (state) => Object.keys(FACETS).filter((name) => state[name]).map((name) => [name, `${FACETS[name].name}: ${FACETS[name].label(state[name])}`])
  .concat(state.from || state.to ? [["day", state.from === state.to ? state.from : `${state.from || "…"} – ${state.to || "…"}`]] : []);
const without = (name) => name === "day" ? { from: "", to: "" } : { [name]: "" };

function refocused(draw) {  // what is drawn anew keeps the focus
  const key = document.activeElement && document.activeElement.dataset.key;
  draw();
  const again = key && document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (again) again.focus({ preventScroll: true });
}

function facets(counts) {
  refocused(() => $("facets").replaceChildren(...Object.entries(FACETS).filter(([name]) => values[name].size > 1 || values[name].size && values[name].some || address.state[name]).map(([name, facet]) => {
    const { root, slots } = block("facet"), wanted = address.state[name];
    slots.name.textContent = facet.name;
    const held = [...values[name]].map((value) => [value, counts[name].get(value) || 0]);
    if (facet.order) held.sort(([x], [y]) => facet.order.indexOf(x) - facet.order.indexOf(y)); else held.sort(([x, m], [y, n]) => n - m || (x < y ? -1 : 1));
    const choices = () => {
      const looked = (said[name] || "").toLowerCase();
      const some = held.filter(([value]) => facet.label(value).toLowerCase().includes(looked)).slice(0, looked ? 4 * SHOWN : SHOWN);
      if (wanted && !some.some(([value]) => value === wanted)) some.push([wanted, counts[name].get(wanted) || 0]);
      slots.values.replaceChildren(...some.map(([value, count]) => {
        const item = element("li"), button = element("button");
        button.type = "button";
        button.dataset.key = `${name}:${value}`;
        button.dataset.value = value;
        button.setAttribute("aria-pressed", String(value === wanted));
        const label = element("span", facet.label(value));
        label.dir = "auto";
        label.title = label.textContent;
        button.append(label, element("span", count.toLocaleString("en"), "number"));
        button.addEventListener("click", () => address.go({ [name]: value === wanted ? "" : value }, false));
        item.append(button);
        return item;
      }));
    };
    if (held.length > SHOWN) {
      slots.find.hidden = false;
      slots.find.dataset.key = "find:" + name;
      slots.find.setAttribute("aria-label", `Find in ${held.length.toLocaleString("en")}: ${facet.name}`);
      slots.find.placeholder = `find in ${held.length.toLocaleString("en")}`;
      slots.find.value = said[name] || "";
      slots.find.addEventListener("input", () => { said[name] = slots.find.value; choices(); });
    }
    choices();
    return root;
  })));
}

function chosen() {
  const held = filtersOf(address.state);
  $("chosen").hidden = !held.length;
  $("chosen").replaceChildren(...held.map(([name, text]) => {
    const button = element("button", text + " ✕");
    button.type = "button";
    button.setAttribute("aria-label", `Remove the filter ${text}`);
    button.addEventListener("click", () => address.go(without(name), false));
    return button;
  }));
  $("filters").textContent = held.length ? `Filters (${held.length})` : "Filters";
}

function chart(bins) {
  const figure = $("chart"), { from, to } = address.state;
  figure.hidden = bins.length < 2;
  if (figure.hidden) return;
  const most = Math.max(...bins, 1), bars = $("bars");
  refocused(() => bars.replaceChildren(...bins.map((count, bin) => {
    const day = range.first + bin * range.wide, ends = [isoDay(day), isoDay(Math.min(day + range.wide - 1, range.last))], button = element("button");
    const pressed = ends[0] === from && ends[1] === to;
    button.type = "button";
    button.dataset.key = `day:${day}`;
    button.tabIndex = pressed || (bin === 0 && !from) ? 0 : -1;
    button.setAttribute("aria-pressed", String(pressed));
    button.title = `${ends[0] === ends[1] ? ends[0] : ends.join(" – ")}: ${plural(count, "story", "stories")}`;
    button.setAttribute("aria-label", button.title);
    const bar = element("i");
    bar.style.height = count ? Math.max(6, 100 * count / most) + "%" : "0";
    button.append(bar);
    button.addEventListener("click", () => address.go(pressed ? { from: "", to: "" } : { from: ends[0], to: ends[1] }, false));
    return button;
  })));
  if (!bars.querySelector("[tabindex='0']")) bars.firstElementChild.tabIndex = 0;
  const each = range.wide === 1 ? "day" : `${range.wide} days`;
  figure.style.setProperty("--bars", bins.length);
  $("axis").replaceChildren(element("span", isoDay(range.first)), element("span", isoDay(range.last)));
  $("chart-caption").textContent = from ? "Click the bar again for all days" : `Stories by ${each}, at most ${most.toLocaleString("en")}: click a bar to keep those of its ${each}`;
}

$("bars").addEventListener("keydown", (event) => {
  const next = { ArrowRight: "nextElementSibling", ArrowLeft: "previousElementSibling" }[event.key];
  const other = next && document.activeElement[next];
  if (!other) return;
  event.preventDefault();
  document.activeElement.tabIndex = -1;
  other.tabIndex = 0;
  other.focus();
});

// What is listed as a table, one row a story, with the columns of `--rows stories`

const cell = (value) => { const text = /^'*[=+@\t\r-]/.test(value) ? "'" + value : String(value); return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text; };

async function table() {
  const { data } = source, url = (place) => data.urls && dom.isWeb(data.urls[place]) ? data.urls[place] : "";
  const day = (seconds) => Number.isFinite(seconds) ? iso(seconds) : "", rows = [["story", "title", "articles", "copies", "outlets", "origins", "first", "last", "canonical", "likely_original", "sources", "url", "storyline", "publishers", "agencies", "languages"]];
  for (const story of listed) {
    const copies = copiesIn(story), group = story.copies.reduce((x, y) => y.length > x.length ? y : x, []), original = group.length ? (await source.originals(story)).find((one) => one.articles.includes(group[0])) : null;
    rows.push([story.id, story.title, story.size, copies, story.sources.length, story.origins || "", day(story.start), day(story.end), data.ids[story.canonical], original && original.original !== null ? data.ids[original.original] : "", story.sources.join("; "), url(story.canonical), story.storyline || "", story.publishers, story.agencies.join("; "), [...story.langs].sort().join("; ")]);
  }
  return "\ufeff" + rows.map((row) => row.map(cell).join(",") + "\r\n").join("");
}

return { prepare, lead, update, more, current, table, span, iso, copiesIn, title, language, spoken, get terms() { return terms; }, get listed() { return listed; } };
})();
