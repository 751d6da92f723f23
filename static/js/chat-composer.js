// The composer: what is typed is never lost, files go along, Enter sends.
import { begun, fragment, post, root } from './chat-post.js';
import { ask } from './chat-price.js';
import { follow } from './chat-scroll.js';
import { complain, look } from './chat-thread.js';

const form = document.getElementById('ask');
const text = document.getElementById('msg');
const chooser = document.getElementById('files-in');
const SAVE_MS = 1200;
let timer = 0;
let sending = false;
let saved = text.value;

function key() {
  return `draft:${root.dataset.base}`;
}

function remember() {
  try {
    if (text.value) localStorage.setItem(key(), text.value);
    else localStorage.removeItem(key());
  } catch { /* storage is full or switched off: the server has the draft */ }
}

function restore() {
  let kept = null;
  try { kept = localStorage.getItem(key()); } catch { /* as above */ }
  // What this browser typed last is newer than what it managed to save.
  if (kept && kept !== text.value) text.value = kept;
}

function show(data) {
  if (data.gauge) document.getElementById('gauge').replaceWith(fragment(data.gauge));
  if (data.files !== undefined) document.getElementById('files').replaceWith(fragment(data.files));
}

function move(base) {
  const before = key();
  begun(base);
  if (before === key()) return;
  try { localStorage.removeItem(before); } catch { /* as above */ }
  remember();
}

async function save() {
  clearTimeout(timer);
  if (sending || text.value === saved) return;
  const value = text.value;
  const { ok, data } = await post(`${root.dataset.base}draft/`, { text: value });
  if (!ok || sending) return;
  saved = value;
  move(data.base);
  show(data);
}

text.addEventListener('input', () => {
  remember();
  complain('');
  clearTimeout(timer);
  timer = setTimeout(save, SAVE_MS);
});
addEventListener('pagehide', () => {
  // What was not yet begun waits in this browser: a conversation begun while leaving would be a second one.
  if (sending || text.value === saved || root.dataset.new === 'yes') return;
  const body = new FormData();
  body.set('text', text.value);
  body.set('csrfmiddlewaretoken', form.elements.csrfmiddlewaretoken.value);
  navigator.sendBeacon(`${root.dataset.base}draft/`, body);
});

text.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  form.requestSubmit(document.getElementById('send-button'));
});

async function send() {
  const button = document.getElementById('send-button');
  if (sending || button.disabled) return;
  if (!text.value.trim()) {
    text.focus();
    return;
  }
  sending = true;
  clearTimeout(timer);
  button.setAttribute('aria-busy', 'true');
  const { ok, data } = await ask(form.action, { text: text.value, seen_usd: form.elements.seen_usd.value });
  button.removeAttribute('aria-busy');
  sending = false;
  complain(ok ? '' : data.message);
  if (!ok) {
    move(data.base);
    if (data.base) saved = text.value; // the panel has it as a draft
    return;
  }
  text.value = saved = '';
  remember();
  move(data.base);
  document.getElementById('files').replaceChildren();
  await look();
  follow();
  text.focus();
  window.htmx.trigger(document.getElementById('send'), 'refresh');
}

form.addEventListener('submit', (event) => {
  const detach = event.submitter?.hasAttribute('data-detach') ? event.submitter : null;
  event.preventDefault();
  if (detach) post(detach.getAttribute('formaction'), { file: detach.value }).then(({ ok, data }) => { complain(ok ? '' : data.message); show(data); text.focus(); });
  else send();
});

async function attach(files) {
  if (!files.length) return;
  const body = new FormData();
  for (const file of files) body.append('files', file, file.name || 'pasted.txt');
  form.setAttribute('aria-busy', 'true');
  const { ok, data } = await post(`${root.dataset.base}attach/`, body);
  form.removeAttribute('aria-busy');
  complain(ok ? '' : data.message);
  if (!ok) return;
  move(data.base);
  show(data);
}

chooser.addEventListener('change', async () => {
  const files = [...chooser.files];
  chooser.value = '';
  await attach(files);
  text.focus();
});
text.addEventListener('paste', (event) => {
  const files = [...event.clipboardData.files];
  if (!files.length) return; // text stays text, however long
  event.preventDefault();
  attach(files);
});
for (const kind of ['dragover', 'dragleave', 'drop']) {
  form.addEventListener(kind, (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    form.classList.toggle('over', kind === 'dragover');
    if (kind === 'drop') attach([...event.dataTransfer.files]);
  });
}

// Settings: the errors stand at their fields.
const parameters = document.getElementById('parameters');
const settings = document.getElementById('chat-settings');
document.querySelector('[data-settings]').addEventListener('click', (event) => {
  event.preventDefault();
  settings.open = !settings.open;
  if (settings.open) settings.querySelector('textarea').focus();
});
parameters.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { ok, data } = await post(parameters.action, new FormData(parameters));
  for (const old of parameters.querySelectorAll('.error')) old.remove();
  for (const field of parameters.querySelectorAll('.field.bad')) field.classList.remove('bad');
  if (!ok) {
    for (const [name, why] of Object.entries(data.fields ?? {})) wrong(parameters.elements[name], why);
    if (data.message) complain(data.message);
    return;
  }
  move(data.base);
  document.querySelector('[data-thinking]').textContent = parameters.elements.reasoning.checked ? 'Thinking on' : 'Thinking off';
  settings.open = false;
  document.getElementById('said').textContent = 'Settings saved';
  text.focus();
});

function wrong(field, why) {
  if (!field) return;
  const line = document.createElement('p');
  line.className = 'error';
  line.textContent = why;
  const place = field.closest('.field') ?? field.parentElement;
  place.classList.add('bad');
  place.append(line);
  field.focus();
}

export function beginComposer() {
  restore();
  if (text.value !== saved) timer = setTimeout(save, SAVE_MS);
  if (matchMedia('(min-width: 68rem)').matches && !location.hash) text.focus({ preventScroll: true });
}
