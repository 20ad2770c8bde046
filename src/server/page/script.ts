/** The script of the page. It creates elements and never writes HTML. */
export const script = `
const $ = (id) => document.getElementById(id);
const node = (tag, text, className) => {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
};
const percent = (share) => (100 * share).toFixed(1) + ' %';
const headers = () => {
  const key = $('key').value.trim();
  return { 'Content-Type': 'application/json', ...(key ? { Authorization: 'Bearer ' + key } : {}) };
};
const problem = (text) => $('result').replaceChildren(node('p', text, 'error'));
// The message of an answer that is no result. A proxy between us and the server may answer in HTML.
const messageIn = (response, text) => {
  try { return JSON.parse(text).detail.message; } catch { return 'the server answered ' + response.status + ' ' + response.statusText; }
};
// Of a request that did not come through; browsers say no more than "Failed to fetch".
const unreached = (error) => 'the server does not answer (' + error.message + ')';
let tasks = [];
// Aborted by the next one, so that an old result never stands below a new text.
let asked = new AbortController();
const task = () => tasks.find(({ id }) => id === $('task').value);
async function list() {
  let response, text;
  try {
    response = await fetch('/v1/models', { headers: headers() });
    text = await response.text();
  } catch (error) { return problem(unreached(error)); }
  const first = $('locked').hidden;
  $('locked').hidden = response.status !== 401 && first;
  // That a key is missing is said by the field for it.
  if (response.status === 401 && first) return;
  if (!response.ok) return problem(messageIn(response, text));
  tasks = JSON.parse(text).data.filter((model) => model.x_type);
  $('task').replaceChildren(...tasks.map(({ id }) => { const option = node('option', id); option.value = id; return option; }));
  describe();
}
function describe() {
  asked.abort();
  $('go').disabled = false;
  const chosen = task();
  $('about').textContent = chosen ? chosen.x_description : '';
  $('text').placeholder = chosen ? 'The ' + chosen.x_input : '';
  $('context').hidden = !(chosen && chosen.x_reads_documents);
  $('result').replaceChildren();
}
function bars(scores, chosen) {
  return Object.entries(scores).sort((a, b) => b[1] - a[1]).map(([label, score]) => {
    const row = node('div', undefined, chosen.includes(label) ? 'bar chosen' : 'bar');
    const bar = node('progress');
    bar.max = 1;
    bar.value = score;
    bar.title = percent(score);
    bar.ariaHidden = 'true';
    row.append(node('span', label), bar, node('span', percent(score)));
    return row;
  });
}
// Colours far from each other, by the place of the label in the task.
function colour(label) {
  const at = Math.max(0, task().x_labels.indexOf(label));
  return 'hsl(' + Math.round(at * 137.5 + 45) % 360 + ' 85% 75%)';
}
function highlighted(text, entities) {
  // Offsets are code points.
  const characters = Array.from(text);
  const shown = node('blockquote');
  let at = 0;
  for (const { start, end, label, score } of entities) {
    // One inside or across another is in the table alone.
    if (start < at) continue;
    shown.append(characters.slice(at, start).join(''));
    const mark = node('mark', characters.slice(start, end).join(''));
    mark.style.backgroundColor = colour(label);
    mark.append(node('small', label));
    mark.title = score === undefined ? label : label + ' ' + percent(score);
    shown.append(mark);
    at = end;
  }
  shown.append(characters.slice(at).join(''));
  return shown;
}
function table(entities) {
  const made = node('table');
  const head = node('tr');
  for (const title of ['label', 'text', 'from–to', 'score']) { const cell = node('th', title, 'dim'); cell.scope = 'col'; head.append(cell); }
  made.append(head);
  for (const { text, label, start, end, score } of entities) {
    const row = node('tr');
    row.append(node('td', label), node('td', text), node('td', start + '–' + end), node('td', score === undefined ? '' : percent(score)));
    made.append(row);
  }
  return made;
}
function shown(text, result) {
  if (result.error) return [node('p', result.error, 'error')];
  if (result.scores) {
    const chosen = result.labels ?? (result.label === null ? [] : [result.label]);
    const title = result.abstained ? 'not sure enough' : chosen.join(', ') || 'no label';
    return [node('h2', title), ...bars(result.scores, chosen)];
  }
  if (result.entities) return [highlighted(text, result.entities), result.entities.length ? table(result.entities) : node('p', 'nothing found', 'dim')];
  if ('answer' in result) {
    if (result.answer === null) return [node('h2', 'no answer'), node('p', result.reason ?? '', 'dim')];
    return [node('h2', result.answer), node('blockquote', result.sentence), node('p', result.source + ':' + result.line + ', ' + percent(result.score), 'dim')];
  }
  return [node('pre', typeof result.output === 'string' ? result.output : JSON.stringify(result.output, null, 2))];
}
$('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const text = $('text').value;
  const chosen = task();
  // None could be listed before; perhaps they can now.
  if (!chosen) return list();
  asked.abort();
  asked = new AbortController();
  const { signal } = asked;
  const record = { [chosen.x_input]: text };
  if (chosen.x_reads_documents && $('context').value.trim()) record.context = $('context').value;
  $('go').disabled = true;
  $('result').replaceChildren(node('p', '…', 'dim'));
  try {
    const response = await fetch('/run/' + encodeURIComponent(chosen.id) + '?pass_through=false', { method: 'POST', headers: headers(), body: JSON.stringify(record), signal });
    const body = await response.text();
    if (signal.aborted) return;
    if (response.ok) $('result').replaceChildren(...shown(text, JSON.parse(body.split('\\n')[0])));
    else problem(messageIn(response, body));
  } catch (error) {
    if (signal.aborted) return;
    problem(unreached(error));
  }
  $('go').disabled = false;
});
$('form').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); $('form').requestSubmit(); }
});
$('task').addEventListener('change', describe);
$('key').addEventListener('change', list);
list();
`;
