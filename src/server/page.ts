import { type Route, z } from './routes.js';

/**
 * `GET /`: a page where a person tries each task. It has everything with it, and shows text as text: whatever a record
 * or a label holds, nothing of it acts.
 */
export const page: Route = {
  method: 'get',
  path: '/',
  summary: 'A page to try the tasks on',
  answer: z.string(),
  mediaType: 'text/html',
  open: true,
  handle(c) {
    return c.body(html, 200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy':
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
    });
  },
};

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
textarea { width: 100%; min-height: 7rem; font: inherit; box-sizing: border-box; }
select, input, button { font: inherit; padding: 0.2rem 0.6rem; }
form > * { margin: 0.4rem 0; }
.bar { display: grid; grid-template-columns: 9rem 1fr 4rem; gap: 0.6rem; align-items: center; }
.bar span:last-child { text-align: right; font-variant-numeric: tabular-nums; }
progress { width: 100%; }
mark { padding: 0 0.2em; border-radius: 0.2em; background: #ffd54a; color: #000; }
mark small { margin-left: 0.3em; opacity: 0.75; }
blockquote { margin: 0.6rem 0; padding-left: 1rem; border-left: 3px solid currentColor; white-space: pre-wrap; }
pre { overflow: auto; } .error { color: #c62828; } .dim { opacity: 0.7; }
`;

const script = `
const $ = (id) => document.getElementById(id);
const node = (tag, text, className) => {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
};
const headers = () => {
  const key = $('key').value.trim();
  return { 'Content-Type': 'application/json', ...(key ? { Authorization: 'Bearer ' + key } : {}) };
};
let tasks = [];
async function list() {
  const response = await fetch('/v1/models', { headers: headers() });
  if (response.status === 401) { $('locked').hidden = false; return; }
  $('locked').hidden = true;
  tasks = (await response.json()).data.filter((model) => model.x_type);
  $('task').replaceChildren(...tasks.map((task) => { const option = node('option', task.id); option.value = task.id; return option; }));
  describe();
}
function describe() {
  const task = tasks.find(({ id }) => id === $('task').value);
  $('about').textContent = task ? task.x_description : '';
  $('text').placeholder = task && task.x_type === 'answer' ? 'A question' : 'A text';
}
function bars(scores) {
  return Object.entries(scores).sort((a, b) => b[1] - a[1]).map(([label, score]) => {
    const row = node('div', undefined, 'bar');
    const bar = node('progress');
    bar.max = 1;
    bar.value = score;
    row.append(node('span', label), bar, node('span', (100 * score).toFixed(1) + ' %'));
    return row;
  });
}
function highlighted(text, entities) {
  const characters = Array.from(text);
  const shown = node('blockquote');
  let at = 0;
  for (const { start, end, label, score } of entities) {
    if (start < at) continue;
    shown.append(characters.slice(at, start).join(''));
    const mark = node('mark', characters.slice(start, end).join(''));
    mark.append(node('small', label));
    mark.title = score === undefined ? label : label + ' ' + (100 * score).toFixed(1) + ' %';
    shown.append(mark);
    at = end;
  }
  shown.append(characters.slice(at).join(''));
  return shown;
}
function shown(text, result) {
  if (result.error) return [node('p', result.error, 'error')];
  if (result.scores) return [node('h2', result.label ?? (result.labels ?? []).join(', ') ?? 'no label'), ...bars(result.scores)];
  if (result.entities) return [highlighted(text, result.entities), ...(result.entities.length ? [] : [node('p', 'nothing found', 'dim')])];
  if ('answer' in result) {
    if (result.answer === null) return [node('h2', 'no answer'), node('p', result.reason ?? '', 'dim')];
    return [node('h2', result.answer), node('blockquote', result.sentence), node('p', result.source + ':' + result.line + ', ' + (100 * result.score).toFixed(1) + ' %', 'dim')];
  }
  return [node('pre', typeof result.output === 'string' ? result.output : JSON.stringify(result.output, null, 2))];
}
$('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const text = $('text').value;
  $('go').disabled = true;
  $('result').replaceChildren(node('p', '…', 'dim'));
  try {
    const response = await fetch('/run/' + encodeURIComponent($('task').value) + '?pass_through=false', { method: 'POST', headers: headers(), body: JSON.stringify({ text }) });
    const body = await response.text();
    const result = JSON.parse(body.split('\\n')[0]);
    $('result').replaceChildren(...(response.ok ? shown(text, result) : [node('p', result.detail.message, 'error')]));
  } catch (error) {
    $('result').replaceChildren(node('p', String(error), 'error'));
  }
  $('go').disabled = false;
});
$('task').addEventListener('change', describe);
$('key').addEventListener('change', list);
list();
`;

const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>slm</title><style>${style}</style></head>
<body>
<h1>slm</h1>
<form id="form">
<div id="locked" hidden><label>Key <input id="key" type="password" autocomplete="off"></label></div>
<label>Task <select id="task"></select></label>
<p id="about" class="dim"></p>
<textarea id="text" required aria-label="Text"></textarea>
<button id="go">Go</button>
</form>
<section id="result" aria-live="polite"></section>
<p class="dim"><a href="/openapi.json">openapi.json</a></p>
<script>${script}</script>
</body>
</html>
`;
