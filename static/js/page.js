// Small conveniences of every page: theme, copying, menus, times that go by. Without this file the pages still work.
const root = document.documentElement;

function dark() {
  return root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
}

addEventListener('submit', (event) => {
  const form = event.target.closest('[data-theme-form]');
  if (!form) return;
  event.preventDefault();
  form.elements.theme.value = dark() ? 'light' : 'dark';
  root.dataset.theme = form.elements.theme.value;
  fetch(form.action, { method: 'POST', body: new FormData(form), redirect: 'manual' }).catch(() => {});
});

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  const lines = [...(source?.querySelectorAll('[data-line]') ?? [])].filter((line) => line.offsetParent);
  const text = button.dataset.copyText ?? lines.map((line) => line.innerText.replaceAll('\n', ' ')).join('\n');
  const label = button.querySelector('[data-label]');
  const before = label.textContent;
  try {
    await navigator.clipboard.writeText(text || source.innerText);
    label.textContent = 'Copied';
  } catch {
    label.textContent = 'Could not copy';
  }
  setTimeout(() => { label.textContent = before; }, 1600);
}

addEventListener('click', (event) => {
  const button = event.target.closest('[data-copy], [data-copy-text]');
  if (button) copy(button);
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    if (!menu.contains(event.target) || event.target.closest('.menu > div button, .menu > div a')) menu.open = false;
  }
});

// What was done is said for a while; what was refused stays (a notice, not a toast).
addEventListener('click', (event) => event.target.closest('[data-close]')?.closest('.toast').remove());
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) {
    for (const toast of addedNodes) if (toast.nodeType === Node.ELEMENT_NODE) setTimeout(() => toast.remove(), 9000);
  }
}).observe(document.getElementById('toasts') ?? document.createElement('div'), { childList: true });

addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  const menu = event.target.closest?.('details.menu[open]');
  if (!menu) return;
  menu.open = false;
  menu.querySelector('summary').focus();
});

function gone(seconds) {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s ago`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 86400 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86400)} d ago`;
}

function left(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const clock = `${String(Math.floor((whole % 3600) / 60)).padStart(whole < 3600 ? 1 : 2, '0')}:${String(whole % 60).padStart(2, '0')}`;
  return whole < 3600 ? clock : `${Math.floor(whole / 3600)}:${clock}`;
}

function tick() {
  if (document.hidden) return;
  for (const time of document.querySelectorAll('[data-ago]')) {
    const text = gone((Date.now() - Date.parse(time.dateTime)) / 1000);
    if (time.textContent !== text) time.textContent = text;
  }
  for (const time of document.querySelectorAll('[data-left]')) {
    const text = left((Date.parse(time.dateTime) - Date.now()) / 1000);
    if (time.textContent !== text) time.textContent = text;
  }
}

tick();
setInterval(tick, 1000);
addEventListener('htmx:afterSwap', tick);
addEventListener('visibilitychange', tick);
for (const tab of document.querySelectorAll('.tabs [aria-current]')) tab.scrollIntoView({ block: 'nearest', inline: 'center' });
