// What a reader with a keyboard or a screen reader would miss on this page, as a list of sentences.
() => {
  const problems = [];
  const shown = (element) => element.checkVisibility({ checkOpacity: false, checkVisibilityCSS: true });
  const brief = (element) => element.outerHTML.replace(/\s+/g, ' ').slice(0, 120);

  function text(element) {
    let words = '';
    for (const node of element.childNodes) {
      if (node.nodeType === Node.TEXT_NODE) words += node.data;
      else if (node.nodeType === Node.ELEMENT_NODE && node.ariaHidden !== 'true') words += node.ariaLabel ?? text(node);
    }
    return words.trim();
  }

  function name(element) {
    const by = element.getAttribute('aria-labelledby');
    if (by) return by.split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join(' ').trim();
    if (element.ariaLabel) return element.ariaLabel.trim();
    if (element.labels?.length) return [...element.labels].map(text).join(' ').trim();
    return text(element) || element.title;
  }

  for (const element of document.querySelectorAll('button, a[href], summary, input:not([type=hidden]), select, textarea, [role=img], dialog[open], nav, section[aria-label], [role=region]')) {
    if (shown(element) && !name(element)) problems.push(`no name: ${brief(element)}`);
  }
  for (const attribute of ['aria-labelledby', 'aria-describedby', 'for']) {
    for (const element of document.querySelectorAll(`[${attribute}]`)) {
      for (const id of element.getAttribute(attribute).split(' ')) {
        if (!document.getElementById(id)) problems.push(`${attribute} names nothing: ${brief(element)}`);
      }
    }
  }
  const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
  for (const id of new Set(ids.filter((one, index) => ids.indexOf(one) !== index))) problems.push(`id twice: ${id}`);
  if (document.querySelectorAll('h1').length !== 1) problems.push(`${document.querySelectorAll('h1').length} h1`);
  let level = 0;
  for (const heading of document.querySelectorAll('h1, h2, h3, h4')) {
    if (!shown(heading) && !heading.closest('.visually-hidden')) continue;
    const now = Number(heading.nodeName[1]);
    if (level && now > level + 1) problems.push(`heading jumps to ${now}: ${brief(heading)}`);
    level = now;
  }
  if (!document.documentElement.lang || !document.title.trim()) problems.push('no language or title');
  if (document.querySelectorAll('main').length !== 1) problems.push('not one main');
  if (document.querySelector('[tabindex]:not([tabindex="0"]):not([tabindex="-1"])')) problems.push('tabindex above 0');
  for (const pane of document.querySelectorAll('*')) {
    const style = getComputedStyle(pane);
    const scrolls = /auto|scroll/.test(style.overflowX + style.overflowY) && (pane.scrollWidth > pane.clientWidth + 1 || pane.scrollHeight > pane.clientHeight + 1);
    if (scrolls && pane !== document.documentElement && pane.tabIndex < 0 && !pane.querySelector('a, button, input') && shown(pane)) problems.push(`scrolls without focus: ${brief(pane)}`);
  }

  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  function rgba(color) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  }
  const light = (channel) => { const c = channel / 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  function ground(element) {
    for (let at = element; at; at = at.parentElement) {
      const color = rgba(getComputedStyle(at).backgroundColor);
      if (color[3] > 250) return color;
    }
    return rgba('white');
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const dialog = document.querySelector('dialog[open]');
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !shown(element) || element.closest('.visually-hidden, .skip, svg, option, [disabled]')) continue;
    if (dialog && !dialog.contains(element)) continue;
    const style = getComputedStyle(element);
    const [a, b] = [luminance(rgba(style.color)), luminance(ground(element))].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < needed) problems.push(`contrast ${contrast.toFixed(2)}: ${brief(element)}`);
  }
  return problems;
}
