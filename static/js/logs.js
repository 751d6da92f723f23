// The live tail of a log: new lines at the end, old ones dropped beyond a bound, follow and pause, levels, counting.
const log = document.getElementById('log');
const MOST = 5000;
const QUICK_MS = 2000;
const QUIET_MS = 15000;
const BURNING = ['deploying', 'waking', 'ready', 'degraded', 'stopping'];

const follow = document.querySelector('[data-follow] input');
const levels = document.querySelector('[data-levels]');
const note = document.getElementById('log-note');
const empty = document.getElementById('log-empty');
let after = Number(log.dataset.after);
let asking = false;

for (const hidden of document.querySelectorAll('#log-filter [hidden]')) hidden.hidden = false;

function toEnd() {
  if (follow.checked) log.scrollTop = log.scrollHeight;
}

function atEnd() {
  return log.scrollHeight - log.scrollTop - log.clientHeight < 40;
}

function dropOldest() {
  const kept = log.children[log.children.length - MOST];
  if (!kept || kept === log.firstElementChild) return;
  const height = kept.offsetTop - log.firstElementChild.offsetTop; // measured once: each removal would lay out anew
  const gone = document.createRange();
  gone.setStartBefore(log.firstElementChild);
  gone.setEndBefore(kept);
  gone.deleteContents();
  if (!follow.checked) log.scrollTop -= height;
}

function append(html) {
  log.insertAdjacentHTML('beforeend', html);
  after = Number(log.lastElementChild?.dataset.id ?? after);
  dropOldest();
  toEnd();
  empty.hidden = log.children.length > 0;
  const some = log.children.length;
  note.textContent = `${some.toLocaleString()} line${some === 1 ? '' : 's'}${some >= MOST ? ', the newest; Download has more' : ''}. `;
}

async function ask() {
  if (asking || document.hidden || !log.dataset.tail) return;
  asking = true;
  try {
    const response = await fetch(`${log.dataset.tail}&after=${after}`, { headers: { 'HX-Request': 'true' }, redirect: 'error' });
    if (response.status === 200 && !response.headers.has('HX-Redirect')) append(await response.text());
  } catch { /* the head of the page says when the panel does not answer */ } finally {
    asking = false;
  }
}

function pace() {
  return BURNING.includes(document.getElementById('status')?.dataset.state) ? QUICK_MS : QUIET_MS;
}

async function tail() {
  await ask();
  setTimeout(tail, pace());
}

let touched = false;
for (const kind of ['wheel', 'touchmove', 'keydown', 'pointerdown']) {
  log.addEventListener(kind, () => { touched = true; }, { passive: true });
}
log.addEventListener('scroll', () => {
  if (!touched) return;
  follow.checked = atEnd();
  if (follow.checked) touched = false;
}, { passive: true });
follow.addEventListener('change', () => { touched = false; toEnd(); });

levels.addEventListener('click', (event) => {
  const chosen = event.target.closest('button');
  if (!chosen) return;
  for (const button of levels.querySelectorAll('button')) button.setAttribute('aria-pressed', String(button === chosen));
  log.dataset.show = chosen.value;
  toEnd();
});

document.getElementById('run').addEventListener('change', (event) => event.target.form.requestSubmit());
addEventListener('visibilitychange', ask);
toEnd();
setTimeout(tail, pace());
