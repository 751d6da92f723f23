// Text that grows, in parts that are laid out by themselves: what was written is not measured again for each new word.
const PART = 1500; // characters, then the next line begins a part

export class Flow {
  constructor(node) {
    this.node = node;
    this.text = null;
  }

  clear() {
    this.node.replaceChildren();
    this.text = null;
  }

  begin() {
    const part = document.createElement('div');
    part.className = 'part';
    this.text = document.createTextNode('');
    part.append(this.text);
    this.node.append(part);
  }

  append(text) {
    let rest = text;
    while (rest) {
      if (!this.text) this.begin();
      const room = Math.max(0, PART - this.text.length);
      const cut = rest.length > room ? rest.indexOf('\n', room) : -1;
      this.text.appendData(cut < 0 ? rest : rest.slice(0, cut));
      rest = cut < 0 ? '' : rest.slice(cut + 1);
      if (cut >= 0) this.text = null;
    }
  }
}
