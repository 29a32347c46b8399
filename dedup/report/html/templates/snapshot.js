"use strict";
// The source of the page in a file: articles, merge tree and pairs are in the page, and it cuts the tree by itself.
const source = (() => {
const { $, percent, plural } = dom;
const UNIT = 2 ** -20, REPOSTED = 30, PAIR = 1.125, EVENT = 0.5, SAME_EVENT = 0.16, LOWEST = 0.05, SEVERAL = 3, DROP = 0.5, CAP = 0.4;  // as in dedup/group/cut.py
const SPAN = 20, FADE = [.3, .6], ONE_DAY = .5, A_DAY = .4, UNDATED = 1.1, MOST_DAYS = 3, MEASURED = .08, HEADLINE = 1.6, FADE_CROWDED = [.5, .8];  // as in dedup/match/scores.py

let data, chunks, stories = [], storyOf = [], events, granularity, searched, last;
const unpacked = new Map();

async function unpack(node) {
  const letters = atob(node.textContent), bytes = new Uint8Array(letters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return JSON.parse(await new Response(stream).text());
}

function chunk(number) {
  if (!unpacked.has(number)) unpacked.set(number, unpack(chunks[number]));
  return unpacked.get(number);
}

const text = async (place) => (await chunk(Math.floor(place / data.chunk)))[place % data.chunk];

// What is searched, in lower case: unpacked when the reader comes to the field of the search.
const warm = () => searched = searched || Promise.all(chunks.map((_, number) => chunk(number))).then((texts) => data.ids.map((id, place) =>
  [data.titles[place], data.sources[place], id, texts[Math.floor(place / data.chunk)][place % data.chunk]].join(" ").toLowerCase().replace(/\s{2,}|[\n\r\t]/g, " ")));

async function find(terms) {
  const held = await warm(), narrower = last && last.terms.every((old) => terms.some((term) => term.includes(old)));
  const found = new Set();
  for (const place of narrower ? last.found : held.keys()) if (terms.every((term) => held[place].includes(term))) found.add(place);
  last = { terms, found };
  return found;
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
  const { order, ranks, units, names, shown, canonical: canonicalOf } = data.tree, label = cut(g), { a, b, score } = data.pairs;
  const count = new Int32Array(ranks.length), totals = new Float64Array(ranks.length);
  for (const unit of units) count[unit]++;
  for (let pair = 0; pair < a.length; pair++) {
    const x = a[pair], y = b[pair];
    if (label[x] !== label[y] || units[x] === units[y]) continue;
    totals[x] += score[pair] / count[units[y]];
    totals[y] += score[pair] / count[units[x]];
  }
  const members = new Map(), { senior, held } = data, last = new Map(data.tree.secondary.map((one) => [one, 1e12]));
  for (const one of data.tree.withdrawn) last.set(one, (last.get(one) || 0) + 2e12);
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
      const mean = unit.reduce((sum, one) => sum + totals[one], 0) / unit.length - (last.get(one) || 0);
      if (mean > most) [best, most] = [one, mean];  // of equal ones the first: they come in the order of seniority
    }
    const articles = published(tellings.flat().flatMap((one) => held[one]));
    const first = tellings.flat().reduce((x, y) => ranks[x] < ranks[y] ? x : y);
    const canonical = shown[best] ?? published([...held[best]])[0], dated = articles.filter((place) => data.published[place] !== null);
    const news = tellings.flatMap((unit) => {
      const days = unit.flatMap((one) => held[one]).map((place) => data.published[place]).filter((day) => day !== null);
      return days.filter((day) => day < Math.min(...days) + REPOSTED * 86400);
    });
    const printed = tellings.map((unit) => published(unit.flatMap((one) => held[one]))), copies = printed.filter((group) => group.length > 1);
    found.push({ id: "s" + names[first], articles, canonical, title: headline(canonical), copies, ...tellersOf(printed),
      start: dated.length ? data.published[dated[0]] : Infinity, end: Math.max(-Infinity, ...news),
      sources: [...new Set(articles.map((place) => data.sources[place]).filter(Boolean))].sort() });
  }
  return found.sort((x, y) => y.articles.length - x.articles.length || (x.start === y.start ? 0 : x.start - y.start) || (x.id < y.id ? -1 : 1));
}

// Whom some texts come from, each given by its articles: as `count_origins` in dedup/results/origins.py
function tellersOf(printed) {
  const { credits, outlets, names, releases } = data.tellers, found = new Set(), known = (numbers) => [...new Set(numbers.filter((number) => number >= 0))];
  printed.forEach((places, number) => {
    if (places.every((place) => releases.includes(place))) return;
    const credited = places.find((place) => credits[place] >= 0), teller = credited === undefined ? outlets[places[0]] : credits[credited];
    found.add(teller < 0 ? `text ${number}` : teller);
  });
  const every = printed.flat();
  return { origins: Math.max(1, found.size), publishers: known(every.map((place) => outlets[place])).length,
    agencies: known(every.map((place) => credits[place])).map((number) => names[number]).sort() };
}

const headline = (place) => data.titles[place].split(/\s+/u).filter(Boolean).join(" ") || data.heads[place] || "";

// The score of two articles, computed as in dedup/results/explain.py

function logistic(curve, features) {
  const z = features.reduce((sum, value, place) => sum + curve[place + 1] * value, curve[0]);
  return 1 / (1 + Math.exp(-z));
}

const key = (x, y) => x < y ? x * data.tree.ranks.length + y : y * data.tree.ranks.length + x;

function measured(a, b) {
  const x = data.tree.distinct[a], y = data.tree.distinct[b], copy = data.copyOf.get(key(x, y)), pair = data.pairOf.get(key(x, y));
  const found = { equal: x === y, sameText: data.tree.units[x] === data.tree.units[y], sameStory: storyOf[a] === storyOf[b], copy: copy === undefined ? null : data.copies.overlaps[copy] };
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

function datePenalty(score, days) {
  const faded = (penalty, [low, high]) => penalty * Math.min(1, Math.max(0, 1 - (score - low) / (high - low))), most = data.settings.date_penalty;
  const crowded = most > 0 ? Math.min(data.crowding, MEASURED) * Math.min(A_DAY * (days ?? UNDATED) - ONE_DAY, MOST_DAYS) : 0;
  return faded(most * Math.min(1, (days || 0) / SPAN), FADE) + Math.min(crowded, 0) + faded(Math.max(crowded, 0), FADE_CROWDED);
}

function steps(r) {
  const rows = [["cosine", r.cosine], ["background", -r.background]];
  const days = -datePenalty(r.cosine - r.background, r.days), rest = r.rest - days;
  if (Math.abs(days) > .0005) rows.push(["dates", days]);
  if (Math.abs(rest) > .0005) rows.push([rest < 0 ? "outlet" : Math.abs(r.score / (r.score - rest) - HEADLINE) < .01 ? "headline" : "second opinion", rest]);
  return [...rows, ["score", r.score]];
}

async function relation(a, b) {
  const r = measured(a, b), notes = [decision(r)];
  if (r.words && r.words.length) notes.push(`Words that contribute most: ${r.words.map(([word, weight]) => `${word} ${percent(weight / 1000 / r.cosine)}`).join(", ")}.`);
  if (r.copy && !r.equal) notes.push(`Overlap ${percent(r.copy[0])} of words; ${percent(r.copy[1])} of the shorter text’s phrases are in the longer; ${percent(r.copy[2])} of both texts’ phrases are in both.`);
  if (r.probability !== undefined) notes.push(`Probability that they are ${r.sameText ? "the same text" : "of the same event"}: ${percent(r.probability)}. ` + (r.days === null ? "A date is unknown." : r.days < 1 ? "Published within a day." : `${plural(Math.round(r.days), "day", "days")} apart.`));
  const removed = [a, b].map((place) => data.removed[data.tree.distinct[place]] || []);
  return { sameText: r.sameText, sameStory: r.sameStory, probability: r.probability, steps: r.cosine === undefined ? [] : steps(r), notes, removed };
}

async function originals(story) {
  return story.copies.map((group) => {
    const held = data.originOf.get(data.tree.units[data.tree.distinct[group[0]]]);
    if (!held) return { articles: group, odds: [], original: null, why: [] };
    const odds = new Map(held.articles.map((place, at) => [place, held.odds[at]])), first = held.original === null ? null : held.articles[held.original];
    const articles = [...group].sort((x, y) => odds.get(y) - odds.get(x));
    return { articles, odds: articles.map((place) => odds.get(place)), original: group.includes(first) ? first : null, why: held.why };
  });
}

function offered(judged) {  // near the border, of two outlets first: there a judgement tells most
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
  return found.sort((x, y) => x[0] - y[0] || x[1] - y[1] || x[2] - y[2]).map(([, x, y]) => [x, y]);
}

function regroup(g) {
  granularity = g;
  const every = storiesAt(g);
  for (const story of every) {
    story.size = story.articles.length;
    story.id = data.named[story.id] || story.id;  // stories that continue archived ones keep the ids of those
    story.storyline = data.lineOf[data.tree.distinct[story.canonical]];
    for (const place of story.articles) storyOf[place] = story;
  }
  stories = every.filter((story) => data.fresh === null || story.articles.some((place) => place < data.fresh));
}

async function start() {
  if (typeof DecompressionStream === "undefined") throw new Error("this browser cannot decompress its data: it lacks DecompressionStream, available in browsers since 2023. Only the largest stories are shown");
  data = await unpack($("index"));
  chunks = [...document.querySelectorAll("script.texts")];
  data.copyOf = new Map(data.copies.pairs.map(([x, y], at) => [key(x, y), at]));
  data.pairOf = new Map(data.pairs.a.map((x, at) => [key(x, data.pairs.b[at]), at]));
  data.originOf = new Map(data.originals.map((history) => [data.tree.units[data.tree.distinct[history.articles[0]]], history]));
  data.senior = Array.from(data.tree.ranks.keys()).sort((x, y) => data.tree.ranks[x] - data.tree.ranks[y]);
  data.held = data.tree.ranks.map(() => []);
  data.tree.distinct.forEach((one, place) => data.held[one].push(place));
  data.firstOf = [];
  data.tree.distinct.forEach((one, place) => { const held = data.firstOf[one]; if (held === undefined || data.tree.order[place] < data.tree.order[held]) data.firstOf[one] = place; });
  data.storage = "dedup:" + data.tree.names.length + ":" + data.tree.names.slice(0, 8).join("");
  data.placeOf = new Map(data.ids.map((id, place) => [id, place]));
  events = cut(.5);
  const wide = cut(1), first = new Map();
  for (const one of data.senior) if (!first.has(wide[one])) first.set(wide[one], "l" + data.tree.names[one]);
  data.lineOf = Array.from(wide, (label) => data.named[first.get(label)] || first.get(label));
}

const fetched = async () => null;  // what is not in a file is nowhere
const storyline = (id) => stories.filter((story) => story.storyline === id);

return { get data() { return data; }, get stories() { return stories; }, storyOf: (place) => storyOf[place], start, regroup, text, find, warm, relation, originals, offered, headline, fetched, storyline, storiesAt, measured };
})();
