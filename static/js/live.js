// Live fragments: what polls, when it rests, and what is said when it changes.
import { morph } from './morph.js';

const { htmx } = window;
const FRAGMENTS = '[data-fp]';
let lastAnswer = Date.now();
let missed = 0;

htmx.defineExtension('morph', {
  isInlineSwap: (style) => style === 'morph',
  handleSwap: (style, target, fragment) => (style === 'morph' ? [morph(target, fragment)] : false),
});

const isPoll = (detail) => detail.elt.matches?.(FRAGMENTS) && !detail.requestConfig?.triggeringEvent?.isTrusted;

export function refreshAll() {
  for (const fragment of document.querySelectorAll(FRAGMENTS)) htmx.trigger(fragment, 'refresh');
}

addEventListener('htmx:beforeRequest', (event) => {
  if (document.hidden && isPoll(event.detail)) event.preventDefault();
});

addEventListener('htmx:configRequest', ({ detail }) => {
  if (detail.elt.dataset?.fp) detail.headers['Panel-Have'] = detail.elt.dataset.fp;
});

addEventListener('visibilitychange', () => {
  if (!document.hidden) refreshAll();
});

// Forms that were refused come back with their reason; everything else that failed leaves the page as it is.
addEventListener('htmx:beforeSwap', ({ detail }) => {
  if (detail.xhr.getResponseHeader('Panel-Fragment')) {
    detail.shouldSwap = true;
    detail.isError = false;
  }
});

// One missed poll is nothing; two in a row are said, with the time of what is shown.
function answered() {
  lastAnswer = Date.now();
  missed = 0;
  document.getElementById('stale')?.setAttribute('hidden', '');
}

function notAnswered({ detail }) {
  if (!isPoll(detail)) return;
  missed += 1;
  const stale = document.getElementById('stale');
  if (missed < 2 || !stale) return;
  stale.querySelector('[data-stale-since]').textContent = new Date(lastAnswer).toLocaleTimeString();
  stale.removeAttribute('hidden');
}

addEventListener('htmx:afterRequest', ({ detail }) => {
  if (detail.successful || (detail.xhr.status > 0 && detail.xhr.status < 500)) answered();
});
addEventListener('htmx:sendError', notAnswered);
addEventListener('htmx:timeout', notAnswered);
addEventListener('htmx:responseError', ({ detail }) => {
  if (detail.xhr.status >= 500) notAnswered({ detail });
});

// A screen reader hears a state when it begins, not every cent of it.
const told = () => ({ ...document.querySelector('#status')?.dataset });
let before = told();
addEventListener('htmx:afterSwap', () => {
  const now = told();
  const place = document.getElementById('said');
  const burning = document.getElementById('burning');
  if (now.said && now.said !== before.said && place) place.textContent = now.said;
  // A server that wakes burns from the second of its container on, not from the click.
  if (burning && (now.said !== before.said || now.phase !== before.phase)) htmx.trigger(burning, 'refresh');
  before = now;
});

addEventListener('panel:acted', refreshAll);
