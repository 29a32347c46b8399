"use strict";
// The state of the page, which is in its address: whoever has the address sees the same.
const address = (() => {
const DEFAULTS = { q: "", outlet: "", lang: "", from: "", to: "", size: "", kind: "", storyline: "", status: "", copies: "", order: "size", g: "", view: "", story: "", a: "", b: "" };
const OPEN = { view: "", story: "", a: "", b: "" }, FILTERS = { q: "", outlet: "", lang: "", from: "", to: "", size: "", kind: "", storyline: "", status: "", copies: "" };
const PAUSE = 250;  // milliseconds: browsers refuse addresses that change at every key

let state = { ...DEFAULTS }, changed = () => {}, timer;

function read() {
  const given = new URLSearchParams(location.hash.slice(1));
  return Object.fromEntries(Object.entries(DEFAULTS).map(([name, usual]) => [name, given.get(name) ?? usual]));
}

function of(changes) {
  const wanted = { ...state, ...changes }, given = new URLSearchParams();
  for (const [name, usual] of Object.entries(DEFAULTS)) if (wanted[name] !== usual) given.set(name, wanted[name]);
  return "#" + given;
}

function settle() {
  clearTimeout(timer);
  timer = undefined;
  history.replaceState(null, "", of({}));
}

// A step can be gone back on; a change of filters replaces what was there.
function go(changes, step = true) {
  const before = state;
  if (step) {
    if (timer) settle();
    history.pushState(null, "", of(changes));
  }
  state = { ...state, ...changes };
  if (!step) { clearTimeout(timer); timer = setTimeout(settle, PAUSE); }
  changed(before, state, false);
}

function link(node, changes) {
  node.href = of(changes);
  node.addEventListener("click", (event) => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(changes);
  });
  return node;
}

function follow(call) {
  changed = call;
  state = read();
  history.scrollRestoration = "manual";
  addEventListener("popstate", () => { const before = state; clearTimeout(timer); timer = undefined; state = read(); changed(before, state, true); });
}

return { OPEN, FILTERS, get state() { return state; }, of, go, link, follow, settle };
})();
