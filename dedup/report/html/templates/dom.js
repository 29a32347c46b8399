"use strict";
// Fills in the blocks of blocks.html. Texts are inserted as text, never as markup.
const dom = (() => {
const $ = (id) => document.getElementById(id);

function element(name, text, classes) {
  const found = document.createElement(name);
  if (text !== undefined) found.textContent = text;
  if (classes) found.className = classes;
  return found;
}

function block(name) {
  const root = $(name).content.cloneNode(true).firstElementChild, slots = {};
  for (const node of [root, ...root.querySelectorAll("[data-slot]")]) if (node.dataset.slot) slots[node.dataset.slot] = node;
  return { root, slots };
}

const numbers = new Intl.NumberFormat("en");
const plural = (count, one, many) => `${numbers.format(count)} ${count === 1 ? one : many}`;
const percent = (value) => Math.round(100 * value) + " %";

function write(target, text, shared, side) {
  const start = side + "Start", end = side + "End";
  let at = text.length - text.trimStart().length;  // shown without what is empty at its head
  const inOrder = shared.map((one, number) => [one, number]).sort(([x], [y]) => x[start] - y[start] || y[end] - x[end]);
  for (const [one, number] of inOrder) {
    if (one[end] <= at) continue;
    target.append(text.slice(at, Math.max(at, one[start])));
    const mark = element("mark");
    mark.dataset.passage = number;
    mark.tabIndex = 0;
    let place = Math.max(at, one[start]);
    for (const piece of one.pieces) {
      if (piece[end] <= place) continue;
      if (piece[start] > place) mark.append(element("span", text.slice(place, piece[start]), /[\p{L}\p{N}]/u.test(text.slice(place, piece[start])) ? "changed" : ""));
      place = Math.max(place, piece[start]);
      mark.append(text.slice(place, piece[end]));
      place = piece[end];
    }
    target.append(mark);
    at = one[end];
  }
  target.append(text.slice(at));
  if (!text) target.append(element("em", "This article has no text; it is compared by its title."));
}

// Greys parts of a written text, given by starts and ends in it; what `write` left out at its head counts too.
function grey(target, text, ends) {
  const walker = document.createTreeWalker(target, NodeFilter.SHOW_TEXT), nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  let at = text.length - text.trimStart().length;
  for (const node of nodes) {
    const begin = at, stop = at += node.data.length, parts = [];
    let done = begin;
    for (let i = 0; i < ends.length; i += 2) {
      const from = Math.max(ends[i], done), to = Math.min(ends[i + 1], stop);
      if (from >= to) continue;
      parts.push(text.slice(done, from), element("span", text.slice(from, to), "removed"));
      done = to;
    }
    if (parts.length) node.replaceWith(...parts, text.slice(done, stop));
  }
}

function twin(root, mark) {
  for (const hot of root.querySelectorAll("mark.hot")) hot.classList.remove("hot");
  const all = [...root.querySelectorAll(`mark[data-passage="${mark.dataset.passage}"]`)];
  all.forEach((one) => one.classList.add("hot"));
  const column = mark.closest(".text");
  const there = all.find((one) => one.closest(".text") !== column);
  if (there) { there.scrollIntoView({ block: "center" }); there.focus({ preventScroll: true }); }
}

// Marks terms of a search in what is shown already.
function hits(root, terms) {
  const telling = terms.filter((term) => term.length > 1 || term > "~");  // not each letter a
  if (!telling.length) return;
  const wanted = new RegExp(telling.map((term) => term.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&").replace(/ /g, "\\s+")).join("|"), "giu");
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT), nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  for (const node of nodes) {
    const parts = [];
    let at = 0;
    for (const found of node.data.matchAll(wanted)) {
      parts.push(node.data.slice(at, found.index), element("mark", found[0], "hit"));
      at = found.index + found[0].length;
    }
    if (parts.length) node.replaceWith(...parts, node.data.slice(at));
  }
}

// A word that is explained where the pointer rests on it.
function term(word, meaning) {
  const found = element("abbr", word);
  found.title = meaning;
  return found;
}

const isWeb = (address) => /^https?:\/\/[^\s<>"]+$/i.test(address || "");

function outward(address, text) {
  const found = element("a", text);
  found.href = address;
  found.rel = "noreferrer noopener";
  found.target = "_blank";
  return found;
}

function save(name, kind, text) {
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([text], { type: kind }));
  link.download = name;
  link.click();
}

return { $, element, block, plural, percent, write, grey, twin, hits, term, isWeb, outward, save };
})();
