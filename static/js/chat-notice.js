// "Tell me when ready": the browser asks for leave only after that button was pressed.
import { root } from './chat-post.js';

const READY = ['ready', 'degraded'];
let wanted = false;

function state() {
  return document.getElementById('status')?.dataset.state;
}

function tell() {
  wanted = false;
  const text = `${root.dataset.name} is ready, and your message is on its way.`;
  const toast = document.createElement('div');
  toast.className = 'toast done';
  const line = document.createElement('p');
  line.textContent = text;
  toast.append(line);
  document.getElementById('toasts').append(toast);
  if ('Notification' in window && Notification.permission === 'granted' && document.hidden) {
    new Notification('Pilotlight', { body: text, tag: root.dataset.base });
  }
}

addEventListener('click', async (event) => {
  const button = event.target.closest('[data-tell]');
  if (!button) return;
  wanted = true;
  button.disabled = true;
  const asked = 'Notification' in window ? await Notification.requestPermission().catch(() => 'denied') : 'denied';
  button.textContent = asked === 'granted' ? 'You will be told' : 'You will be told on this page';
});

export function beginNotice() {
  // Live parts rest in hidden tabs; whoever asked to be told has this one small look go on.
  setInterval(async () => {
    if (!wanted) return;
    if (!document.hidden) {
      if (READY.includes(state())) tell();
      return;
    }
    const response = await fetch(`/deployments/${root.dataset.base.split('/')[2]}/status/?compact=1`).catch(() => null);
    const now = response?.ok ? /data-state="(\w+)"/.exec(await response.text())?.[1] : null;
    if (READY.includes(now)) tell();
  }, 3000);
  addEventListener('htmx:afterSwap', () => {
    for (const button of document.querySelectorAll('[data-tell]')) {
      button.hidden = false;
      if (wanted) { button.disabled = true; button.textContent = 'You will be told'; }
    }
  });
}
