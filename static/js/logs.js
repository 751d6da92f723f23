// The window of a log: new lines as they come, older and newer ones on the way up and down, never more than a bound.
// One write to the page per frame, however many lines arrive. Without this file the page has links to turn by.
import { LogFeed } from './log-feed.js';

const MOST = 5000;
const FOLLOWED = 1000; // while it follows: frames are three times as fast with these as with five thousand
const NEAR_PX = 600;
const SAY_MS = 15000;
const SETTLES_MS = 1000;

const box = document.getElementById('log');
const list = document.getElementById('log-lines');
const follow = document.querySelector('[data-follow] input');
const pauseButton = document.querySelector('[data-pause]');
const note = document.getElementById('log-note');
const said = document.getElementById('log-said');
const empty = document.getElementById('log-empty');
const more = document.getElementById('log-older');
const searched = document.getElementById('log-searched');

let before = box.dataset.before; // where older lines are read from; empty where there are none
let place = Number(box.dataset.after); // where newer lines are read from
let attached = 'live' in box.dataset; // the newest line is in the window, and new ones are appended
let loading = false;
let queue = [];
let frame = 0;
let skipped = false; // lines between what was here and what comes next were left out
let news = { lines: 0, errors: 0 };

for (const control of [follow.closest('label'), pauseButton, document.querySelector('[data-copy="log"]')]) control.hidden = false;
document.getElementById('log-newer')?.remove();

function left() {
  return box.scrollHeight - box.scrollTop - box.clientHeight;
}

function atEnd() {
  return left() < 40;
}

function toEnd() {
  box.scrollTop = box.scrollHeight;
}

// Rows take their true height only once they are in view: the end moves after a frame has gone to it.
new ResizeObserver(() => { if (follow.checked && attached) toEnd(); }).observe(list);

const ids = { first: () => list.querySelector('[data-id]')?.dataset.id, last: () => list.lastElementChild?.dataset.id };

// Removed in one range; the place of what is read is kept by the height that went.
function dropOldest() {
  const over = list.children.length - (follow.checked ? FOLLOWED : MOST);
  if (over <= 0) return;
  const kept = list.children[over];
  const height = follow.checked ? 0 : kept.offsetTop - list.firstElementChild.offsetTop;
  const range = document.createRange();
  range.setStartBefore(list.firstChild);
  range.setEndBefore(kept);
  range.deleteContents();
  box.scrollTop -= height;
  before = ids.first() ?? before;
}

function dropNewest() {
  if (list.children.length <= MOST) return;
  const range = document.createRange();
  range.setStartBefore(list.children[MOST]);
  range.setEndAfter(list.lastChild);
  range.deleteContents();
  place = Number(ids.last());
  detach();
}

function tell() {
  const lines = list.querySelectorAll('[data-line]').length;
  empty.hidden = lines > 0;
  const newest = attached ? ', the newest' : '';
  note.textContent = lines ? `${lines.toLocaleString()} line${lines === 1 ? '' : 's'}${before || !attached ? `${newest} of more` : ''}. ` : '';
}

let telling = 0;
function tellSoon() {
  telling ||= setTimeout(() => { telling = 0; tell(); }, 500);
}

function append(html) {
  const from = list.children.length;
  list.insertAdjacentHTML('beforeend', html);
  for (let n = from; n < list.children.length; n += 1) {
    const { level } = list.children[n].dataset;
    if (level) news.lines += 1;
    if (level === 'E') news.errors += 1;
  }
  if (skipped) before = ids.first() ?? '';
  skipped = false;
  dropOldest();
  tellSoon();
}

function flush() {
  frame = 0;
  if (!queue.length) return;
  const html = queue.splice(0, Math.ceil(queue.length / 4)).join('\n'); // more at once where frames are slow
  // Who reads further up is not pulled along: at the bound the window stays where it is.
  if (!follow.checked && list.children.length >= MOST) {
    place = Number(ids.last());
    detach();
    tell();
    return;
  }
  append(html);
  if (follow.checked) toEnd();
  if (queue.length) frame = requestAnimationFrame(flush);
}

const feed = new LogFeed(box.dataset.stream, {
  lines(html, id) {
    place = id;
    queue.push(html);
    if (queue.length > MOST / 100) queue.shift(); // they would be dropped at once
    frame ||= requestAnimationFrame(flush);
  },
  gap() {
    queue = [];
    list.replaceChildren();
    skipped = true;
  },
});

