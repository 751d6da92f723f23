// The playground. Without this file its pages are forms and links that work.
import { beginComposer } from './chat-composer.js';
import { beginNotice } from './chat-notice.js';
import { beginPreview } from './chat-preview.js';
import { beginThread } from './chat-thread.js';

beginThread();
beginComposer();
beginPreview();
beginNotice();
// Last, so that what carries it may be relied on.
document.documentElement.classList.add('scripted');
