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
let said = document.querySelector('#status')?.dataset.said;
addEventListener('htmx:afterSwap', () => {
  const status = document.querySelector('#status');
  const place = document.getElementById('said');
  if (!status || !place || status.dataset.said === said) return;
  said = status.dataset.said;
  place.textContent = said;
  const burning = document.getElementById('burning');
  if (burning) htmx.trigger(burning, 'refresh');
});

addEventListener('panel:acted', refreshAll);
