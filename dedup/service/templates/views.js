"use strict";
// What the pages of the service show, of what the API says. Texts are put in as text, never as markup.
const views = (() => {
const { element, block, plural, percent, write, twin } = shown;
const MOST = 12;  // names and figures that are told

const address = (...parts) => "#" + parts.map(encodeURIComponent).join("/");
const day = (moment) => (moment || "").slice(0, 10);
const minute = (moment) => (moment || "").slice(0, 16).replace("T", " ");
const days = (story) => !story.start ? "" : day(story.start) === day(story.end) ? day(story.start) : `${day(story.start)} – ${day(story.end)}`;
const copies = (story) => story.copy_groups.reduce((sum, group) => sum + group.articles.length - 1, 0);

function storyEntry(story) {
  const { root, slots } = block("entry");
  root.querySelector("a").href = address("story", story.id);
  root.dataset.story = story.id;
  if (story.size >= 8) root.classList.add("large");
  slots.title.textContent = story.title || "(no title)";
  slots.count.textContent = plural(story.size, "article", "articles");
  slots.copies.textContent = copies(story) ? plural(copies(story), "copy", "copies") : "";
  slots.days.textContent = days(story);
  slots.outlets.textContent = story.sources.slice(0, 4).join(", ") + (story.sources.length > 4 ? ` +${story.sources.length - 4}` : "");
  return root;
}

function articleEntry(article) {
  const { root, slots } = block("entry");
  root.querySelector("a").href = address("story", article.story);
  root.dataset.story = article.story;
  slots.title.textContent = article.title || article.id;
  slots.count.textContent = article.copy_of === null ? "" : "a copy";
  slots.days.textContent = minute(article.published || article.seen);
  slots.outlets.textContent = article.source;
  return root;
}

function storyPage(story, timeline, groups) {
  const { root, slots } = block("story");
  slots.title.textContent = story.title || "(no title)";
  slots.dek.replaceChildren(...[plural(story.size, "article", "articles"), plural(story.sources.length, "outlet", "outlets"), days(story)].filter(Boolean).map((text) => element("span", text)));
  const outlets = new Set(), name = (article) => article.source || article.id;
  for (const article of timeline.articles) {
    const item = block("moment"), isShown = article.id === story.canonical;
    if (!outlets.has(name(article))) item.root.classList.add("first");
    outlets.add(name(article));
    const moment = article.published || article.seen;
    item.slots.date.textContent = minute(moment) || "no date";
    if (moment) item.slots.date.dateTime = moment;
    item.slots.outlet.textContent = name(article);
    item.slots.title.textContent = article.title || "(no title)";
    item.slots.note.textContent = isShown ? "shown for the story" : article.copy_of !== null ? "the same text as an earlier one" : "";
    const other = isShown ? (timeline.articles.find((one) => one !== article) || article).id : story.canonical;
    item.slots.read.href = address("side", article.id, article.id);
    item.slots.compare.href = address("side", other, article.id);
    item.slots.compare.hidden = story.size < 2;
    for (const what of ["read", "compare"]) item.slots[what].setAttribute("aria-label", `${what === "read" ? "Read" : "Compare"}: ${article.title || name(article)}`);
    slots.timeline.append(item.root);
  }
  if (timeline.total > timeline.articles.length) slots.timeline.append(element("li", `… and ${(timeline.total - timeline.articles.length).toLocaleString("en")} more`, "note"));
  const names = new Map(timeline.articles.map((article) => [article.id, name(article)]));
  slots.versions.replaceChildren(...groups.map((group) => versions(group, names)));
  return root;
}

function versions(group, names) {
  const { root, slots } = block("versions"), name = (id) => names.get(id) || id, first = group.versions[0];
  const places = (list) => list.length ? plural(list.length, "place", "places") : "–";
  slots.heading.textContent = `One text in ${group.versions.length} versions`;
  slots.verdict.textContent = group.original === null ? "Which of them is the original: unsure." : `Likely the original: ${name(group.original)} (${percent(group.certainty)})` + (group.reasons.length ? ", for " + group.reasons.join("; ") + "." : ".");
  for (const version of group.versions) {
    const row = element("tr"), cell = element("td"), link = element("a", name(version.article));
    link.href = address("side", first.article, version.article);
    link.dir = "auto";
    cell.append(link);
    row.append(cell, ...[percent(version.kept), places(version.cut), places(version.added), places(version.changed), percent(version.probability)].map((text) => element("td", text, "number")));
    slots.rows.append(row);
  }
  return root;
}

// A place in a text is counted in characters by the API, and in UTF-16 units by the browser.

function units(text) {
  if (!/[\ud800-\udbff]/.test(text)) return (place) => place;
  const found = [0];
  for (const letter of text) found.push(found.at(-1) + letter.length);
  return (place) => found[Math.min(place, found.length - 1)];
}

function passages(explanation, one, other) {
  const [a, b] = [units(one), units(other)];
  const placed = (piece) => ({ aStart: a(piece.a_start), aEnd: a(piece.a_end), bStart: b(piece.b_start), bEnd: b(piece.b_end) });
  return explanation.passages.map((found) => ({ ...placed(found), words: found.words, pieces: found.pieces.map(placed) }));
}

function sidePage(articles, explanation, back) {
  const { root, slots } = block("side");
  const pair = { a: articles[0], b: articles[1] }, marks = explanation ? passages(explanation, pair.a.text, pair.b.text) : [];
  slots.back.href = back;
  root.querySelector(".judge").remove();
  for (const name of ["a", "b"]) {
    slots["choose-" + name].remove();
    slots["title-" + name].textContent = pair[name].title || "(no title)";
    slots["note-" + name].textContent = [pair[name].source, minute(pair[name].published), pair[name].id].filter(Boolean).join(" · ");
    write(slots["text-" + name], pair[name].text, marks, name);
  }
  if (explanation) {
    slots.verdict.textContent = explanation.reason;
    slots.why.replaceChildren(...why(explanation));
  } else {
    slots.verdict.textContent = "One article.";
    root.querySelectorAll(".column")[1].remove();
  }
  root.addEventListener("click", (event) => { const mark = event.target.closest(".text mark"); if (mark) twin(root, mark); });
  root.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target.matches(".text mark")) twin(root, event.target); });
  return root;
}

