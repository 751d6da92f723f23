// New lines of a log as server-sent events. It comes again by itself: the browser with the id it saw last, and this
// where the browser gives up.
const AGAIN_MS = 5000;

export class LogFeed {
  #url; #to; #source = null; #waiting = 0;

  constructor(url, to) {
    this.#url = url;
    this.#to = to;
  }

  // `place` gives the id after which to begin, each time anew.
  open(place) {
    if (this.#source || document.hidden) return;
    clearTimeout(this.#waiting);
    const source = new EventSource(`${this.#url}&after=${place()}`);
    source.addEventListener('lines', (event) => this.#to.lines(event.data, Number(event.lastEventId)));
    source.addEventListener('gap', () => this.#to.gap());
    source.addEventListener('error', () => {
      if (source.readyState !== EventSource.CLOSED || this.#source !== source) return;
      this.close();
      this.#waiting = setTimeout(() => this.open(place), AGAIN_MS);
    });
    this.#source = source;
  }

  close() {
    clearTimeout(this.#waiting);
    this.#source?.close();
    this.#source = null;
  }
}
