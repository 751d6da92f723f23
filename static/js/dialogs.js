// Dialogs come as fragments into #dialog-slot and open as modals. Esc and Enter close; only a press on the button spends.
const slot = document.getElementById('dialog-slot');

function open() {
  const dialog = slot?.querySelector('dialog');
  if (!dialog || dialog.open) return;
  dialog.showModal();
  dialog.addEventListener('close', () => { slot.replaceChildren(); });
  dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
}

addEventListener('htmx:afterSettle', open); // not before htmx has taken hold of what is inside
// After htmx is done with the answer: what it was asked from is inside the dialog.
addEventListener('panel:acted', () => setTimeout(() => slot?.querySelector('dialog')?.close()));

// A choice becomes the chosen one as soon as its own field is touched.
addEventListener('focusin', (event) => {
  const choice = event.target.closest?.('.choice');
  const radio = choice?.querySelector('input[type="radio"]');
  if (!radio || radio.checked || event.target === radio) return;
  radio.checked = true;
  radio.dispatchEvent(new Event('change', { bubbles: true }));
});
