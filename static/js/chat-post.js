// Asking the panel: forms and small reads, answered as JSON for this script.
export const root = document.getElementById('chat');
const HEADERS = { 'Panel-Script': 'yes' };

function token() {
  return document.querySelector('[name="csrfmiddlewaretoken"]').value;
}

async function read(response) {
  const kind = response.headers.get('Content-Type') ?? '';
  if (response.redirected || !kind.includes('json')) {
    return { ok: false, data: { message: response.status === 403 ? 'You may not do this, or are signed out. Reload the page.' : 'The panel did not answer as expected. Reload the page.' } };
  }
  return { ok: response.ok, data: await response.json() };
}

// Always an answer: { ok, data }, where data.message says why it was not.
export async function post(address, fields = {}) {
  const body = fields instanceof FormData ? fields : new FormData();
  if (body !== fields) for (const [name, value] of Object.entries(fields)) body.append(name, value);
  body.set('csrfmiddlewaretoken', token());
  try {
    return await read(await fetch(address, { method: 'POST', body, headers: HEADERS }));
  } catch {
    return { ok: false, data: { message: 'The panel cannot be reached. Your text stays here; try again.' } };
  }
}

// null where nothing changed or nothing could be read.
export async function get(address) {
  try {
    const response = await fetch(address, { headers: HEADERS });
    if (response.status !== 200 || response.redirected) return null;
    return await response.json();
  } catch {
    return null;
  }
}

export function fragment(html) {
  return document.createRange().createContextualFragment(html);
}

// A conversation begins when something of it has to be kept: from then on the page has its address.
export function begun(base) {
  if (!base || root.dataset.base === base) return;
  const fresh = root.dataset.new === 'yes';
  root.dataset.base = base;
  root.dataset.new = '';
  document.getElementById('ask').action = `${base}ask/`;
  document.getElementById('parameters').action = `${base}parameters/`;
  if (fresh) {
    history.replaceState(null, '', base);
    document.dispatchEvent(new CustomEvent('chat:begun'));
  }
}