function attach() {
  attached = !('ends' in box.dataset);
  if (attached && pauseButton.getAttribute('aria-pressed') === 'false') feed.open(() => place);
}

function detach() {
  attached = false;
  queue = [];
  feed.close();
}

async function load(direction, id) {
  const response = await fetch(`${box.dataset.rows}&${direction}=${id}`, { headers: { 'HX-Request': 'true' }, redirect: 'error' });
  if (response.status !== 200 || response.headers.has('HX-Redirect')) throw new Error('not answered');
  return { html: await response.text(), reached: response.headers.get('X-Reached') ?? '', searched: response.headers.get('X-Searched') };
}

async function once(work) {
  if (loading) return;
  loading = true;
  try { await work(); } catch { /* the head of the page says when the panel does not answer */ } finally { loading = false; }
}

function older() {
  return once(async () => {
    const found = await load('before', before);
    const height = box.scrollHeight;
    list.insertAdjacentHTML('afterbegin', found.html);
    box.scrollTop += box.scrollHeight - height;
    before = found.reached;
    dropNewest();
    if (more) more.hidden = !before;
    if (searched) searched.textContent = found.searched ? `Searched back to ${found.searched}.` : '';
    tell();
  });
}

function newer() {
  return once(async () => {
    const found = await load('after', place);
    append(found.html);
    place = Number(found.reached || ids.last() || place);
    if (!found.reached) attach();
    tell();
  });
}

// The newest lines instead of those that are shown.
function newest() {
  return once(async () => {
    const response = await load('newest', '');
    list.innerHTML = response.html;
    place = Number(response.reached || ids.last() || 0);
    before = ids.first() ?? '';
    attach();
    toEnd();
    tell();
  });
}

let held = 0; // what is left of a smooth way up, broken off by End or Follow, may still come: until then it is undone
let touched = false;
for (const kind of ['wheel', 'touchmove', 'keydown', 'pointerdown']) {
  box.addEventListener(kind, () => { touched = true; }, { passive: true });
}
let stood = box.scrollTop;
box.addEventListener('scroll', () => {
  const up = box.scrollTop < stood;
  stood = box.scrollTop;
  if (!touched) {
    if (performance.now() < held && follow.checked && attached && left() > 1) toEnd();
    return;
  }
  const end = atEnd();
  const leaving = end && up; // the first pixels of a smooth way up: neither followed nor left yet
  if (attached && !leaving) follow.checked = end;
  if (attached && end && !up) touched = false;
  if (before && box.scrollTop < NEAR_PX) older();
  else if (!attached && !('ends' in box.dataset) && left() < NEAR_PX) newer();
}, { passive: true });

follow.addEventListener('change', () => {
  touched = false;
  if (!follow.checked) return;
  held = performance.now() + SETTLES_MS;
  if (attached) toEnd(); else newest();
});

function pause() {
  const paused = pauseButton.getAttribute('aria-pressed') === 'false';
  pauseButton.setAttribute('aria-pressed', String(paused));
  if (paused) feed.close(); else if (attached) attach();
}
pauseButton.addEventListener('click', pause);

more?.querySelector('a').addEventListener('click', (event) => {
  event.preventDefault();
  if (before) older();
});

box.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'p') pause();
  else if (event.key === 'End' && !event.shiftKey) { follow.checked = true; follow.dispatchEvent(new Event('change')); }
  else if (event.key === '/') document.getElementById('q').focus();
  else return;
  event.preventDefault();
});

document.getElementById('log-filter').addEventListener('change', (event) => {
  if (event.target.matches('select')) event.target.form.requestSubmit();
});

document.addEventListener('visibilitychange', () => {
  if (document.hidden) feed.close(); else if (attached) attach();
});

// A thousand lines a second are not read out: their number is, now and then.
setInterval(() => {
  if (!news.lines) return;
  said.textContent = `${news.lines} new line${news.lines === 1 ? '' : 's'}${news.errors ? `, ${news.errors} of them errors` : ''}.`;
  news = { lines: 0, errors: 0 };
}, SAY_MS);

if (follow.checked) toEnd();
if (attached) attach();
