// Following what is written, until the reader scrolls away.
const end = document.getElementById('thread-end');
const talk = document.querySelector('.talk');
const jump = document.querySelector('[data-jump]');
const NEAR_PX = 120;
let following = true;
let growing = false;
let asked = false;

// On a narrow page the list of conversations comes below: the end is that of the talk, not of the page.
function distance() {
  return talk.getBoundingClientRect().bottom - innerHeight;
}

function toEnd() {
  asked = false;
  if (following) scrollBy(0, distance());
}

// At most once a frame, however much came.
export function grew() {
  growing = true;
  if (!following) {
    jump.hidden = false;
    return;
  }
  if (!asked) {
    asked = true;
    requestAnimationFrame(toEnd);
  }
}

export function ended() {
  growing = false;
}

export function follow() {
  following = true;
  jump.hidden = true;
  toEnd();
  requestAnimationFrame(() => requestAnimationFrame(toEnd)); // what came into view has its true height only now
}

// Only the reader's own movement ends the following; what the page does by itself never does.
function moved(event) {
  const up = event.type !== 'wheel' || event.deltaY < 0;
  if (up && document.scrollingElement.scrollHeight > innerHeight + 40) following = false;
  requestAnimationFrame(() => {
    if (distance() < NEAR_PX && (event.type !== 'wheel' || event.deltaY >= 0)) following = true;
    jump.hidden = following || !growing;
  });
}

addEventListener('wheel', moved, { passive: true });
addEventListener('touchmove', moved, { passive: true });
addEventListener('keydown', (event) => {
  const inText = event.target.matches?.('textarea, input');
  if (!inText && ['PageUp', 'PageDown', 'Home', 'End', 'ArrowUp', 'ArrowDown', ' '].includes(event.key)) moved(event);
});
jump.addEventListener('click', follow);
new IntersectionObserver(([seen]) => {
  if (!seen.isIntersecting) return;
  jump.hidden = true;
}).observe(end);
