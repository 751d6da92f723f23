// No wake without its price: it stands on every button that asks, as the Send button knows it, and where it was
// not seen the panel's question is asked before anything goes on.
import { fragment, post } from './chat-post.js';

// Labels and what is posted change together: what a form posts is what its button said.
export function showPrices() {
  const send = document.getElementById('send');
  const seen = send.querySelector('[data-seen]').value;
  const text = send.dataset.price ? ` (wakes, ${send.dataset.price})` : '';
  for (const field of document.querySelectorAll('[data-seen]')) field.value = seen;
  for (const place of document.querySelectorAll('[data-wakes]')) {
    if (place.textContent !== text) place.textContent = text;
  }
  for (const button of document.querySelectorAll('[data-asks]')) {
    // Not `disabled`: that would take the focus from under somebody.
    for (const [name, value] of [['aria-disabled', 'true'], ['aria-describedby', 'send-why']]) {
      if (send.dataset.shut) button.setAttribute(name, value);
      else button.removeAttribute(name);
    }
  }
}

addEventListener('htmx:afterSwap', showPrices);

// The price that was agreed to, or null.
function agreed(html) {
  const slot = document.getElementById('dialog-slot');
  slot.replaceChildren(fragment(html));
  const dialog = slot.querySelector('dialog');
  return new Promise((resolve) => {
    let usd = null;
    dialog.addEventListener('submit', (event) => {
      if (!event.submitter?.hasAttribute('data-yes')) return; // Not now: the dialog closes by itself
      event.preventDefault();
      usd = event.target.elements.seen_usd.value;
      dialog.close();
    });
    dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(usd);
    });
    dialog.showModal();
  });
}

// As post(), for what asks the server: { ok, data }, with an empty message where somebody said no.
export async function ask(address, fields) {
  const body = fields instanceof FormData ? fields : new FormData();
  if (body !== fields) for (const [name, value] of Object.entries(fields)) body.append(name, value);
  const answer = await post(address, body);
  if (!answer.data.dialog) return answer;
  const { dialog, base } = answer.data;
  const action = new DOMParser().parseFromString(dialog, 'text/html').querySelector('form').getAttribute('action');
  const usd = await agreed(dialog);
  if (usd === null) return { ok: false, data: { message: '', base } };
  body.set('seen_usd', usd);
  return ask(action, body);
}
