// Charts of one time: the values under the pointer in every head, a dragged range for all charts and the log, the same
// by keys. Without this file the links and the form above the charts do it.
const SVG = 'http://www.w3.org/2000/svg';
const BURNING = ['waking', 'ready', 'degraded', 'stopping'];
const LEAST_DRAG = 6;
const charts = () => document.getElementById('charts');
const draws = () => document.querySelectorAll('#charts svg.draw');
const heads = new WeakMap();
let drag = null;
let place = null;
let anchor = null;

function figures(value) {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`;
  if (value >= 1e5) return `${Math.round(value / 1e3)} k`;
  if (value >= 10) return Math.round(value).toLocaleString('en-US');
  return value >= 0.001 ? String(Number(value.toPrecision(2))) : '0';
}

function said(value, unit) {
  if (value === null || value === undefined) return '–';
  if (unit === '%') return `${figures(value * 100)} %`;
  if (unit === '$') return `$${value >= 10 ? Math.round(value).toLocaleString('en-US') : value.toFixed(2)}`;
  if (unit !== 's') return figures(value);
  if (value >= 120) return `${figures(value / 60)} min`;
  return value >= 1 ? `${figures(value)} s` : `${figures(value * 1000)} ms`;
}

function grid() {
  const { start, step, count } = charts().dataset;
  return { start: Number(start), step: Number(step), count: Number(count) };
}

function placeAt(svg, clientX) {
  const box = svg.getBoundingClientRect();
  const share = Math.min(0.9999, Math.max(0, (clientX - box.left) / box.width));
  return Math.floor(share * grid().count);
}

function clock(second) {
  const at = new Date(second * 1000);
  const { zone } = charts().dataset;
  const options = { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  if (grid().step < 60) options.second = '2-digit';
  return at.toLocaleString('en-GB', zone ? { ...options, timeZone: zone } : options);
}

function overlay(svg, name, attributes) {
  let found = svg.querySelector(`.${name}`);
  if (!found) {
    found = document.createElementNS(SVG, name === 'sel' ? 'rect' : 'path');
    found.setAttribute('class', name);
    svg.append(found);
  }
  for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, value);
}

function clear(name) {
  for (const one of document.querySelectorAll(`#charts .${name}`)) one.remove();
}

function tell(svg, at) {
  const figure = svg.closest('figure').querySelector('[data-figure]');
  if (!heads.has(figure)) heads.set(figure, figure.innerHTML);
  const rows = JSON.parse(svg.dataset.values).map(([label, values]) => [label, values[at]]);
  const [first, ...rest] = rows.length > 3 ? rows.filter(([, value], i) => i === 0 || value) : rows;
  const small = document.createElement('small');
  if (rows.every(([, value]) => value === null || value === undefined)) {
    small.textContent = 'nothing measured';
    figure.replaceChildren(small);
    return;
  }
  small.textContent = rest.map(([label, value]) => `${said(value, svg.dataset.unit)} ${label}`).join(', ') || first[0];
  figure.replaceChildren(`${said(first[1], svg.dataset.unit)} `, small);
}

function show(at) {
  place = at;
  const { start, step, count } = grid();
  const x = ((at + 0.5) / count) * 1000;
  for (const svg of draws()) {
    overlay(svg, 'cross', { d: `M${x} 0V100` });
    tell(svg, at);
  }
  const range = document.querySelector('#charts [data-range]');
  if (!heads.has(range)) heads.set(range, range.innerHTML);
  const [from, to] = anchor === null ? [at, at] : [Math.min(anchor, at), Math.max(anchor, at)];
  range.textContent = `${clock(start + from * step)} to ${clock(start + (to + 1) * step)}`;
  if (anchor === null) return;
  const wide = 1000 / count;
  for (const svg of draws()) overlay(svg, 'sel', { x: from * wide, width: (to - from + 1) * wide, height: 100 });
}

function rest() {
  place = null;
  anchor = null;
  drag = null;
  clear('cross');
  clear('sel');
  for (const figure of document.querySelectorAll('#charts [data-figure], #charts [data-range]')) {
    if (heads.has(figure)) figure.innerHTML = heads.get(figure);
    heads.delete(figure);
  }
}

const stamp = (second) => `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;

function go(one, other) {
  const { start, step } = grid();
  const query = new URLSearchParams(charts().dataset.query);
  query.delete('range');
  query.set('from', stamp(start + Math.min(one, other) * step));
  query.set('to', stamp(start + (Math.max(one, other) + 1) * step));
  location.search = query;
}

addEventListener('pointerdown', (event) => {
  const svg = event.target.closest?.('#charts svg.draw');
  if (!svg || event.button !== 0 || event.pointerType === 'touch') return;
  drag = { svg, x: event.clientX };
  anchor = placeAt(svg, event.clientX);
  svg.setPointerCapture(event.pointerId);
  event.preventDefault();
});

addEventListener('pointermove', (event) => {
  const svg = drag?.svg ?? event.target.closest?.('#charts svg.draw');
  if (svg) show(placeAt(svg, event.clientX));
  else if (place !== null && !document.activeElement?.matches('svg.draw')) rest();
});

addEventListener('pointerup', (event) => {
  if (!drag) return;
  const { svg, x } = drag;
  const from = anchor;
  const far = Math.abs(event.clientX - x) >= LEAST_DRAG;
  rest();
  if (far) go(from, placeAt(svg, event.clientX));
});
addEventListener('pointercancel', rest);

addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && place !== null) return rest();
  if (!event.target.matches?.('#charts svg.draw')) return undefined;
  const { count } = grid();
  const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -Math.ceil(count / 12), PageDown: Math.ceil(count / 12) }[event.key];
  if (by) {
    event.preventDefault();
    if (event.shiftKey) anchor ??= place ?? count - 1;
    else if (anchor !== null) { anchor = null; clear('sel'); }
    show(Math.min(count - 1, Math.max(0, (place ?? count) + by)));
    document.getElementById('said').textContent = document.querySelector('#charts [data-range]').textContent;
  } else if (event.key === 'Enter' && anchor !== null) go(anchor, place);
  return undefined;
});

addEventListener('focusout', (event) => { if (event.target.matches?.('#charts svg.draw')) rest(); });

// What is drawn anew must not take a selection away; and it begins to move when the server is lit.
addEventListener('htmx:beforeRequest', (event) => {
  if (event.detail.elt.id === 'charts' && (place !== null || drag)) event.preventDefault();
});
let state = document.getElementById('status')?.dataset.state;
addEventListener('htmx:afterSwap', () => {
  const now = document.getElementById('status')?.dataset.state;
  const begins = BURNING.includes(now) && !BURNING.includes(state);
  state = now;
  if (begins && charts()) window.htmx.trigger(charts(), 'refresh');
  ready();
});

function ready() {
  for (const help of document.querySelectorAll('#charts [data-help]')) help.hidden = false;
}
ready();
