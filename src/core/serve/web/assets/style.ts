import { paletteHex } from '../ansi/palette.ts';

/** Colours of the log by number, on its own background, which is dark by day and by night as terminals are. */
const firstSixteen = [
  '#6b7684',
  '#ff7b72',
  '#56d364',
  '#e3b341',
  '#79c0ff',
  '#d2a8ff',
  '#56d4dd',
  '#d0d7de',
  '#8b949e',
  '#ffa198',
  '#7ee787',
  '#f2cc60',
  '#a5d6ff',
  '#e2c5ff',
  '#b3f0ff',
  '#ffffff',
];

/** Black and white both can be read on these. */
const firstBackgrounds = ['#30363d', '#d1424b', '#2f8f46', '#9a6b00', '#3f7ddb', '#a05fd6', '#1b8c98', '#8b949e'];

function logColours(): string {
  const rules: string[] = [];
  for (let index = 0; index < 256; index++) {
    const colour = firstSixteen[index] ?? `#${paletteHex(index)}`;
    const background = firstBackgrounds[index] ?? colour;
    rules.push(`.f${index}{color:${colour}}.g${index}{background:${background}}`);
  }
  return `${rules.join('')}.f0[class*=" g"]{color:#000}`;
}

const rules = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #1b2330; --quiet: #5a6675; --line: #d9dee5; --link: #0b5cad; --focus: #0b5cad;
  --good: #12692f; --good-back: #dcf3e2; --bad: #a3161f; --bad-back: #fde4e4; --warn: #7a4b00; --warn-back: #fcefd0;
  --busy: #0b5cad; --busy-back: #dfecfb; --still: #4c5665; --still-back: #e8ebef;
  --log: #12171f; --log-ink: #d5dbe3; --log-quiet: #8793a2; --log-line: #2a323d; --log-mark: #37352a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #11151b; --card: #191f27; --ink: #e3e8ee; --quiet: #9ba7b5; --line: #303946; --link: #7db7f5; --focus: #7db7f5;
    --good: #7edb98; --good-back: #143322; --bad: #ff9c97; --bad-back: #43191c; --warn: #f0c566; --warn-back: #3b2d0d;
    --busy: #8cc1fa; --busy-back: #14304f; --still: #b3bdc9; --still-back: #2a323d;
    --log: #0b0e13; --log-line: #232b36;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
