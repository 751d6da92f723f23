// The configuration's form: completion of flags by keyboard, the fold beside it on a phone, a warning before
// what was typed is left behind. Without this file the form works, with the browser's own list of flags.
const wide = matchMedia('(min-width: 62rem)');
const beside = document.getElementById('beside');
const form = document.getElementById('config-form');
let typed = false;
let leaving = false;

function fold() {
  if (beside) beside.open = wide.matches;
}
fold();
wide.addEventListener('change', fold);

// What is typed and not saved is not left without a word.
addEventListener('input', (event) => { if (form?.contains(event.target)) typed = true; });
form?.addEventListener('submit', () => { leaving = true; });
addEventListener('beforeunload', (event) => { if (typed && !leaving) event.preventDefault(); });

// Completion: the list belongs to the field that names it in data-combo.
const listOf = (input) => document.getElementById(input.dataset.combo);
const optionsOf = (list) => [...list.querySelectorAll('[role="option"]')];
const chosenOf = (list) => list.querySelector('[aria-selected="true"]');

function prepare(root) {
  for (const input of root.querySelectorAll('[data-combo]')) {
    input.removeAttribute('list'); // two lists at once would lie over each other
    input.setAttribute('role', 'combobox');
    input.setAttribute('aria-autocomplete', 'list');
    input.setAttribute('aria-controls', input.dataset.combo);
    input.setAttribute('aria-expanded', 'false');
  }
}

function close(input) {
  listOf(input).hidden = true;
  input.setAttribute('aria-expanded', 'false');
  input.removeAttribute('aria-activedescendant');
}

function open(input) {
  const list = listOf(input);
  list.hidden = !list.children.length;
  input.setAttribute('aria-expanded', String(!list.hidden));
}

function choose(input, option) {
  for (const other of optionsOf(listOf(input))) other.setAttribute('aria-selected', String(other === option));
  if (!option) { input.removeAttribute('aria-activedescendant'); return; }
  input.setAttribute('aria-activedescendant', option.id);
  option.scrollIntoView({ block: 'nearest' });
}

function take(input, option) {
  input.value = option.dataset.value;
  close(input);
  listOf(input).replaceChildren();
  typed = true;
  input.dispatchEvent(new Event('change', { bubbles: true }));
  input.closest('.pair').querySelector('input[name$=".value"]').focus();
}

function step(input, by) {
  const list = listOf(input);
  const all = optionsOf(list);
  if (list.hidden) open(input);
  if (!all.length) return;
  const at = all.indexOf(chosenOf(list));
  choose(input, all[at < 0 && by < 0 ? all.length - 1 : (at + by + all.length) % all.length]);
}

addEventListener('keydown', (event) => {
  const input = event.target.closest?.('[data-combo]');
  if (!input) return;
  const chosen = chosenOf(listOf(input));
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    event.preventDefault();
    step(input, event.key === 'ArrowDown' ? 1 : -1);
  } else if (event.key === 'Enter' && chosen && !listOf(input).hidden) {
    event.preventDefault();
    take(input, chosen);
  } else if (event.key === 'Escape' && !listOf(input).hidden) {
    event.preventDefault();
    close(input);
  }
});

addEventListener('mousedown', (event) => { // before the field loses the keyboard
  const option = event.target.closest?.('.options [role="option"]');
  if (!option) return;
  event.preventDefault();
  take(document.querySelector(`[data-combo="${option.parentElement.id}"]`), option);
});

addEventListener('focusout', (event) => {
  const input = event.target.closest?.('[data-combo]');
  if (input) close(input);
});

addEventListener('htmx:afterSwap', ({ detail }) => {
  if (!detail.target?.classList.contains('options')) return;
  const input = document.querySelector(`[data-combo="${detail.target.id}"]`);
  if (input && document.activeElement === input) open(input);
});

// What was mended, or has to be, is not left folded away.
function reveal(element) {
  const folded = element.closest('details.rarely');
  if (folded) folded.open = true;
}
addEventListener('htmx:oobBeforeSwap', ({ detail }) => {
  if (detail.target.classList.contains('field')) reveal(detail.target);
});
addEventListener('htmx:oobAfterSwap', ({ detail }) => {
  if (detail.target.classList.contains('field')) {
    typed = true;
    prepare(document);
  } else if (document.getElementById(detail.target.id)?.querySelector('.mark.fault')) {
    reveal(document.getElementById(detail.target.id));
  }
});
prepare(document);
