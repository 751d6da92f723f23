// Runs in a preview before all of the model's own code.
// A frame without origin throws when storage or cookies are touched, which ends most games at their first line:
// it gets storage that lasts as long as the frame. WebRTC would be a way out that not every browser's policy closes.
(() => {
const memory = () => {
  const kept = new Map();
  const store = {
    getItem: (key) => (kept.has(String(key)) ? kept.get(String(key)) : null),
    setItem: (key, value) => { kept.set(String(key), String(value)); },
    removeItem: (key) => { kept.delete(String(key)); },
    clear: () => kept.clear(),
    key: (n) => [...kept.keys()][n] ?? null,
  };
  Object.defineProperty(store, 'length', { get: () => kept.size });
  return new Proxy(store, {
    get: (all, key) => (key in all ? all[key] : kept.get(key)),
    set: (all, key, value) => { kept.set(String(key), String(value)); return true; },
    has: (all, key) => key in all || kept.has(key),
    deleteProperty: (all, key) => { kept.delete(key); return true; },
    ownKeys: () => [...kept.keys()],
    getOwnPropertyDescriptor: (all, key) => (kept.has(key)
      ? { value: kept.get(key), enumerable: true, configurable: true, writable: true } : undefined),
  });
};
const put = (where, name, how) => { try { Object.defineProperty(where, name, how); } catch {} };
for (const name of ['localStorage', 'sessionStorage']) put(window, name, { value: memory(), configurable: true });
put(Document.prototype, 'cookie', { get: () => '', set: () => {}, configurable: false });
for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection', 'RTCDataChannel', 'WebTransport']) {
  put(window, name, { value: undefined, configurable: false, writable: false });
}
// A frame inside would have its own, untouched names; nothing could be loaded into it anyway.
const FRAMES = 'iframe, frame, object, embed, fencedframe, portal';
const watch = (where) => new MutationObserver((changes) => {
  for (const { addedNodes } of changes) {
    for (const node of addedNodes) {
      if (node.matches?.(FRAMES)) node.remove();
      for (const inner of node.querySelectorAll?.(FRAMES) ?? []) inner.remove();
    }
  }
}).observe(where, { childList: true, subtree: true });
watch(document);
const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function attachShadow(how) {
  const made = attach.call(this, how);
  watch(made);
  return made;
};
// Shadow trees that the parser makes cannot be watched, so it makes none (the page's own source: see sealing.py).
for (const kind of [Element, ShadowRoot]) put(kind.prototype, 'setHTMLUnsafe', { value: undefined });
put(Document, 'parseHTMLUnsafe', { value: undefined });
for (const name of ['write', 'writeln']) {
  const plain = Document.prototype[name];
  put(Document.prototype, name, {
    value(...parts) { return plain.call(this, parts.join('').replace(/shadowrootmode/gi, 'data-mode')); },
  });
}
addEventListener('keydown', (event) => {
  if (event.key === 'Escape') parent.postMessage('leave-preview', '*');
});
document.currentScript.remove();
})();
