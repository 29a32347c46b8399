"use strict";
(() => {
const { $, element, block, plural, percent, write, grey, twin } = shown;
const UNIT = 2 ** -20, REPOSTED = 30, PAIR = 1.125, EVENT = 0.5, SAME_EVENT = 0.16, LOWEST = 0.05, SEVERAL = 3, DROP = 0.5, CAP = 0.4;  // as in dedup/group/cut.py and dedup/results/assemble.py
const SEED = 3, FEWEST = 6, EDIT = 2, SLACK = 6, LONE = 5, REACH = 16, SHIFT = 4, CROWD = 16;  // as in dedup/match/passages.py
const SPAN = 20, FADE = [.3, .6], ONE_DAY = .5, A_DAY = .4, MOST_DAYS = 3, MEASURED = .08, FADE_CROWDED = [.5, .8], MOST = 12;  // as in dedup/match/scores.py; names and figures shown
const STEP = 120;  // stories shown at once
const FEWEST_DAYS = 40;  // that the chart has room for: two days are no two walls

// The data of the page

async function unpack(node) {
  const letters = atob(node.textContent);
  const bytes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return JSON.parse(await new Response(stream).text());
}

let data, chunks, stories = [], storyOf = new Map(), events, granularity, open = {};
const unpacked = new Map();

async function textOf(article) {
  const chunk = Math.floor(article / data.chunk);
  if (!unpacked.has(chunk)) unpacked.set(chunk, unpack(chunks[chunk]));
  return (await unpacked.get(chunk))[article % data.chunk];
}

// Granularity: cuts the tree as dedup/group/cut.py does, and builds the stories as dedup/results/assemble.py does

function thresholdAt(g) {
  const linear = 4 / SAME_EVENT - 3 - 1 / LOWEST, square = 2 + 2 / LOWEST - 4 / SAME_EVENT;
  return 1 / (1 + linear * g + square * g ** 2);
}

function dropAt(g, size) {
  return size < SEVERAL ? 0 : (1 - (1 - DROP) * (SEVERAL / size) ** 1.5) * Math.min(1, 2 - 2 * g);
}

function cut(g) {
  const { left, right, height, weights, joined } = data.tree, leaves = weights.length, nodes = leaves + left.length;
  const threshold = g > 0 ? thresholdAt(g) : Infinity;
  const size = new Float64Array(nodes), good = new Uint8Array(nodes).fill(1), heights = new Float64Array(nodes).fill(Infinity);
  const parent = new Int32Array(nodes).fill(-1), story = new Int32Array(nodes), follows = new Uint8Array(nodes), joins = new Uint8Array(nodes);
  size.set(weights);
  for (const leaf of data.tree.follows) follows[leaf] = 1;
  for (let merge = 0; merge < left.length; merge++) {
    const node = leaves + merge, a = left[merge], b = right[merge], own = height[merge] === null ? Infinity : height[merge];
    parent[a] = parent[b] = node;
    follows[node] = follows[a] && follows[b];
    let needed = size[a] === 1 && size[b] === 1 ? PAIR * threshold : threshold;
    const drop = follows[a] || follows[b] ? 0 : dropAt(g, Math.min(size[a], size[b]));
    if (drop > 0) needed = Math.max(needed, drop * Math.min(CAP, heights[a], heights[b]));
    if (merge >= left.length - joined) needed = g > EVENT ? threshold : Infinity;
    if (follows[a] === follows[b]) {
      size[node] = size[a] + size[b];
      heights[node] = own;
      good[node] = joins[a] = joins[b] = good[a] && good[b] && own >= needed ? 1 : 0;
    } else {
      const [others, single] = follows[a] ? [b, a] : [a, b];
      joins[single] = good[single] && own >= needed ? 1 : 0;
      joins[others] = 1;
      size[node] = size[others];
      good[node] = good[others];
      heights[node] = heights[others];
    }
  }
  for (let node = nodes - 1; node >= 0; node--) {
    story[node] = joins[node] ? story[parent[node]] : node;
  }
  return story.subarray(0, leaves);
}

function storiesAt(g) {
  const { order, ranks, units, names, canonical: canonicalOf } = data.tree, label = cut(g), { a, b, score } = data.pairs;
  const count = new Int32Array(ranks.length), totals = new Float64Array(ranks.length);
  for (const unit of units) count[unit]++;
  for (let pair = 0; pair < a.length; pair++) {
    const x = a[pair], y = b[pair];
    if (label[x] !== label[y] || units[x] === units[y]) continue;
    totals[x] += score[pair] / count[units[y]];
    totals[y] += score[pair] / count[units[x]];
  }
  const members = new Map(), { senior, held } = data, secondary = new Set(data.tree.secondary);
  for (const one of senior) {
    if (!members.has(label[one])) members.set(label[one], new Map());
    const groups = members.get(label[one]);
    if (!groups.has(units[one])) groups.set(units[one], []);
    groups.get(units[one]).push(one);
  }
  const published = (places) => places.sort((x, y) => order[x] - order[y]);
  const found = [];
  for (const groups of members.values()) {
    const tellings = [...groups.values()];
    let best = null, most = -Infinity;
    for (const unit of tellings) {
      const one = canonicalOf[unit[0]];
      const mean = unit.reduce((sum, one) => sum + totals[one], 0) / unit.length - (secondary.has(one) ? 1e12 : 0);
      if (mean > most) [best, most] = [one, mean];  // of equal ones the first: they come in the order of seniority
    }
    const articles = published(tellings.flat().flatMap((one) => held[one]));
    const first = tellings.flat().reduce((x, y) => ranks[x] < ranks[y] ? x : y);
    const canonical = published([...held[best]])[0], dated = articles.filter((place) => data.published[place] !== null);
    const news = tellings.flatMap((unit) => {
      const days = unit.flatMap((one) => held[one]).map((place) => data.published[place]).filter((day) => day !== null);
      return days.filter((day) => day < Math.min(...days) + REPOSTED * 86400);
    });
    const copies = tellings.map((unit) => published(unit.flatMap((one) => held[one]))).filter((group) => group.length > 1);
    found.push({ id: "s" + names[first], articles, canonical, title: headline(canonical), copies,
      start: dated.length ? data.published[dated[0]] : Infinity, end: Math.max(-Infinity, ...news),
      sources: [...new Set(articles.map((place) => data.sources[place]).filter(Boolean))].sort() });
  }
  return found.sort((x, y) => y.articles.length - x.articles.length || (x.start === y.start ? 0 : x.start - y.start) || (x.id < y.id ? -1 : 1));
}

function headline(place) {
  return data.titles[place].split(/\s+/u).filter(Boolean).join(" ") || data.heads[place] || "";
}

// Words, and the passages that two texts share: a port of dedup/text/spans.py and dedup/match/passages.py

const WORD = /([\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+)|([\p{L}\p{N}][\p{L}\p{N}\p{M}\u00ad\u200c\u200d]*)/gu;

const SENTENCE = /[.!?:;…"“”„«»¿¡•\n\r\u2028\u2029]/u, CAPITAL = /^[\p{Lu}\p{Lt}]/u;

function spans(text) {
  const found = { words: [], starts: [], ends: [], pairs: [], capitals: [] };
  let end = -2, begins = true;
  const add = (word, start, end, pair) => {
    found.words.push(word); found.starts.push(start); found.ends.push(end); found.pairs.push(pair);
    found.capitals.push(!pair && !begins && CAPITAL.test(text.slice(start, start + 2)));
  };
  for (const match of text.matchAll(WORD)) {
    const start = match.index, stop = start + match[0].length;
    begins = end < 0 || SENTENCE.test(text.slice(end, start));
    if (match[1]) {
      let at = start;
      const letters = [...match[1]].map((letter) => { const from = at; at += letter.length; return [letter, from, at]; });
      for (let i = 0; i < Math.max(1, letters.length - 1); i++) {
        const last = letters[Math.min(i + 1, letters.length - 1)];
        add(letters[i][0] + (last === letters[i] ? "" : last[0]), letters[i][1], last[2], true);
      }
    } else {
      const word = match[0].normalize("NFC").toLowerCase().replace(/[\u00ad\u200c\u200d]/g, "");
      if (!(word === "s" && start === end + 1 && "'’ʼ＇".includes(text[end]))) add(word, start, stop, false);
    }
    end = stop;
  }
  return found;
}

function passages(one, other) {
  const a = spans(one), b = spans(other), numbers = new Map();
  const numbered = (words) => words.map((word) => { if (!numbers.has(word)) numbers.set(word, numbers.size); return numbers.get(word); });
  const left = numbered(a.words), right = numbered(b.words), leftBack = [...left].reverse(), rightBack = [...right].reverse();
  const held = [new Uint8Array(left.length), new Uint8Array(right.length)], pairs = [a.pairs, b.pairs], found = [];
  const filled = (side, start, end) => { for (let i = start; i < end; i++) if (!held[side][i]) return false; return true; };
  for (const [i, j, length] of seeds(left, right)) {
    if (filled(0, i, i + length) && filled(1, j, j + length)) continue;
    const before = extension(leftBack, rightBack, left.length - i, right.length - j, length);
    const after = extension(left, right, i + length, j + length, length);
    const turned = before.reverse().map(([x, y, size]) => [left.length - x - size, right.length - y - size, size]);
    const runs = joined([...turned, [i, j, length], ...after]);
    let words = 0;
    for (const [x, , size] of runs) for (let k = x; k < x + size; k++) words += a.pairs[k] ? .5 : 1;
    if (words < FEWEST) continue;
    const last = runs.at(-1), inside = [[runs[0][0], last[0] + last[2]], [runs[0][1], last[1] + last[2]]];
    const fresh = inside.map(([start, end], side) => { let sum = 0; for (let k = start; k < end; k++) if (!held[side][k]) sum += pairs[side][k] ? .5 : 1; return sum; });
    if (Math.max(...fresh) < FEWEST) continue;
    inside.forEach(([start, end], side) => held[side].fill(1, start, end));
    found.push(passage(runs, a, b, one, other, words));
  }
  return found.sort((x, y) => x.aStart - y.aStart || x.bStart - y.bStart);
}

function seeds(one, other) {
  if (Math.min(one.length, other.length) < SEED) return [];
  const gram = (text, i) => text[i] + "," + text[i + 1] + "," + text[i + 2], where = new Map(), here = new Map(), turn = new Map();
  for (let j = 0; j <= other.length - SEED; j++) { const key = gram(other, j); where.has(key) ? where.get(key).push(j) : where.set(key, [j]); }
  for (let i = 0; i <= one.length - SEED; i++) { const key = gram(one, i); here.set(key, (here.get(key) || 0) + 1); }
  const keys = [], width = one.length + 1, shift = 2 ** 26;
  for (let i = 0; i <= one.length - SEED; i++) {
    const key = gram(one, i), places = where.get(key);
    if (!places) continue;
    if (Math.max(places.length, here.get(key)) <= CROWD) for (const j of places) keys.push((i - j + shift) * width + i);
    else {
      const rank = turn.get(key) || 0;
      turn.set(key, rank + 1);
      for (const j of [places[0], places[Math.min(rank, places.length - 1)]]) keys.push((i - j + shift) * width + i);
    }
  }
  const sorted = Float64Array.from(new Set(keys)).sort(), runs = [];
  for (let start = 0, k = 0; k < sorted.length; k++) {
    if (k + 1 < sorted.length && sorted[k + 1] === sorted[k] + 1) continue;
    const i = sorted[start] % width, j = i - (Math.floor(sorted[start] / width) - shift);
    runs.push([i, j, k - start + SEED]);
    start = k + 1;
  }
  return promising(runs).sort((x, y) => y[2] - x[2] || x[0] - y[0] || x[1] - y[1]);
}

function promising(runs) {
  const byPlace = [...runs].sort((x, y) => x[0] - y[0] || x[1] - y[1] || x[2] - y[2]), kept = new Set();
  byPlace.forEach((run, number) => {
    if (run[2] >= LONE) kept.add(run);
    for (const other of byPlace.slice(number + 1, number + 1 + CROWD)) {
      if (other[0] - run[0] > REACH) break;
      if (Math.abs(other[0] - other[1] - run[0] + run[1]) <= SHIFT) kept.add(run).add(other);
    }
  });
  return [...kept];
}

function extension(one, other, i, j, seed) {
  const sizeOne = one.length - i, sizeOther = other.length - j;
  const snake = (x, y) => { let n = 0; while (i + x + n < one.length && j + y + n < other.length && one[i + x + n] === other[j + y + n]) n++; return n; };
  const start = snake(0, 0), reached = [new Map([[0, [start, start, 0]]])];
  let best = start, bestAt = [0, 0], edits = 0;
  while (reached.at(-1).size) {
    edits++;
    const last = reached.at(-1), current = new Map(), known = [...last.keys()];
    for (let diagonal = Math.min(...known) - 1; diagonal <= Math.max(...known) + 1; diagonal++) {
      let x = -1, origin = 0;
      for (const [before, step] of [[diagonal, 1], [diagonal - 1, 1], [diagonal + 1, 0]])
        if (last.has(before) && last.get(before)[0] + step > x) [x, origin] = [last.get(before)[0] + step, before];
      const y = x - diagonal;
      if (x < 0 || y < 0 || x > sizeOne || y > sizeOther) continue;
      const run = snake(x, y), value = (2 * (x + run) - diagonal) / 2 - EDIT * edits;
      if (value < Math.max(best - SLACK, -seed)) continue;
      current.set(diagonal, [x + run, run, origin]);
      if (value > best && run) [best, bestAt] = [value, [edits, diagonal]];
    }
    reached.push(current);
  }
  const steps = [];
  for (let [step, diagonal] = bestAt; step >= 0; step--) {
    const [x, run, before] = reached[step].get(diagonal);
    if (run) steps.push([i + x - run, j + x - diagonal - run, run]);
    diagonal = before;
  }
  return steps.reverse();
}

function joined(runs) {
  const found = [runs[0]];
  for (const [x, y, size] of runs.slice(1)) {
    const [i, j, length] = found.at(-1);
    if (i + length === x && j + length === y) found[found.length - 1] = [i, j, length + size];
    else found.push([x, y, size]);
  }
  return found;
}

function passage(runs, a, b, one, other, words) {
  const closes = (letter) => !/[\p{L}\p{N}\s([{«‹„“‘¿¡\-–—]/u.test(letter);
  const pieces = runs.map(([i, j, length]) => {
    let aEnd = a.ends[i + length - 1], bEnd = b.ends[j + length - 1];
    while (aEnd < one.length && bEnd < other.length && one[aEnd] === other[bEnd] && closes(one[aEnd])) { aEnd++; bEnd++; }
    return { aStart: a.starts[i], aEnd, bStart: b.starts[j], bEnd };
  });
  return { aStart: pieces[0].aStart, aEnd: pieces.at(-1).aEnd, bStart: pieces[0].bStart, bEnd: pieces.at(-1).bEnd, words, pieces };
}

// The score of two articles, computed as in dedup/results/explain.py

function logistic(curve, features) {
  const z = features.reduce((sum, value, place) => sum + curve[place + 1] * value, curve[0]);
  return 1 / (1 + Math.exp(-z));
}

const key = (x, y) => x < y ? x * data.tree.ranks.length + y : y * data.tree.ranks.length + x;

function relation(a, b) {
  const x = data.tree.distinct[a], y = data.tree.distinct[b], copy = data.copyOf.get(key(x, y)), pair = data.pairOf.get(key(x, y));
  const found = { equal: x === y, sameText: data.tree.units[x] === data.tree.units[y], sameStory: storyOf.get(a) === storyOf.get(b), copy: copy === undefined ? null : data.copies.overlaps[copy] };
  found.background = (data.ordinary[x] + data.ordinary[y]) / 2;
  const [s, t] = [data.seconds[a], data.seconds[b]];
  found.days = s === null || t === null ? null : Math.abs(s - t) / 86400;
  found.needed = granularity > 0 ? PAIR * thresholdAt(granularity) : 1;
  if (pair !== undefined) {
    const score = data.pairs.score[pair] * UNIT, cosine = data.pairs.cosine[pair];
    Object.assign(found, { score, cosine, rest: score - cosine + found.background });
    found.words = data.pairs.heavy[pair].map((word, at) => [data.words[word], data.pairs.weights[pair][at]]);
    const joinedThere = events[x] === events[y], [p, q] = [data.tongues[x], data.tongues[y]], foreign = Number(p !== q && p >= 0 && q >= 0);
    found.probability = joinedThere ? logistic(data.curves.joined, [Math.log(Math.max(score, .02)), Math.min(found.background - data.crowding, .1), foreign]) : logistic(data.curves.apart, [Math.log(Math.max(score, .02))]);
  }
  if (found.copy) found.probability = logistic(data.curves.copy, [found.copy[0]]);
  if (found.equal) found.probability = 1;
  return found;
}

function decision(r) {
  if (r.equal) return "The same text: title and body are equal.";
  if (r.sameText) return r.copy ? `The same text: on average ${percent(r.copy[0])} of their words are in phrases that both have.` : "The same text, through other copies: each overlaps with a copy that overlaps with the other’s.";
  const score = r.score === undefined ? "" : r.score.toFixed(3), needed = r.needed.toFixed(3);
  if (r.sameStory) {
    if (r.score === undefined) return "Same story, through other articles: these two alone share too little to have a score.";
    return r.score >= r.needed ? `Same story: their score of ${score} reaches the threshold of ${needed} for two single articles.` : `Same story, through other articles: their own score of ${score} is below the threshold of ${needed} for two single articles, but their groups are similar.`;
  }
  if (r.score === undefined) return "Different stories: they share too little to have a score, or a rule separates them (a digest, the same template, too many days).";
  return r.score >= r.needed ? `Different stories: their own score of ${score} reaches the threshold of ${needed}, that of their groups does not.` : `Different stories: their score of ${score} is ${(r.needed - r.score).toFixed(3)} short of the ${needed} needed.`;
}

// Rendering. Texts are inserted as text, never as markup.

const day = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);
const span = (story) => story.start === Infinity ? "" : day(story.start) === day(story.end) ? day(story.start) : `${day(story.start)} – ${day(story.end)}`;
const copiesIn = (story) => story.copies.reduce((sum, group) => sum + group.length - 1, 0);
const moment = (place) => (data.dates[place] || "").slice(0, 16).replace("T", " ");

let listed = [], visible = STEP, reading;

function searchTexts() {  // the first search unpacks all texts; until then it looks at titles
  reading = reading || Promise.all(chunks.map((_, chunk) => textOf(chunk * data.chunk).then(() => unpacked.get(chunk)))).then((texts) => {
    data.searched = data.searched.map((known, place) => known + "\n" + texts[Math.floor(place / data.chunk)][place % data.chunk].toLowerCase());
    if ($("query").value) list();
  });
}

function filtered() {
  const words = $("query").value.toLowerCase().split(/\s+/).filter(Boolean), outlet = $("outlet").value;
  const from = $("from").value ? Date.parse($("from").value) / 1000 : -Infinity, to = $("to").value ? Date.parse($("to").value) / 1000 + 86399 : Infinity;
  const found = stories.filter((story) =>
    (!$("copies").checked || story.copies.length) && (!$("shared").checked || story.articles.length > 1) && (!outlet || story.sources.includes(outlet)) &&
    ((from === -Infinity && to === Infinity) || story.articles.some((place) => data.seconds[place] !== null && data.seconds[place] >= from && data.seconds[place] <= to)) &&
    (!words.length || words.every((word) => story.articles.some((place) => data.searched[place].includes(word)))));
  return $("order").value === "time" ? found.sort((x, y) => y.end - x.end || 0) : found;
}

function list() {
  listed = filtered();
  const entries = listed.slice(0, visible).map((story) => {
    const { root, slots } = block("entry");
    const link = root.querySelector("a");
    link.href = "#" + story.id;
    if (open.story === story.id) link.setAttribute("aria-current", "true");
    if (story.articles.length >= 8) root.classList.add("large");
    slots.title.textContent = story.title || "(no title)";
    slots.count.textContent = plural(story.articles.length, "article", "articles");
    slots.copies.textContent = story.copies.length ? plural(copiesIn(story), "copy", "copies") : "";
    slots.days.textContent = span(story);
    slots.outlets.textContent = story.sources.slice(0, 4).join(", ") + (story.sources.length > 4 ? ` +${story.sources.length - 4}` : "");
    return root;
  });
  $("entries").replaceChildren(...entries);
  $("more").hidden = listed.length <= visible;
  $("more").textContent = `Show more (${(listed.length - visible).toLocaleString("en")})`;
  const all = listed.length === stories.length;
  const articles = listed.reduce((sum, story) => sum + story.articles.length, 0), copies = listed.reduce((sum, story) => sum + copiesIn(story), 0);
  $("summary").textContent = `${plural(articles, "article", "articles")} in ${plural(listed.length, "story", "stories")}, ${plural(copies, "copy", "copies")}` + (all ? "" : ` (of ${stories.length.toLocaleString("en")} stories)`);
  chart();
}

function chart() {
  const dated = listed.filter((story) => story.start !== Infinity), figure = $("chart");
  const days = dated.map((s) => Math.floor(s.start / 86400)), first = Math.min(...days), last = Math.max(...days);
  figure.hidden = dated.length < 2 || first === last;  // a single day is a single bar, and tells nothing
  if (figure.hidden) return;
  const wide = Math.max(1, Math.ceil((last - first + 1) / 120)), bins = new Array(Math.floor((last - first) / wide) + 1).fill(0);
  for (const story of dated) bins[Math.floor((Math.floor(story.start / 86400) - first) / wide)]++;
  const most = Math.max(...bins), svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${Math.max(bins.length, FEWEST_DAYS) * 10} 40`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  bins.forEach((count, place) => {
    if (!count) return;
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect"), tall = Math.max(1, 40 * count / most), title = document.createElementNS("http://www.w3.org/2000/svg", "title");
    for (const [name, value] of Object.entries({ x: place * 10 + 1, y: 40 - tall, width: 8, height: tall })) bar.setAttribute(name, value);
    title.textContent = `${day((first + place * wide) * 86400)}: ${count}`;
    bar.append(title);
    svg.append(bar);
  });
  const caption = `Stories by start date, ${day(first * 86400)} to ${day(last * 86400)}; at most ${most} in ${wide === 1 ? "a day" : wide + " days"}`;
  svg.setAttribute("aria-label", caption);
  $("chart-caption").textContent = caption;
  figure.replaceChildren(svg, $("chart-caption"));
}

function regroup() {
  granularity = Number($("granularity").value);
  $("granularity-shown").textContent = granularity.toFixed(2);
  stories = storiesAt(granularity);
  storyOf = new Map();
  for (const story of stories) for (const place of story.articles) storyOf.set(place, story);
  list();
  if (open.story && open.a === undefined) route();
}

function showStory(story) {
  const { root, slots } = block("story");
  slots.title.textContent = story.title || "(no title)";
  slots.dek.replaceChildren(...[plural(story.articles.length, "article", "articles"), plural(story.sources.length, "outlet", "outlets"), span(story)].filter(Boolean).map((text) => element("span", text)));
  const outlets = new Set();
  for (const place of story.articles) {
    const item = block("moment"), source = data.sources[place] || data.ids[place], r = relation(story.canonical, place);
    if (!outlets.has(source)) item.root.classList.add("first");
    outlets.add(source);
    item.slots.date.textContent = moment(place) || "no date";
    if (data.dates[place]) item.slots.date.dateTime = data.dates[place];
    item.slots.outlet.textContent = source;
    item.slots.title.textContent = headline(place) || "(no title)";
    const shownOne = place === story.canonical;
    item.slots.note.textContent = shownOne ? "shown for the story" : r.sameText ? "the same text as the one shown" : r.probability === undefined ? "" : `of one event with the one shown: ${percent(r.probability)}`;
    const other = shownOne ? story.articles.find((one) => one !== place) ?? place : story.canonical;
    item.slots.read.href = `#${story.id}/${place}/${place}`;
    item.slots.compare.href = `#${story.id}/${other}/${place}`;
    item.slots.compare.hidden = story.articles.length < 2;
    for (const name of ["read", "compare"]) item.slots[name].setAttribute("aria-label", `${name === "read" ? "Read" : "Compare"}: ${headline(place) || source}`);
    slots.timeline.append(item.root);
  }
  slots.versions.replaceChildren(...story.copies.map((group) => showVersions(story, group)));
  shownPage(root, "opened");
}

function showVersions(story, group) {
  const { root, slots } = block("versions"), history = data.originOf.get(group.length ? data.tree.units[data.tree.distinct[group[0]]] : -1);
  slots.heading.textContent = `${group.length} versions of one text`;
  if (!history) { slots.verdict.textContent = "The first version is unknown."; return root; }
  const odds = new Map(history.articles.map((place, at) => [place, history.odds[at]]));
  const order = [...group].sort((x, y) => odds.get(y) - odds.get(x)), first = order[0];
  const several = (place) => group.filter((one) => data.sources[one] === data.sources[place]).length > 1;
  const name = (place) => !data.sources[place] ? data.ids[place] : several(place) ? `${data.sources[place]} · ${data.ids[place]}` : data.sources[place];
  slots.verdict.textContent = history.original === null ? "Original: unsure." : `Likely the original: ${name(first)} (${percent(odds.get(first))})` + (history.why.length ? ", for " + history.why.join("; ") + "." : ".");
  for (const place of order) {
    const row = element("tr"), link = element("a", name(place));
    link.href = `#${story.id}/${first}/${place}`;
    link.dir = "auto";
    const cell = element("td");
    cell.append(link);
    row.append(cell, ...["…", "…", "…", "…", percent(odds.get(place))].map((text) => element("td", text, "number")));
    slots.rows.append(row);
    Promise.all([textOf(first), textOf(place)]).then(([original, text]) => {
      const [kept, gone, added, changed] = differences(original, text);
      [percent(kept), gone, added, changed].forEach((value, at) => { row.cells[at + 1].textContent = place === first && at ? "–" : value; });
    });
  }
  return root;
}

function differences(original, text) {
  if (original === text) return [1, "–", "–", "–"];
  const letters = (part) => (part.match(/[\p{L}\p{N}]/gu) || []).length, words = (part) => spans(part).words.length;
  const chains = [];
  for (const one of passages(original, text)) {
    let best = { worth: 0, list: [] };
    for (const chain of chains) if (chain.list.at(-1).aEnd <= one.aStart && chain.list.at(-1).bEnd <= one.bStart && chain.worth > best.worth) best = chain;
    chains.push({ worth: best.worth + one.words, list: [...best.list, one] });
  }
  const chain = chains.reduce((x, y) => y.worth > x.worth ? y : x, { worth: 0, list: [] });
  let kept = 0, gone = 0, added = 0, changed = 0, a = 0, b = 0;
  for (const piece of [...chain.list.flatMap((one) => one.pieces), { aStart: original.length, aEnd: original.length, bStart: text.length, bEnd: text.length }]) {
    const out = original.slice(a, piece.aStart), come = text.slice(b, piece.bStart), [x, y] = [words(out), words(come)];
    if (x && y) changed++; else if (x) gone += x; else if (y) added += y;
    kept += letters(original.slice(piece.aStart, piece.aEnd));
    [a, b] = [piece.aEnd, piece.bEnd];
  }
  const count = (number, what) => number ? plural(number, what, what + "s") : "–";
  return [kept / (letters(original) || 1), count(gone, "word"), count(added, "word"), count(changed, "place")];
}

async function showSide(story, a, b) {
  const { root, slots } = block("side"), [one, other] = await Promise.all([textOf(a), textOf(b)]);
  if (open.a !== a || open.b !== b) return;  // the reader is somewhere else by now
  slots.back.href = "#" + story.id;
  const choices = [...new Set([...story.articles, a, b])];
  for (const [name, place] of [["a", a], ["b", b]]) {
    const choose = slots["choose-" + name];
    for (const article of choices) {
      const option = element("option", `${data.sources[article] || data.ids[article]}: ${headline(article)}`.slice(0, 120));
      option.value = article;
      choose.append(option);
    }
    choose.value = place;
    choose.addEventListener("change", () => { location.hash = name === "a" ? `${story.id}/${choose.value}/${b}` : `${story.id}/${a}/${choose.value}`; });
    slots["title-" + name].textContent = headline(place) || "(no title)";
    slots["note-" + name].textContent = [data.sources[place], moment(place), data.ids[place]].filter(Boolean).join(" · ");
  }
  const shared = a === b ? [] : passages(one, other);
  write(slots["text-a"], one, shared, "a");
  write(slots["text-b"], other, shared, "b");
  for (const [name, place, text] of [["a", a, one], ["b", b, other]]) grey(slots["text-" + name], text, data.removed[data.tree.distinct[place]] || []);
  slots.removed.hidden = !root.querySelector(".text .removed");
  const r = relation(a, b);
  slots.verdict.textContent = a === b ? "One article." : decision(r);
  if (a !== b) slots.why.replaceChildren(...why(r, shared, one, other)); else root.querySelector(".judge").hidden = true;
  root.addEventListener("click", (event) => {
    const mark = event.target.closest(".text mark");
    if (mark) twin(root, mark);
  });
  for (const button of root.querySelectorAll("[data-label]")) {
    button.setAttribute("aria-pressed", String(judged(a, b) === button.dataset.label));
    button.addEventListener("click", () => judge(a, b, button.dataset.label));
  }
  slots.next.addEventListener("click", nextPair);
  shownPage(root, "opened compared");
}

// Names, numbers and dates in both texts and in one only: a port of dedup/match/mentions.py

function names(one, other) {
  const texts = [one, other], both = texts.map(spans), words = both.map((found) => new Set(found.words));
  const named = both.map((found, which) => {
    const told = new Map();
    for (let start = 0; start < found.words.length; start++) {
      if (!found.capitals[start]) continue;
      let end = start + 1;
      while (end < found.words.length && found.capitals[end] && /^[ \u00a0’'-]{1,2}$/.test(texts[which].slice(found.ends[end - 1], found.starts[end]))) end++;
      const name = found.words.slice(start, end).join(" ");
      if (!told.has(name)) told.set(name, texts[which].slice(found.starts[start], found.ends[end - 1]));
      start = end - 1;
    }
    return told;
  });
  const has = (which, name) => name.split(" ").every((word) => words[which].has(word));
  const shared = new Map([...named[0]].filter(([name]) => has(1, name)));
  for (const [name, written] of named[1]) if (has(0, name) && !named[0].has(name)) shared.set(name, written);
  const sets = [...shared.keys()].map((name) => [name, new Set(name.split(" "))]);
  const within = (small, large) => small.size < large.size && [...small].every((word) => large.has(word));
  const longest = sets.filter(([, set]) => !sets.some(([, larger]) => within(set, larger))).map(([name]) => shared.get(name));
  const alone = named.map((told, which) => [...told].filter(([name]) => !has(1 - which, name)).map(([, written]) => written));
  return [longest, ...alone].map((list) => list.map((name) => name.split(/\s+/u).filter(Boolean).join(" ")));
}

function datePenalty(score, days) {
  const faded = (penalty, [low, high]) => penalty * Math.min(1, Math.max(0, 1 - (score - low) / (high - low))), most = data.settings.date_penalty;
  const crowded = most > 0 ? Math.min(data.crowding, MEASURED) * Math.min(A_DAY * (days ?? 1) - ONE_DAY, MOST_DAYS) : 0;
  return faded(most * Math.min(1, (days || 0) / SPAN), FADE) + Math.min(crowded, 0) + faded(Math.max(crowded, 0), FADE_CROWDED);
}

function why(r, shared, one, other) {
  const parts = [], add = (text, classes = "note") => parts.push(element("p", text, classes));
  if (r.cosine !== undefined) {
    const table = element("table", undefined, "steps"), rows = [["Weighted words in common (cosine)", r.cosine], ["Mean similarity to other articles", -r.background]];
    const days = -datePenalty(r.cosine - r.background, r.days), rest = r.rest - days;
    if (Math.abs(days) > .0005) rows.push(["Days between them", days]);
    if (Math.abs(rest) > .0005) rows.push([rest < 0 ? "Same outlet" : "Second opinion", rest]);
    rows.push(["Score", r.score]);
    const widest = Math.max(...rows.map(([, value]) => Math.abs(value)));
    for (const [name, value] of rows) {
      const row = element("tr"), bar = element("td", undefined, "bar"), fill = element("i", undefined, value < 0 ? "less" : "");
      fill.style.width = 100 * Math.abs(value) / widest + "%";
      bar.append(fill);
      row.append(element("td", name), element("td", (value < 0 ? "−" : "") + Math.abs(value).toFixed(3), "number"), bar);
      table.append(row);
    }
    parts.push(table);
  }
  if (r.words && r.words.length) add(`Words that contribute most: ${r.words.map(([word, weight]) => `${word} ${percent(weight / 1000 / r.cosine)}`).join(", ")}.`);
  if (r.copy && !r.equal) add(`Overlap ${percent(r.copy[0])} of words; ${percent(r.copy[1])} of the shorter text’s phrases are in the longer; ${percent(r.copy[2])} of both texts’ phrases are in both.`);
  if (r.probability !== undefined) add(`Probability that they are ${r.sameText ? "the same text" : "of the same event"}: ${percent(r.probability)}. ` + (r.days === null ? "A date is unknown." : r.days < 1 ? "Published within a day." : `${plural(Math.round(r.days), "day", "days")} apart.`));
  add(shared.length ? `${plural(shared.length, "passage", "passages")} in both, ${plural(Math.round(shared.reduce((sum, one) => sum + one.words, 0)), "word", "words")}.` : "No passage in both.");
  const figures = (text) => new Set(text.match(/\d+(?:[.,]\d+)*/g) || []), [x, y] = [figures(one), figures(other)];
  const only = (these, those) => [...these].filter((figure) => !those.has(figure));
  const tell = (what, lists) => {
    const some = ["in both", "in A alone", "in B alone"].map((where, at) => [where, lists[at]]).filter(([, list]) => list.length);
    if (some.length) add(`${what} ${some.map(([where, list]) => `${where}: ${list.slice(0, MOST).join(", ")}${list.length > MOST ? " …" : ""}`).join("; ")}.`);
  };
  tell("Names", names(one, other));
  tell("Numbers", [[...x].filter((figure) => y.has(figure)), only(x, y), only(y, x)]);
  return parts;
}

function shownPage(root, classes) {
  $("open").replaceChildren(root);
  document.body.className = classes;
  root.querySelector("h2").focus({ preventScroll: true });
  if (classes.includes("compared") || matchMedia("(max-width: 52rem)").matches) scrollTo(0, 0);
  else if ($("open").getBoundingClientRect().top < 0) $("main").scrollIntoView();
}

function route() {
  const [id, a, b] = decodeURIComponent(location.hash.slice(1)).split("/");
  const number = (text) => /^\d+$/.test(text || "") && Number(text) < data.ids.length ? Number(text) : undefined;
  open = { story: id, a: number(a), b: number(b) };
  let story = stories.find((one) => one.id === id);
  if (!story && open.a !== undefined) story = storyOf.get(open.a);
  for (const link of $("entries").querySelectorAll("a")) link.hash === "#" + id ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
  if (!story) { open = {}; document.body.className = ""; $("open").replaceChildren(); return; }
  if (open.a !== undefined && open.b !== undefined) showSide(story, open.a, open.b); else showStory(story);
}

// Judgements stay in this browser until they are saved as JSON lines

let labels = {};
const labelKey = (a, b) => a < b ? `${a},${b}` : `${b},${a}`, judged = (a, b) => labels[labelKey(a, b)];

function judge(a, b, label) {
  const place = labelKey(a, b);
  if (labels[place] === label) delete labels[place]; else labels[place] = label;
  remember();
  for (const button of document.querySelectorAll("[data-label]")) button.setAttribute("aria-pressed", String(judged(a, b) === button.dataset.label));
}

function remember() {
  const count = Object.keys(labels).length;
  $("export").hidden = !count;
  $("export").textContent = `Save ${plural(count, "judgement", "judgements")}`;
  try { localStorage.setItem(data.storage, JSON.stringify(labels)); } catch { /* some browsers keep nothing for files: the judgements last as long as the page */ }
}

function labelLines() {
  return Object.entries(labels).map(([place, label]) => {
    const [a, b] = place.split(",").map(Number);
    return JSON.stringify({ a: data.ids[a], b: data.ids[b], label }) + "\n";
  }).join("");
}

function offered() {  // near the border, of two outlets first: there a judgement tells most
  const { a, b, score } = data.pairs, needed = PAIR * thresholdAt(granularity || .5), first = (one) => data.firstOf[one], found = [];
  for (let pair = 0; pair < a.length; pair++) {
    const [x, y] = [first(a[pair]), first(b[pair])];
    if (judged(x, y) || data.tree.units[a[pair]] === data.tree.units[b[pair]]) continue;
    const outlets = data.sources[x] && data.sources[x] === data.sources[y] ? .05 : 0;
    found.push([Math.abs(score[pair] * UNIT - needed) + outlets, x, y]);
  }
  data.copies.pairs.forEach(([one, two], at) => {
    const [x, y] = [first(one), first(two)];
    if (!judged(x, y)) found.push([Math.abs(data.copies.overlaps[at][0] - data.settings.copy_overlap), x, y]);
  });
  return found.sort((x, y) => x[0] - y[0] || x[1] - y[1] || x[2] - y[2]);
}

function nextPair() {
  const [pair] = offered();
  if (!pair) { say("All scored pairs are judged."); return; }
  location.hash = `${storyOf.get(pair[1]).id}/${pair[1]}/${pair[2]}`;
}

function say(message) { $("alert").textContent = message; $("alert").hidden = false; }

// Start

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest("input, select, textarea");
  if (event.key === "Escape") {
    if (typing && typing.type === "search" && typing.value) return;
    if (typing) typing.blur();
    location.hash = open.a !== undefined && open.story ? open.story : "";
    return;
  }
  if (event.target.matches && event.target.matches(".text mark") && event.key === "Enter") { twin($("open"), event.target); return; }
  if (typing) return;
  if (event.key === "/") { event.preventDefault(); $("query").focus(); }
  if (event.key === "j" || event.key === "k") {
    const links = [...$("entries").querySelectorAll("a")], at = links.indexOf(document.activeElement);
    const current = at < 0 ? links.findIndex((link) => link.getAttribute("aria-current")) : at;
    const next = links[Math.max(0, Math.min(links.length - 1, current + (event.key === "j" ? 1 : -1)))];
    if (next && next.offsetParent) next.focus();
  }
  if (open.a !== undefined && open.a !== open.b && "123".includes(event.key)) judge(open.a, open.b, ["same_text", "same_story", "neither"][event.key - 1]);
  if (open.a !== undefined && event.key === "n") nextPair();
}

async function begin() {
  if (typeof DecompressionStream === "undefined") {
    say("This browser cannot decompress the data of this page: it lacks DecompressionStream, available in browsers since 2023. Only the largest stories are shown.");
    return;
  }
  data = await unpack($("index"));
  chunks = [...document.querySelectorAll("script.texts")];
  data.searched = data.ids.map((id, place) => `${data.titles[place]}\n${data.sources[place]}\n${id}`.toLowerCase());
  data.copyOf = new Map(data.copies.pairs.map(([x, y], at) => [key(x, y), at]));
  data.pairOf = new Map(data.pairs.a.map((x, at) => [key(x, data.pairs.b[at]), at]));
  data.originOf = new Map(data.originals.map((history) => [data.tree.units[data.tree.distinct[history.articles[0]]], history]));
  data.senior = Array.from(data.tree.ranks.keys()).sort((x, y) => data.tree.ranks[x] - data.tree.ranks[y]);
  data.held = data.tree.ranks.map(() => []);
  data.tree.distinct.forEach((one, place) => data.held[one].push(place));
  data.firstOf = [];
  data.tree.distinct.forEach((one, place) => { const held = data.firstOf[one]; if (held === undefined || data.tree.order[place] < data.tree.order[held]) data.firstOf[one] = place; });
  data.storage = "dedup:" + data.tree.names.length + ":" + data.tree.names.slice(0, 8).join("");
  events = cut(.5);
  const outlets = new Map();
  for (const source of data.sources) if (source) outlets.set(source, (outlets.get(source) || 0) + 1);
  for (const [source, count] of [...outlets].sort(([x], [y]) => x < y ? -1 : 1).slice(0, 2000)) {
    const option = element("option", `${source.slice(0, 80)} (${count})`);
    option.value = source;
    $("outlet").append(option);
  }
  try { labels = JSON.parse(localStorage.getItem(data.storage) || "{}"); } catch { labels = {}; }
  for (const id of ["controls", "judge", "theme"]) $(id).hidden = false;
  remember();
  regroup();
  route();
  for (const id of ["query", "outlet", "from", "to", "order", "copies", "shared"]) $(id).addEventListener("input", () => { visible = STEP; if (id === "query") searchTexts(); list(); });
  $("granularity").addEventListener("input", regroup);
  $("controls").addEventListener("submit", (event) => event.preventDefault());
  $("more").addEventListener("click", () => { visible += STEP; list(); });
  $("judge").addEventListener("click", nextPair);
  $("export").addEventListener("click", () => {
    const link = element("a");
    link.href = URL.createObjectURL(new Blob([labelLines()], { type: "application/x-ndjson" }));
    link.download = "labels.jsonl";
    link.click();
  });
  $("theme").addEventListener("click", () => {
    const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = dark ? "light" : "dark";
  });
  addEventListener("hashchange", route);
  addEventListener("keydown", keys);
  document.documentElement.dataset.ready = "true";
}

window.dedup = { storiesAt, passages, spans, names, relation, labelLines, articles: () => data };
begin().catch((error) => say("This page cannot be shown: " + error.message));
})();
