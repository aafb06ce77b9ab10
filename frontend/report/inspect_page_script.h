// The style sheet and the script of `weft inspect --html`, beside those of all reports.
#pragma once

#include <string_view>

namespace weft {

inline constexpr std::string_view kInspectStyle = R"css(
body { max-width: 110rem; }
nav { display: flex; flex-wrap: wrap; gap: .4rem 1.2rem; margin-top: 1rem; }
a { color: var(--c0); }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
figure { max-width: 76rem; margin: 1rem 0; }
figure svg { min-width: 44rem; }
figure .swatch { min-width: 0; }
.lines { width: 100%; }
.lines td, .lines th { text-align: left; vertical-align: top; padding: .1rem .5rem; }
.lines th[scope=row] { min-width: 0; color: var(--soft); font-weight: 400; }
.lines .code { white-space: pre-wrap; min-width: 18rem; width: 45%; max-width: none; }
.lines .nodes { white-space: normal; min-width: 8rem; }
.lines tr.on { background: rgba(var(--heat), .16); }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: .86em; }
.tools { display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; align-items: center; margin: .75rem 0; }
.tools label { display: flex; align-items: center; gap: .5rem; font-size: .9rem; }
.tools input { accent-color: var(--c0); }
.tools .legend { margin: 0; }
.double { display: inline-block; width: 1.1rem; height: .8rem; border: 3px double var(--c0); }
.view { display: grid; grid-template-columns: minmax(0, 1fr) 24rem; gap: 1rem; }
.canvas { overflow: auto; max-height: 85vh; border: 1px solid var(--rule); border-radius: .5rem;
  background: var(--card); }
.canvas .graph { background: none; }
.canvas svg { display: block; width: auto; max-width: none; margin: 0 auto; }
.graph [tabindex] { cursor: pointer; outline: none; }
.graph [tabindex]:focus > rect, .graph .on > rect { stroke-width: 3.5; stroke-dasharray: none; }
.graph .near > rect { stroke-width: 2.6; }
.graph.picked .node:not(.on):not(.near) { opacity: .55; }
.graph.picked .on .node { opacity: 1 !important; }
aside { position: sticky; top: .5rem; align-self: start; max-height: 85vh; overflow: auto;
  background: var(--card); border: 1px solid var(--rule); border-radius: .5rem;
  padding: .75rem 1rem; font-size: .92rem; }
aside h3 { margin: 0 0 .4rem; }
aside pre { white-space: pre-wrap; margin: .5rem 0; }
aside dl { display: grid; grid-template-columns: auto 1fr; gap: .2rem .9rem; margin: .5rem 0; }
aside dd { margin: 0; }
aside button { font: inherit; color: var(--c0); background: none; border: 0; padding: 0;
  text-decoration: underline; cursor: pointer; text-align: left; }
aside ol { padding-left: 1.6rem; margin: .4rem 0; }
.passes { padding-left: 2rem; }
.passes li { margin: .25rem 0; }
.passes details { margin: 0; }
.idle { color: var(--soft); }
.diff { overflow-x: auto; background: var(--card); border: 1px solid var(--rule);
  border-radius: .5rem; padding: .6rem .8rem; max-height: 70vh; }
.diff ins, .diff del { text-decoration: none; }
.diff ins { background: rgba(var(--for), .2); }
.diff del { background: rgba(var(--against), .2); }
@media (max-width: 60rem) {
  .view { grid-template-columns: minmax(0, 1fr); }
  .canvas { max-height: 65vh; }
  aside { position: static; max-height: 45vh; }
  .lines tr:first-child, .lines td:nth-of-type(2), .lines .nodes:empty { display: none; }
  .lines tr { display: grid; grid-template-columns: 2.5rem 1fr;
    border-bottom: 1px solid var(--rule); }
  .lines td, .lines th { border: 0; }
  .lines .code { width: auto; min-width: 0; }
  .lines .nodes { grid-column: 2; }
  .lines .nodes::before { content: attr(data-program); color: var(--soft); }
}
)css";

