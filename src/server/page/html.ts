import { script } from './script.js';

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
textarea { width: 100%; min-height: 7rem; font: inherit; box-sizing: border-box; }
select, input, button { font: inherit; padding: 0.2rem 0.6rem; }
form > * { margin: 0.4rem 0; }
.bar { display: grid; grid-template-columns: minmax(4rem, 12rem) 1fr 4rem; gap: 0.6rem; align-items: center; overflow-wrap: anywhere; }
.bar span:last-child { text-align: right; font-variant-numeric: tabular-nums; }
.bar.chosen { font-weight: bold; }
progress { width: 100%; }
mark { padding: 0 0.2em; border-radius: 0.2em; color: #000; }
mark small { margin-left: 0.3em; opacity: 0.75; }
td, th { text-align: left; padding: 0 1rem 0 0; font-variant-numeric: tabular-nums; }
blockquote { margin: 0.6rem 0; padding-left: 1rem; border-left: 3px solid currentColor; white-space: pre-wrap; overflow-wrap: anywhere; }
pre { overflow: auto; } .error { color: #c62828; } .dim { opacity: 0.7; }
@media (prefers-color-scheme: dark) { .error { color: #ff8a80; } }
`;

/** All of the page. */
export const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><title>slm</title><style>${style}</style></head>
<body>
<h1>slm</h1>
<form id="form">
<div id="locked" hidden><label>Key <input id="key" type="password" autocomplete="off"></label></div>
<label>Task <select id="task"></select></label>
<p id="about" class="dim"></p>
<textarea id="text" required aria-label="Text"></textarea>
<textarea id="context" hidden aria-label="Passage" placeholder="A passage to answer from; if empty, the task's documents"></textarea>
<button id="go">Go</button> <span class="dim">or Ctrl+Enter</span>
</form>
<section id="result" aria-live="polite"></section>
<p class="dim"><a href="/openapi.json">openapi.json</a></p>
<script>${script}</script>
</body>
</html>
`;
