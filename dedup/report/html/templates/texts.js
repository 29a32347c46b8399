"use strict";
// Texts compared: the passages that two share, what a version changed, the names and numbers of both. A port of
// dedup/text/spans.py, dedup/match/passages.py and dedup/match/mentions.py.
const texts = (() => {
const HALVES = new Set(["am", "pm"]);  // of a day, which are written in capitals
const SEED = 3, FEWEST = 6, EDIT = 2, SLACK = 6, LONE = 5, REACH = 16, SHIFT = 4, CROWD = 16;  // as in dedup/match/passages.py

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

// What a version kept of the original, and what it cut, added and changed

function differences(original, text) {
  if (original === text) return { kept: 1, cut: 0, added: 0, changed: 0 };
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
  return { kept: kept / (letters(original) || 1), cut: gone, added, changed };
}

// Names and numbers in both texts and in one only

function goesOn(found, text, place, common) {  // also behind the full stop of an initial
  const gap = text.slice(found.ends[place - 1], found.starts[place]);
  if (found.capitals[place] && /^[ \u00a0’'-]{1,2}$/.test(gap)) return true;
  return [...found.words[place - 1]].length === 1 && !common.has(found.words[place]) && /^\.[ \u00a0]?$/.test(gap) && /^\p{Lu}/u.test(text.slice(found.starts[place], found.starts[place] + 2));
}

function names(one, other) {
  const texts = [one, other], both = texts.map(spans), words = both.map((found) => new Set(found.words));
  const named = both.map((found, which) => {
    const told = new Map(), common = new Set(found.words.filter((_, at) => /^\p{Ll}/u.test(texts[which].slice(found.starts[at], found.starts[at] + 2))));
    for (let start = 0; start < found.words.length; start++) {
      if (!found.capitals[start]) continue;
      let end = start + 1, first = start, last;
      while (end < found.words.length && goesOn(found, texts[which], end, common)) end++;
      for (last = end; last > start && ([...found.words[last - 1]].length === 1 || HALVES.has(found.words[last - 1]));) last--;
      while (first < last && HALVES.has(found.words[first])) first++;
      const name = found.words.slice(first, last).join(" ");
      if (last > first && !told.has(name)) told.set(name, texts[which].slice(found.starts[first], found.ends[last - 1]));
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

function numbers(one, other) {
  const figures = (text) => new Set(text.match(/\d+(?:[.,]\d+)*/g) || []), [x, y] = [figures(one), figures(other)];
  const only = (these, those) => [...these].filter((figure) => !those.has(figure));
  return [[...x].filter((figure) => y.has(figure)), only(x, y), only(y, x)];
}

return { spans, passages, differences, names, numbers };
})();
