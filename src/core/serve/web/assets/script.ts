/**
 * The one script of the pages, as the browser gets it. It adds to pages that work without it: the log grows by itself, lists are fetched
 * again when something has changed. It writes text only through textContent, and markup only of this server's own pages.
 */
export const script = String.raw`'use strict';
(() => {
  const retryMs = 3000;
  const keptLines = 20000;

  // Parts of a page marked data-live are replaced by those of the same page, fetched again.
  let refreshing = false;
  let again = false;
  async function refresh() {
    if (refreshing) { again = true; return; }
    refreshing = true;
    try {
      const answer = await fetch(location.href, { headers: { accept: 'text/html' }, cache: 'no-store' });
      if (!answer.ok) return;
      const before = document.getElementById('lines');
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
      for (const old of document.querySelectorAll('[data-live]')) {
        const next = fresh.querySelector('[data-live="' + old.dataset.live + '"]');
        if (next && next.innerHTML !== old.innerHTML) replaceKeepingFocus(old, document.importNode(next, true));
      }
      document.title = fresh.title;
      // The run has started: its log, and all that belongs to it, is new on this page.
      if (!before && fresh.getElementById('lines')) location.reload();
    } catch { /* The server is away: the next event, or the reconnection, tries again. */ }
    finally {
      refreshing = false;
      if (again) { again = false; setTimeout(refresh, 500); }
    }
  }

  function replaceKeepingFocus(old, next) {
    const active = old.contains(document.activeElement) ? document.activeElement : null;
    const href = active && active.getAttribute('href');
    old.replaceWith(next);
    if (!active) return;
    const same = href ? [...next.querySelectorAll('a')].find((link) => link.getAttribute('href') === href) : next.querySelector('button');
    if (same) same.focus({ preventScroll: true });
  }

  // A stream that comes back by itself, also where the browser gives up (a proxy's error page, a restart), and sleeps with its tab.
  function listen(address, handlers) {
    let source = null;
    let timer = 0;
    let over = false;
    function open() {
      clearTimeout(timer);
      if (over || source || document.hidden) return;
      source = new EventSource(address());
      source.onopen = () => handlers.opened && handlers.opened();
      source.onerror = () => {
        if (handlers.lost) handlers.lost();
        if (source && source.readyState === EventSource.CLOSED) { source = null; timer = setTimeout(open, retryMs); }
      };
      for (const [name, handle] of Object.entries(handlers.on)) source.addEventListener(name, (event) => handle(event, stop));
    }
    function close() { if (source) source.close(); source = null; clearTimeout(timer); }
    function stop() { over = true; close(); }
    document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
    addEventListener('pagehide', close);
    addEventListener('pageshow', open);
    open();
  }

  function follow(lines) {
    let from = Number(lines.dataset.from);
    let partial = 'partial' in lines.dataset;
    let stick = false;
    const state = document.getElementById('log-state');
    const say = (text, live) => {
      if (!state || state.textContent === text) return;
      state.textContent = text;
      if (!live) return;
      const dot = document.createElement('span');
      dot.className = 'live';
      state.prepend(dot);
    };
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'follow';
    button.textContent = 'Follow the end';
    button.setAttribute('aria-pressed', 'false');
    button.addEventListener('click', () => setStick(!stick));
    lines.after(button);
    function setStick(on) {
      stick = on;
      button.setAttribute('aria-pressed', String(on));
      button.textContent = on ? 'Stop following' : 'Follow the end';
      if (on) toEnd();
    }
    const toEnd = () => scrollTo({ top: document.documentElement.scrollHeight });
    // Who scrolls up wants to read.
    addEventListener('wheel', (event) => { if (event.deltaY < 0 && stick) setStick(false); }, { passive: true });
    addEventListener('keydown', (event) => { if (['PageUp', 'ArrowUp', 'Home'].includes(event.key) && stick) setStick(false); });

    function add(event) {
      const part = JSON.parse(event.data);
      if (part.from < from) return;
      if (partial && lines.lastElementChild) lines.lastElementChild.remove();
      if (part.skipped) lines.append(note('… ' + part.skipped + ' of output left out here; the page of its lines has it'));
      const fresh = document.createDocumentFragment();
      for (const line of part.lines) fresh.append(row(line));
      lines.append(fresh);
      partial = part.partial;
      from = part.to;
      document.getElementById('log-empty').hidden = true;
      while (lines.childElementCount > keptLines) lines.firstElementChild.remove();
      if (stick) toEnd();
    }

    function row([number, ...segments]) {
      const item = document.createElement('li');
      item.id = 'L' + number;
      const link = document.createElement('a');
      link.href = lines.dataset.linePage + '?line=' + number + '#L' + number;
      link.dataset.n = number;
      link.setAttribute('aria-label', 'Line ' + number);
      const text = document.createElement('span');
      for (const [content, classes] of segments) {
        if (!classes) { text.append(content); continue; }
        const span = document.createElement('span');
        span.className = classes;
        span.textContent = content;
        text.append(span);
      }
      item.append(link, text);
      return item;
    }

    function note(content) {
      const item = document.createElement('li');
      const text = document.createElement('span');
      text.className = 'cut';
      text.textContent = content;
      item.append(text);
      return item;
    }

    listen(() => lines.dataset.follow + '?from=' + from, {
      opened: () => say('Live', true),
      lost: () => say('Connection lost, trying again', false),
      on: {
        log: add,
        // The log was begun anew, by another attempt.
        restart: () => location.reload(),
        end: (event, stop) => {
          stop();
          button.remove();
          say('The run has ended', false);
          refresh();
        },
      },
    });
  }

  // A line that this page does not show is on another page of the same log.
  function toLine() {
    const match = /^#L(\d+)$/.exec(location.hash);
    const lines = document.getElementById('lines');
    if (!match || !lines || document.getElementById('L' + match[1])) return;
    if (new URLSearchParams(location.search).get('line') === match[1]) return;
    location.replace(location.pathname + '?line=' + match[1] + location.hash);
  }

  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('.lines a') : null;
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    // The line is here: mark it, and put an address into the bar that finds it from anywhere.
    event.preventDefault();
    location.hash = link.hash;
    history.replaceState(null, '', link.href);
  });

  function tick() {
    for (const span of document.querySelectorAll('[data-since]')) {
      const seconds = Math.max(0, Math.round((Date.now() - Number(span.dataset.since)) / 1000));
      const minutes = Math.floor(seconds / 60);
      span.textContent = minutes < 1 ? seconds + 's' : minutes < 60 ? minutes + 'm' + (seconds % 60) + 's' : Math.floor(minutes / 60) + 'h' + (minutes % 60) + 'm';
    }
  }

  const lines = document.querySelector('[data-follow]');
  if (lines) follow(lines);
  const events = document.body.dataset.events;
  if (events) listen(() => events, { on: { change: refresh } });
  if (document.querySelector('[data-since]') || events) setInterval(tick, 1000);
  addEventListener('hashchange', toLine);
  toLine();
})();
`;