a { color: var(--link); text-underline-offset: .15em; }
.list a, .facts a { text-decoration: none; }
.list a:hover, .facts a:hover { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 3px; }
main:focus { outline: none; }
h1 { font-size: 1.45rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; }
code, pre, .ref, .lines { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code, .ref { font-size: .92em; overflow-wrap: anywhere; }
bdi { overflow-wrap: anywhere; }
.quiet { color: var(--quiet); font-weight: 400; }
.wrap { max-width: 78rem; margin: 0 auto; padding: 0 1.25rem; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: .5rem; z-index: 2; background: var(--card); padding: .5rem 1rem; }
.top { background: var(--card); border-bottom: 1px solid var(--line); }
.top .wrap { display: flex; flex-wrap: wrap; align-items: center; gap: 0 1.5rem; }
.brand { font-weight: 700; font-size: 1.1rem; color: var(--ink); text-decoration: none; padding: .7rem 0; letter-spacing: -.01em; }
.top ul { display: flex; flex-wrap: wrap; gap: 0 .25rem; list-style: none; margin: 0; padding: 0; }
.top li a { display: block; padding: .8rem .7rem .7rem; color: var(--quiet); text-decoration: none; border-bottom: 2px solid transparent; white-space: nowrap; }
.top li a:hover { color: var(--ink); }
.top li a[aria-current] { color: var(--ink); font-weight: 600; border-color: var(--link); }
.who { margin-left: auto; color: var(--quiet); padding: .7rem 0; }
.count { background: var(--bad-back); color: var(--bad); border-radius: 1em; padding: 0 .5em; font-size: .85em; font-weight: 600; }
main { padding-top: 1.5rem !important; padding-bottom: 4rem !important; }
main > h1 { margin-bottom: 1rem; }
.state { display: inline-block; white-space: nowrap; border-radius: 1em; padding: .05em .65em; font-size: .87rem; font-weight: 600; background: var(--still-back); color: var(--still); }
.state .sign { display: inline-block; min-width: .8em; text-align: center; }
.state.success, .state.ok, .state.accepted { background: var(--good-back); color: var(--good); }
.state.failure, .state.error, .state.failing, .state.unreachable { background: var(--bad-back); color: var(--bad); }
.state.timed-out, .state.waiting { background: var(--warn-back); color: var(--warn); }
.state.running { background: var(--busy-back); color: var(--busy); }
.filter { display: flex; flex-wrap: wrap; align-items: end; gap: .6rem 1rem; margin: 0 0 1.1rem; }
.filter label { display: grid; gap: .15rem; font-size: .87rem; color: var(--quiet); }
input, select, button { font: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .35rem .6rem; min-height: 2.3rem; }
input, select { border-color: color-mix(in srgb, var(--quiet) 60%, var(--line)); }
button { font-weight: 600; cursor: pointer; padding: .35rem .95rem; border-color: color-mix(in srgb, var(--quiet) 60%, var(--line)); }
button:hover { border-color: var(--link); color: var(--link); }
.filter a { padding: .45rem 0; }
table { border-collapse: collapse; width: 100%; }
.list { background: var(--card); border: 1px solid var(--line); border-radius: 8px; border-spacing: 0; border-collapse: separate; }
.list th, .list td { text-align: left; vertical-align: top; padding: .6rem .8rem; border-top: 1px solid var(--line); font-weight: 400; }
.list thead th { border-top: 0; color: var(--quiet); font-size: .85rem; padding-bottom: .4rem; }
.list td:not(:nth-child(3)), .list time, .list code { white-space: nowrap; }
.list .note { white-space: normal; }
.deliveries td:nth-child(4), .repositories td { white-space: normal !important; }
.list .title { font-weight: 600; overflow-wrap: anywhere; }
.list .number { text-align: right; }
.note { display: block; color: var(--quiet); font-size: .9rem; overflow-wrap: anywhere; max-width: 44rem; }
.note bdi { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
.note bdi:has(+ *), td .note bdi { display: inline; }
.pager { display: flex; gap: 1.5rem; padding: 1rem 0; }
.empty { color: var(--quiet); background: var(--card); border: 1px dashed var(--line); border-radius: 8px; padding: 1rem 1.25rem; margin: .75rem 0; }
.empty p { margin: .25rem 0; }
.empty[hidden] { display: none; }
.notice { background: var(--busy-back); color: var(--busy); border-radius: 8px; padding: .6rem 1rem; margin: 0 0 1rem; }
.head { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .9rem; }
.head .action { margin-left: auto; }
.detail { border-left: 3px solid var(--line); padding: .1rem 0 .1rem .9rem; margin: .9rem 0; max-width: 60rem; }
.detail.failure, .detail.error { border-color: var(--bad); }
.detail.waiting, .detail.timed-out { border-color: var(--warn); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(11.5rem, 1fr)); gap: .8rem 1.5rem; margin: 1.1rem 0; }
.facts dt { color: var(--quiet); font-size: .87rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.last-line { margin: .75rem 0 0; overflow-wrap: anywhere; }
.headers { background: var(--card); border: 1px solid var(--line); border-radius: 8px; border-collapse: separate; border-spacing: 0; }
.headers th, .headers td { text-align: left; vertical-align: top; padding: .25rem .8rem; overflow-wrap: anywhere; font-size: .92rem; }
.headers th { font-weight: 600; white-space: nowrap; width: 1%; }
pre.body { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .8rem; overflow: auto; max-height: 40rem; font-size: .86rem; line-height: 1.45; white-space: pre-wrap; overflow-wrap: anywhere; }
.log { margin-top: 1.5rem; }
.log-bar { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; margin-bottom: .4rem; }
.log-bar h2 { margin: 0; }
.log-bar a { margin-left: auto; }
.parts { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; padding: .5rem 0; }
.lines { background: var(--log); color: var(--log-ink); border-radius: 8px; list-style: none; margin: 0; padding: .6rem 0; font-size: 13px; line-height: 1.5; overflow: hidden; border: 1px solid var(--log-line); }
.lines:empty { display: none; }
.lines li { display: flex; }
.lines li > a { flex: none; min-width: 4.6em; padding: 0 1em 0 .7em; text-align: right; color: var(--log-quiet); text-decoration: none; user-select: none; }
.lines li > a::before { content: attr(data-n); }
.lines li > a:hover { color: var(--log-ink); text-decoration: underline; }
.lines li > a:focus-visible { outline-color: #7db7f5; outline-offset: -2px; }
.lines li > span { flex: 1; min-width: 0; padding-right: .8em; white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 8; unicode-bidi: isolate; }
.lines li:target { background: var(--log-mark); box-shadow: inset 3px 0 #e3b341; }
.lines .b { font-weight: 700; } .lines .d { opacity: .7; } .lines .i { font-style: italic; } .lines .u { text-decoration: underline; }
.lines .s { text-decoration: line-through; } .lines .u.s { text-decoration: underline line-through; }
.lines .fi { color: var(--log); } .lines .gi { background: var(--log-ink); } .lines .cut { color: var(--log-quiet); font-style: italic; }
.follow { position: sticky; bottom: 1rem; float: right; margin: .6rem .6rem 0 0; box-shadow: 0 1px 6px rgb(0 0 0 / .35); }
.live { display: inline-block; width: .55em; height: .55em; border-radius: 50%; background: currentColor; margin-right: .4em; }
@media (prefers-reduced-motion: no-preference) { .live { animation: pulse 1.6s ease-in-out infinite; } @keyframes pulse { 50% { opacity: .25; } } }
@media (max-width: 46rem) {
  .wrap { padding: 0 .9rem; }
  .top .wrap { gap: 0 .9rem; }
  .top nav { order: 3; width: 100%; margin: 0 -.5rem; }
  .top ul { gap: 0; }
  .top li a { padding: .4rem .4rem .5rem; font-size: .88rem; }
  .filter label { flex: 1 1 9rem; }
  .filter input, .filter select { width: 100%; min-width: 0; }
  .list, .list tbody, .list tr, .list td, .list th { display: block; }
  .list thead { position: absolute; left: -100rem; }
  .list tr { padding: .7rem .9rem; border-top: 1px solid var(--line); }
  .list tr:first-child { border-top: 0; }
  .list tr::after { content: ""; display: block; clear: both; }
  .list td, .list tbody th { border: 0; padding: .1rem 0; white-space: normal !important; }
  .list td:first-child { float: right; margin-left: .75rem; }
  .list td:empty { display: none; }
  .list td:nth-child(n+4) { display: inline-block; margin-right: 1rem; color: var(--quiet); font-size: .9rem; }
  .list td[data-label]::before { content: attr(data-label) " "; color: var(--quiet); }
  .repositories td:nth-child(n+3) { display: block; }
  .list .number { text-align: left; }
  .headers th, .headers td { display: block; padding: .1rem .8rem; width: auto; }
  .headers td { padding-bottom: .4rem; }
  .lines { margin: 0 -.9rem; border-radius: 0; font-size: 12px; }
  .lines li > a { min-width: 3.6em; padding: 0 .7em 0 .3em; }
  .facts { grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); }
}
@media print { .top, .filter, .action, .pager, .parts, .follow { display: none; } .lines { color: #000; background: none; } .lines span { color: #000 !important; } }
`;

/** The one style sheet. The colours of the log come last but need no more weight than the rest. */
export const styleSheet: string = `${rules.replace(/\n\s*/g, '\n').trim()}\n${logColours()}\n`;

export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0b5cad"/><path d="M9 7v18M23 7v18M9 12h14M9 20h14" stroke="#fff" stroke-width="3" stroke-linecap="round" fill="none"/></svg>\n`;
