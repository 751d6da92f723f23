// A swap that changes only what differs, so that focus, selection, open details, scroll and what somebody typed
// stay as they are, and nothing that is the same is painted or read aloud again.

const typedIn = new WeakSet();
addEventListener('input', (event) => typedIn.add(event.target), true);

function sameKind(a, b) {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.id ?? '') === (b.id ?? '');
}

function keeps(element, name) {
  if (name === 'open') return element.nodeName === 'DETAILS' || element.nodeName === 'DIALOG';
  return (name === 'value' || name === 'checked') && typedIn.has(element);
}

function patchAttributes(from, to) {
  for (const { name, value } of [...to.attributes]) {
    if (from.getAttribute(name) !== value && !keeps(from, name)) from.setAttribute(name, value);
  }
  for (const { name } of [...from.attributes]) {
    // class comes back with the new markup; htmx marks an element as busy with it meanwhile
    if (!to.hasAttribute(name) && !keeps(from, name)) from.removeAttribute(name);
  }
}

function patch(from, to) {
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
    return;
  }
  patchAttributes(from, to);
  patchChildren(from, to);
}

function patchChildren(from, to) {
  let at = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    let found = at;
    if (wanted.id) while (found && !sameKind(found, wanted)) found = found.nextSibling;
    if (found && sameKind(found, wanted)) {
      while (at !== found) { const gone = at; at = at.nextSibling; gone.remove(); }
      patch(at, wanted);
      at = at.nextSibling;
    } else {
      from.insertBefore(wanted, at);
    }
  }
  while (at) { const gone = at; at = at.nextSibling; gone.remove(); }
}

export function morph(target, fragment) {
  const wanted = fragment.firstElementChild ?? fragment;
  if (!sameKind(target, wanted)) {
    target.replaceWith(wanted);
    return wanted;
  }
  patch(target, wanted);
  return target;
}