function why(e) {
  const parts = [], add = (text) => parts.push(element("p", text, "note")), table = element("table", undefined, "steps");
  const rows = [...e.waterfall.map((part) => [part.name, part.value]), ["score", e.link.score]];
  const widest = Math.max(...rows.map(([, value]) => Math.abs(value)), 1e-9);
  for (const [name, value] of rows) {
    const row = element("tr"), bar = element("td", undefined, "bar"), fill = element("i", undefined, value < 0 ? "less" : "");
    fill.style.width = 100 * Math.abs(value) / widest + "%";
    bar.append(fill);
    row.append(element("td", name), element("td", (value < 0 ? "−" : "") + Math.abs(value).toFixed(3), "number"), bar);
    table.append(row);
  }
  parts.push(table);
  if (e.words.length) add(`Words that carry it: ${e.words.slice(0, MOST).map((word) => word.word).join(", ")}.`);
  add(`Overlap ${percent(e.overlap)} of words. Probability that they are ${e.same_text ? "one text" : "of one event"}: ${percent(e.link.probability)}.`);
  add(e.passages.length ? `${plural(e.passages.length, "passage", "passages")} in both.` : "No passage in both.");
  for (const what of ["names", "numbers", "dates"]) {
    const some = [["in both", "both"], ["in A alone", "only_a"], ["in B alone", "only_b"]].filter(([, key]) => e[what][key].length);
    if (some.length) add(`${what[0].toUpperCase() + what.slice(1)} ${some.map(([where, key]) => `${where}: ${e[what][key].slice(0, MOST).join(", ")}${e[what][key].length > MOST ? " …" : ""}`).join("; ")}.`);
  }
  for (const lacking of e.missing) add(lacking);
  return parts;
}

return { address, storyEntry, articleEntry, storyPage, sidePage };
})();
