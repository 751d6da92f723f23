// The turns of the page, kept the same as the panel's: after what was done here, and what was done in another tab.
import { fragment, get, root } from './chat-post.js';
import { follow, grew } from './chat-scroll.js';
import { refreshAll } from './live.js';
import { ask, showPrices } from './chat-price.js';
import { followReply, isOpen, leaveReply } from './chat-stream.js';

const { htmx } = window;
const thread = document.getElementById('thread');
const said = document.getElementById('said');
const error = document.getElementById('msg-error');
const EVERY_MS = 5000;
let have = '';
let busy = null;

function says(text) {
  said.textContent = text;
}

export function complain(text) {
  error.textContent = text ?? '';
  error.hidden = !text;
}

function turnOf(id) {
  return document.getElementById(`m-${id}`);
}

function begin(article) {
  htmx.process(article);
  for (const hidden of article.querySelectorAll('[data-copy-turn], [data-tell]')) hidden.hidden = false;
  followReply(article, { over, says });
  showPrices();
}

// The receipt and what can be done now; the answer itself stays as it was written.
async function over(article, status) {
  const foot = article.querySelector('[data-foot]');
  try {
    const response = await fetch(`/chat/messages/${article.dataset.turn}/foot/`, { redirect: 'error' });
    if (response.status === 200) {
      foot.replaceWith(fragment(await response.text()));
      article.dataset.mark = response.headers.get('Panel-Mark') ?? '';
      htmx.process(article.querySelector('[data-foot]'));
      begin(article);
    }
  } catch { /* the next look repairs it */ }
  grew();
  document.dispatchEvent(new CustomEvent('chat:over', { detail: { status } }));
  look();
}

function wanted(turns) {
  return turns.filter(([id, mark]) => {
    const there = turnOf(id);
    return !there || (there.dataset.mark !== mark && !isOpen(id) && !there.querySelector('.edit'));
  }).map(([id]) => id);
}

async function markup(ids) {
  const all = {};
  for (let from = 0; from < ids.length; from += 50) {
    const answer = await get(`${root.dataset.base}turns/?ids=${ids.slice(from, from + 50).join(',')}`);
    Object.assign(all, answer?.turns);
  }
  return all;
}

function arrange(turns, fresh) {
  const keep = new Set(turns.map(([id]) => `m-${id}`));
  for (const article of [...thread.children]) {
    if (keep.has(article.id)) continue;
    leaveReply(article.dataset.turn);
    article.remove();
  }
  let at = thread.firstElementChild;
  for (const [id] of turns) {
    let article = turnOf(id);
    if (fresh[id]) {
      const made = fragment(fresh[id]).querySelector('article');
      if (article) { if (at === article) at = article.nextElementSibling; article.remove(); }
      article = made;
      thread.insertBefore(article, at);
      begin(article);
    } else if (article && article !== at) {
      thread.insertBefore(article, at);
    } else if (article) {
      at = article.nextElementSibling;
    }
  }
}

// The list, the title and the gauge; not while somebody writes in them.
async function around() {
  const parts = [['list', 'chats'], ['title', 'chat-head'], ['gauge', 'gauge']];
  const now = await get(`${root.dataset.base}around/`);
  if (!now) return;
  for (const [key, id] of parts) {
    const place = document.getElementById(id);
    if (place.contains(document.activeElement) || place.querySelector('details[open]')) continue;
    if (key === 'list' && location.search) continue; // a search, or older ones, stay as they were asked for
    place.replaceWith(fragment(now[key]));
  }
}

async function lookOnce() {
  if (root.dataset.new === 'yes') return;
  const now = await get(`${root.dataset.base}order/?have=${encodeURIComponent(have)}`);
  if (!now) return;
  const ids = wanted(now.turns);
  arrange(now.turns, ids.length ? await markup(ids) : {});
  have = now.state;
  await around();
  document.getElementById('chat-empty')?.toggleAttribute('hidden', now.turns.length > 0);
}

// One look at a time; one that is asked for meanwhile comes after it.
export function look() {
  busy = (busy ?? Promise.resolve()).then(lookOnce, lookOnce);
  return busy;
}

async function poll() {
  if (!document.hidden) await look();
  setTimeout(poll, EVERY_MS);
}

function textOf(article) {
  return article.querySelector('template[data-source]')?.content.textContent
    ?? article.querySelector('[data-said]')?.textContent ?? article.querySelector('[data-answer]')?.innerText ?? '';
}

async function copy(button, text) {
  const label = button.querySelector('span') ?? button;
  const before = label.textContent;
  try {
    await navigator.clipboard.writeText(text);
    label.textContent = 'Copied';
  } catch {
    label.textContent = 'Could not copy';
  }
  setTimeout(() => { label.textContent = before; }, 1600);
}

addEventListener('click', (event) => {
  const code = event.target.closest('[data-copy-code]');
  if (code) copy(code, code.closest('.code').querySelector('pre').textContent);
  const turn = event.target.closest('[data-copy-turn]');
  if (turn) copy(turn, textOf(turn.closest('.turn')));
  const cancel = event.target.closest('[data-cancel-edit]');
  if (cancel) {
    event.preventDefault();
    const article = cancel.closest('.turn');
    article.querySelector('.edit').remove();
    article.dataset.mark = '';
    have = '';
    look();
  }
});

// Everything that is done to a turn or to the conversation is a real form; here it does not leave the page.
addEventListener('submit', async (event) => {
  const form = event.target.closest('form[data-script]');
  if (!form) return;
  event.preventDefault();
  const button = event.submitter;
  button?.setAttribute('aria-busy', 'true');
  const { ok, data } = await ask(button?.getAttribute('formaction') || form.action, new FormData(form));
  button?.removeAttribute('aria-busy');
  complain(ok ? '' : data.message);
  if (!ok) return;
  if (data.title) closeMenu();
  const edit = form.classList.contains('edit') ? form.closest('.turn') : null;
  if (edit) edit.querySelector('.edit').remove();
  have = '';
  await look();
  if (data.reply) follow();
});

addEventListener('htmx:afterSwap', (event) => {
  const field = event.target.querySelector?.('.edit textarea');
  if (!field) return;
  field.focus();
  field.setSelectionRange(field.value.length, field.value.length);
});

function closeMenu() {
  document.getElementById('chat-menu').open = false;
  document.activeElement.blur();
}

// A reply that waits knows first that the server moves: the head and the button need not wait for their next poll.
let soon = 0;
document.addEventListener('chat:state', () => {
  clearTimeout(soon);
  refreshAll();
  soon = setTimeout(refreshAll, 1500);
});

export function beginThread() {
  for (const article of thread.children) {
    for (const hidden of article.querySelectorAll('[data-copy-turn], [data-tell]')) hidden.hidden = false;
    followReply(article, { over, says });
  }
  if (!location.hash.startsWith('#m-') && thread.children.length) follow();
  setTimeout(poll, EVERY_MS);
  addEventListener('visibilitychange', () => { if (!document.hidden) look(); });
}