inline constexpr std::string_view kInspectScript = R"js(
const programs = JSON.parse(document.getElementById('nodes').textContent);
const scaled = (x) => {
  for (const unit of ['', ' k', ' M', ' G']) {
    if (x < 999.5) return String(Number(x.toPrecision(3))) + unit;
    x /= 1000;
  }
  return Math.round(x) + ' T';
};
const measured = (x, unit) => {
  const text = scaled(x);
  return text + (text.includes(' ') ? '' : ' ') + unit;
};
const make = (name, text) => {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  return element;
};
// The box of a node: its own or, where layers are folded, that of the repeat it is in.
function boxOf(prefix, node) {
  const own = document.getElementById(prefix + 'n' + node);
  if (own) return own;
  return [...document.querySelectorAll(`[id^="${prefix}r"]`)].find((box) => {
    const begin = Number(box.dataset.node);
    return node >= begin && node < begin + box.dataset.length * box.dataset.times;
  });
}
function repeatOf(prefix, node) {
  return [...document.querySelectorAll(`[id^="${prefix}r"]`)].find((box) => {
    const begin = Number(box.dataset.node);
    return node >= begin && node < begin + box.dataset.length * box.dataset.times;
  });
}
function links(prefix, title, list) {
  const part = make('div');
  if (list.length === 0) return part;
  part.append(make('b', title));
  const items = make('ol');
  for (const node of list.slice(0, 20)) {
    const item = make('li');
    const button = make('button', programs[prefix][node].text.split(' = ')[0] + ' ' +
      programs[prefix][node].title);
    button.addEventListener('click', () => pick(prefix, node, true));
    item.append(button);
    items.append(item);
  }
  part.append(items);
  if (list.length > 20) part.append(make('p', `and ${list.length - 20} more`));
  return part;
}
function folded(prefix, title, list) {
  const part = make('details');
  part.append(make('summary', title));
  part.append(make('pre', list.map((node) => programs[prefix][node].text).join('\n')));
  return part;
}
// A cost of a node, and of all of its kind where its layer repeats.
function describe(prefix, node) {
  const nodes = programs[prefix], one = nodes[node];
  const panel = document.querySelector(`[data-details="${prefix}"]`);
  const readers = [];
  nodes.forEach((other, i) => { if (other.from.includes(node)) readers.push(i); });
  panel.replaceChildren(make('h3', one.title), make('p', one.doc), make('pre', one.text));
  const total = nodes.reduce((sum, other) => sum + other.flops, 0);
  const facts = make('dl');
  for (const [name, value] of [
    ['node', `${node} of ${nodes.length}, ${one.stage}`],
    ['kernel', one.kernel ? 'its own' : 'none: the reference runs, slowly'],
    ['flops', scaled(one.flops) +
      (total > 0 ? ` (${(100 * one.flops / total).toFixed(1)} % of the program)` : '')],
    ['memory', measured(one.bytes, 'B') + ' read and written'],
    ['line', one.line > 0 ? one.line : 'none: made by a pass'],
  ]) facts.append(make('dt', name), make('dd', value));
  panel.append(facts, links(prefix, 'reads', [...new Set(one.from)]),
               links(prefix, 'read by', readers));
  const repeat = repeatOf(prefix, node);
  if (!repeat) return;
  const begin = Number(repeat.dataset.node), length = Number(repeat.dataset.length);
  const others = [];
  for (let k = 0; k < repeat.dataset.times; ++k) {
    others.push(begin + k * length + (node - begin) % length);
  }
  panel.append(folded(prefix, `the same in all ${others.length} layers`, others));
}
function describeRepeat(prefix, box) {
  const begin = Number(box.dataset.node), length = Number(box.dataset.length);
  const times = Number(box.dataset.times), nodes = programs[prefix];
  const panel = document.querySelector(`[data-details="${prefix}"]`);
  const all = nodes.slice(begin, begin + length * times);
  const sum = (key) => all.reduce((total, node) => total + node[key], 0);
  panel.replaceChildren(make('h3', length === 1 ? `${nodes[begin].title}, ${times} nodes`
                                                : `${times} times, ${length} nodes each`));
  const facts = make('dl');
  for (const [name, value] of [
    ['nodes', `${begin} to ${begin + length * times - 1}, ${nodes[begin].stage}`],
    ['flops', scaled(sum('flops'))],
    ['memory', measured(sum('bytes'), 'B') + ' read and written'],
  ]) facts.append(make('dt', name), make('dd', value));
  panel.append(facts);
  const range = (from, count) => [...Array(count).keys()].map((i) => from + i);
  if (length === 1) panel.append(folded(prefix, 'all of them', range(begin, times)));
  for (let k = 0; length > 1 && k < times; ++k) {
    panel.append(folded(prefix, `number ${k + 1}`, range(begin + k * length, length)));
  }
}
function mark(prefix, box, near, line) {
  const graph = document.querySelector(`[data-graph="${prefix}"] svg`);
  for (const old of graph.querySelectorAll('.on, .near')) old.classList.remove('on', 'near');
  graph.classList.add('picked');
  box.classList.add('on');
  for (const node of near) {
    const other = boxOf(prefix, node);
    if (other && other !== box) other.classList.add('near');
  }
  for (const old of graph.querySelectorAll('[tabindex="0"]')) old.setAttribute('tabindex', '-1');
  box.setAttribute('tabindex', '0');
  for (const row of document.querySelectorAll('.lines tr')) {
    row.classList.toggle('on', line > 0 && Number(row.dataset.line) === line);
  }
}
function pick(prefix, node, move) {
  const box = boxOf(prefix, node);
  if (!box) return;
  const nodes = programs[prefix], near = [...nodes[node].from];
  nodes.forEach((other, i) => { if (other.from.includes(node)) near.push(i); });
  mark(prefix, box, near, nodes[node].line);
  describe(prefix, node);
  if (!move) return;
  box.scrollIntoView({block: 'center', inline: 'center'});
  box.focus({preventScroll: true});
}
function pickBox(prefix, box, move) {
  if (box.id.startsWith(prefix + 'n')) return pick(prefix, Number(box.dataset.node), move);
  mark(prefix, box, [], programs[prefix][Number(box.dataset.node)].line);
  describeRepeat(prefix, box);
  if (move) {
    box.scrollIntoView({block: 'nearest', inline: 'center'});
    box.focus({preventScroll: true});
  }
}
for (const canvas of document.querySelectorAll('[data-graph]')) {
  const prefix = canvas.dataset.graph;
  const boxes = [...canvas.querySelectorAll('[data-node]')];
  if (boxes.length === 0) continue;
  boxes.sort((a, b) => a.dataset.node - b.dataset.node);
  canvas.addEventListener('click', (event) => {
    const box = event.target.closest('[data-node]');
    if (box) pickBox(prefix, box, false);
  });
  canvas.addEventListener('keydown', (event) => {
    const at = boxes.indexOf(document.activeElement);
    const steps = {ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1};
    let to = at;
    if (event.key in steps) {
      to = at < 0 ? 0 : Math.min(Math.max(at + steps[event.key], 0), boxes.length - 1);
    } else if (event.key === 'Home') {
      to = 0;
    } else if (event.key === 'End') {
      to = boxes.length - 1;
    } else if ((event.key !== 'Enter' && event.key !== ' ') || at < 0) {
      return;
    }
    event.preventDefault();
    pickBox(prefix, boxes[to], true);
  });
}
for (const slider of document.querySelectorAll('[data-zoom]')) {
  const svg = document.querySelector(`[data-graph="${slider.dataset.zoom}"] svg`);
  const width = svg.viewBox.baseVal.width, height = svg.viewBox.baseVal.height;
  const zoom = () => {
    svg.style.width = width * slider.value / 100 + 'px';
    svg.style.height = height * slider.value / 100 + 'px';
  };
  slider.addEventListener('input', zoom);
  // What does not fit begins smaller, but not so small that it cannot be read.
  slider.value = Math.max(60, Math.min(100, 100 * svg.closest('.canvas').clientWidth / width));
  zoom();
}
for (const link of document.querySelectorAll('.nodes a')) {
  link.addEventListener('click', (event) => {
    const [, prefix, node] = link.getAttribute('href').match(/^#(p\d+-)n(\d+)$/);
    event.preventDefault();
    document.getElementById(prefix + 'program').scrollIntoView();
    pick(prefix, Number(node), true);
  });
}
)js";

}  // namespace weft
