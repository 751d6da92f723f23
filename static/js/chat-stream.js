// One reply while it is written. Open text is only ever appended as text; HTML comes finished from the server.
import { fragment } from './chat-post.js';
import { ended, grew } from './chat-scroll.js';
import { Flow } from './chat-text.js';

const ENDED = ['done', 'stopped', 'failed', 'interrupted'];
const FENCE = /^ {0,3}(?:`{3,}|~{3,})[^\n]*\n/;
const LEAF = 16;
const MISSES = 20;
const open = new Map(); // id of the reply -> what follows it

class Reply {
  constructor(article, { over, says }) {
    this.article = article;
    this.answer = article.querySelector('[data-answer]');
    this.think = article.querySelector('[data-think]');
    this.thoughts = article.querySelector('[data-thoughts]');
    this.thinking = new Flow(this.thoughts);
    this.line = article.querySelector('[data-thought]');
    this.wait = article.querySelector('[data-wait]');
    this.over = over;
    this.says = says;
    this.thinkingSince = 0;
    this.ended = false;
    this.last = '';
    this.missed = 0;
    this.firstThoughts = true;
    this.places = new Map([...this.answer.querySelectorAll(':scope > .b')].map((place, n) => [n, place]));
    this.leaf = null;
    this.openNode = null;
    this.openN = -1;
    this.head = ''; // the first line of an open fence, until it is whole
    this.listen();
  }

  // A browser opens six connections to one host: a tab that nobody looks at gives its own back.
  listen() {
    if (this.ended || document.hidden) return;
    this.source?.close();
    this.source = new EventSource(this.article.dataset.live + (this.last ? `?after=${this.last}` : ''));
    for (const kind of ['state', 'reasoning', 'thought', 'block', 'open', 'receipt']) {
      this.source.addEventListener(kind, ({ data, lastEventId }) => {
        if (data === undefined) return; // "open" is also what the connection itself says
        this.last = lastEventId;
        this.missed = 0;
        this[kind](JSON.parse(data));
      });
    }
    this.source.addEventListener('error', () => {
      // A browser goes on by itself after a break, but not after a refusal: a proxy whose panel restarts says 502.
      if (this.source.readyState !== EventSource.CLOSED || this.ended) return;
      this.missed += 1;
      if (this.missed > MISSES) this.end('unknown');
      else setTimeout(() => this.listen(), Math.min(15_000, 1000 * 2 ** this.missed));
    });
  }

  rest() {
    if (document.hidden) this.source?.close();
    else this.listen();
  }

  close() {
    this.ended = true;
    this.source?.close();
    open.delete(this.article.dataset.turn);
  }

  begins() {
    if (!this.wait) return;
    this.wait.remove();
    this.wait = null;
    this.says('Answering');
  }

  state({ status }) {
    if (status === 'streaming') this.begins();
    this.article.dataset.status = status;
    if (!ENDED.includes(status)) document.dispatchEvent(new CustomEvent('chat:state'));
    if (ENDED.includes(status)) this.end(status);
  }

  reasoning({ text, reset }) {
    if (text) this.begins();
    if (reset || this.firstThoughts) this.thinking.clear();
    this.firstThoughts = false;
    this.think.hidden = !(text || this.thoughts.firstChild);
    if (!text) return;
    this.thinking.append(text);
    if (this.think.open) this.thoughts.scrollTop = this.thoughts.scrollHeight;
    this.tickThinking();
    grew();
  }

  tickThinking() {
    this.thinkingSince ||= Date.now();
    const seconds = Math.round((Date.now() - this.thinkingSince) / 1000);
    const text = seconds ? `Thinking, ${seconds} s` : 'Thinking';
    if (this.line.textContent !== text) this.line.textContent = text;
  }

  thought({ seconds }) {
    this.line.textContent = seconds < 60 ? `Thought for ${seconds < 1 ? seconds.toFixed(1) : Math.round(seconds)} s` : `Thought for ${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  }

  // Blocks lie in leaves: the browser skips a far leaf as one thing, and only the last one is laid out anew.
  place(n) {
    const found = this.places.get(n);
    if (found) return found;
    const place = document.createElement('div');
    place.className = 'b';
    this.places.set(n, place);
    if (!this.leaf?.isConnected || this.leaf.childElementCount >= LEAF) {
      this.leaf = document.createElement('div');
      this.leaf.className = 'leaf';
      this.answer.append(this.leaf);
    }
    this.leaf.append(place);
    return place;
  }

  // A snapshot tells fewer, larger blocks: what it holds already is not shown twice.
  dropAfter(n) {
    for (let after = n + 1; this.places.has(after); after += 1) {
      const leaf = this.places.get(after).parentElement;
      this.places.get(after).remove();
      this.places.delete(after);
      if (!leaf.childElementCount) leaf.remove();
    }
    if (!this.leaf?.isConnected) this.leaf = this.answer.querySelector('.leaf:last-child');
  }

  block({ n, html }) {
    if (html) this.begins();
    this.closeOpen();
    this.place(n).replaceChildren(fragment(html));
    this.dropAfter(n);
    grew();
  }

  open({ n, text, reset }) {
    if (text) this.begins();
    if (reset || n !== this.openN) this.closeOpen();
    if (!text) return;
    if (!this.openNode) this.beginOpen(n);
    if (this.head !== null) text = this.afterHead(text);
    if (text) this.flow.append(text);
    grew();
  }

  beginOpen(n) {
    this.openN = n;
    this.openNode = document.createElement('div');
    this.openNode.className = 'open';
    this.flow = new Flow(this.openNode);
    this.place(n).append(this.openNode);
    this.head = '';
  }

  // A code block looks like one from its first line on; the fence itself is not shown.
  afterHead(text) {
    this.head += text;
    const looksLikeFence = /^ {0,3}(?:`{1,}|~{1,})[^\n]*$/.test(this.head) && this.head.length < 200;
    if (looksLikeFence) return '';
    const whole = this.head;
    this.head = null;
    const fence = FENCE.exec(whole);
    if (!fence) return whole;
    this.openNode.classList.add('as-code');
    return whole.slice(fence[0].length);
  }

  closeOpen() {
    this.openNode?.remove();
    this.openNode = null;
    this.openN = -1;
    this.head = null;
  }

  receipt() {} // the foot that is asked for at the end has it in words

  end(status) {
    this.close();
    this.begins();
    this.answer.removeAttribute('data-growing');
    this.article.removeAttribute('data-live');
    ended();
    this.says(status === 'done' ? 'Done' : `The answer ${status === 'stopped' ? 'was stopped' : 'ended early'}`);
    this.over(this.article, status);
  }
}

export function followReply(article, hooks) {
  const id = article.dataset.turn;
  if (!article.dataset.live || open.has(id)) return;
  open.set(id, new Reply(article, hooks));
}

addEventListener('visibilitychange', () => {
  for (const reply of open.values()) reply.rest();
});

export function leaveReply(id) {
  open.get(id)?.close();
}

export function isOpen(id) {
  return open.has(id);
}
