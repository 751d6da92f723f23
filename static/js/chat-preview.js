// The page beside the talk: opening, reloading, its source, full screen, leaving by Esc.
import { fragment } from './chat-post.js';

const { htmx } = window;
const chat = document.getElementById('chat');
const beside = document.getElementById('beside');
let opener = null;

function frame() {
  return beside.querySelector('iframe');
}

function ready() {
  for (const hidden of beside.querySelectorAll('[data-show][hidden], [data-reload], [data-full]')) hidden.hidden = false;
  frame()?.addEventListener('load', () => frame()?.focus(), { once: true });
}

async function open(link) {
  const response = await fetch(link.href, { headers: { 'HX-Request': 'true' }, redirect: 'error' }).catch(() => null);
  if (response?.status !== 200) {
    location.assign(link.href);
    return;
  }
  opener = link;
  beside.replaceChildren(fragment(await response.text()));
  htmx.process(beside);
  chat.classList.add('with-preview');
  ready();
  beside.scrollIntoView({ block: 'nearest' });
}

function close() {
  beside.replaceChildren();
  chat.classList.remove('with-preview');
  (opener?.isConnected ? opener : document.getElementById('msg')).focus();
  const address = new URL(location.href);
  if (address.searchParams.delete('preview') === undefined) history.replaceState(null, '', address);
}

async function show(what) {
  const place = beside.querySelector('[data-source-place]');
  const source = beside.querySelector('[data-show="source"]');
  if (what === 'source' && !place.firstChild) {
    const response = await fetch(source.dataset.sourceFrom, { redirect: 'error' }).catch(() => null);
    if (response?.status === 200) place.append(fragment(await response.text()));
  }
  place.hidden = what !== 'source';
  frame().hidden = what === 'source';
  for (const button of beside.querySelectorAll('[data-show]')) button.setAttribute('aria-pressed', String(button.dataset.show === what));
}

function reload() {
  const old = frame();
  const fresh = old.cloneNode();
  fresh.hidden = false;
  old.replaceWith(fresh);
  show('frame');
  fresh.addEventListener('load', () => fresh.focus(), { once: true });
}

// The n-th preview button among the code of a turn is the n-th page of that turn.
function pageOf(button) {
  const turn = button.closest('.turn');
  const n = [...turn.querySelectorAll('[data-preview]')].indexOf(button);
  return turn.querySelector(`[data-page="${n}"]`);
}

addEventListener('click', (event) => {
  const code = event.target.closest('.turn [data-preview]');
  const link = code ? pageOf(code) : event.target.closest('[data-page]');
  if (link) {
    event.preventDefault();
    open(link);
  }
  const tab = event.target.closest('#beside [data-show]');
  if (tab) {
    event.preventDefault();
    show(tab.dataset.show);
  }
  if (event.target.closest('#beside [data-reload]')) reload();
  if (event.target.closest('#beside [data-full]')) frame().requestFullscreen?.().then(() => frame().focus(), () => {});
  if (event.target.closest('#beside [data-close-preview]')) {
    event.preventDefault();
    close();
  }
});

// The frame says one thing to the page around it, and is believed in nothing: that Esc was pressed.
addEventListener('message', (event) => {
  if (!frame() || event.source !== frame().contentWindow || event.data !== 'leave-preview') return;
  if (!document.fullscreenElement && document.activeElement === frame()) beside.querySelector('[data-close-preview]').focus();
});
addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && beside.contains(event.target) && frame()) close();
});

export function beginPreview() {
  if (frame()) ready();
}
