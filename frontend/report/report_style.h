// The style sheet and the script of a report. Colours are Okabe and Ito's, dimmed or lightened for
// the background, so that they can be told apart without red and green too.
#pragma once

#include <string_view>

namespace weft {

inline constexpr std::string_view kReportStyle = R"css(
:root {
  color-scheme: light dark;
  --page: #fcfcfa; --card: #ffffff; --ink: #1c1f23; --soft: #5b636d; --rule: #dcdfe3;
  --c0: #0067a8; --c1: #b84f00; --c2: #007a58; --c3: #a8487d; --c4: #7a6a00; --c5: #2a7f9e;
  --c6: #5b4fc4; --c7: #55595f;
  --for: 0, 122, 88; --against: 184, 79, 0; --heat: 0, 103, 168; --edge: rgba(0, 0, 0, .25);
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15181c; --card: #1d2126; --ink: #e6e8ea; --soft: #a4adb6; --rule: #363c44;
    --c0: #6db8f0; --c1: #f2a25c; --c2: #4fcfa5; --c3: #eb9cc6; --c4: #e0d060; --c5: #8fd7ee;
    --c6: #b1a8ff; --c7: #b9bec5;
    --for: 79, 207, 165; --against: 242, 162, 92; --heat: 109, 184, 240;
    --edge: rgba(0, 0, 0, .8);
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 96rem; background: var(--page);
  color: var(--ink); overflow-wrap: anywhere;
  font: 1rem/1.5 system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0; }
h2 { font-size: 1.2rem; margin: 2.75rem 0 .75rem; padding-top: .5rem;
  border-top: 1px solid var(--rule); }
p { margin: .5rem 0; max-width: 46rem; }
.soft, figcaption, dt { color: var(--soft); }
.numbers { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr));
  gap: .75rem; margin: 1.5rem 0 0; }
.numbers div { background: var(--card); border: 1px solid var(--rule); border-radius: .5rem;
  padding: .6rem .8rem; display: flex; flex-direction: column; justify-content: space-between; }
.numbers dt { font-size: .85rem; }
.numbers dd { margin: 0; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
.charts { display: grid; gap: 1rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
figure { margin: 0; background: var(--card); border: 1px solid var(--rule); border-radius: .5rem;
  padding: .75rem; max-width: 34.5rem; }
figcaption { font-size: .9rem; margin-bottom: .25rem; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font-size: 13px; }
.grid line { stroke: var(--rule); stroke-width: 1; }
.line { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
.dot { stroke: var(--card); stroke-width: 1; }
.diagonal { stroke: var(--soft); stroke-width: 1.5; stroke-dasharray: 2 4; }
.bar { fill: var(--c0); stroke: var(--c0); stroke-opacity: .5; }
.block rect { fill: var(--c7); fill-opacity: .22; stroke: var(--c7); stroke-opacity: .7; }
.block.forward rect { fill: var(--c0); stroke: var(--c0); }
.block.backward rect { fill: var(--c1); stroke: var(--c1); stroke-dasharray: 4 2; }
.block.update rect { fill: var(--c2); stroke: var(--c2); stroke-dasharray: 1.5 2; }
svg .block text { fill: var(--ink); font-size: 11px; }
span.block { display: inline-block; width: 1.1rem; height: .8rem; opacity: .55;
  background: var(--c7); }
span.block.forward { background: var(--c0); } span.block.backward { background: var(--c1); }
span.block.update { background: var(--c2); }
.bound { stroke: var(--ink); stroke-width: 1.6; stroke-dasharray: 7 4; }
.kept { stroke: var(--soft); stroke-width: 1.5; fill: var(--soft); fill-opacity: .15; }
.line.s0 { stroke: var(--c0); } .line.s1 { stroke: var(--c1); stroke-dasharray: 9 4; }
.line.s2 { stroke: var(--c2); stroke-dasharray: 3 3; }
.line.s3 { stroke: var(--c3); stroke-dasharray: 12 3 3 3; }
.line.s4 { stroke: var(--c4); stroke-dasharray: 16 5; }
.line.s5 { stroke: var(--c5); stroke-dasharray: 6 2 2 2 2 2; }
.line.s6 { stroke: var(--c6); stroke-dasharray: 5 5; }
.line.s7 { stroke: var(--c7); stroke-dasharray: 1 3; }
.dot.s0 { fill: var(--c0); } .dot.s1 { fill: var(--c1); } .dot.s2 { fill: var(--c2); }
.dot.s3 { fill: var(--c3); } .band { fill: var(--c0); fill-opacity: .12; }
.legend svg.swatch[viewBox="0 0 16 16"] { width: 16px; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; margin: .4rem 0 0;
  padding: 0; font-size: .9rem; }
.legend li { display: flex; align-items: center; gap: .45rem; }
.legend svg { width: 34px; flex: none; }
.box, .spot { display: inline-block; width: .8rem; height: .8rem; background: var(--c0);
  opacity: .35; }
.spot { border-radius: 50%; background: var(--c1); opacity: 1; width: .6rem; height: .6rem; }
.scroll { overflow-x: auto; background: linear-gradient(90deg, var(--page) 40%, transparent) local,
  linear-gradient(270deg, var(--page) 40%, transparent) 100% 0 local,
  linear-gradient(90deg, var(--edge), transparent),
  linear-gradient(270deg, var(--edge), transparent) 100% 0;
  background-size: 2.5rem 100%, 2.5rem 100%, .75rem 100%, .75rem 100%;
  background-repeat: no-repeat; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem;
  overflow-wrap: normal; }
th, td { padding: .3rem .65rem; text-align: right; border-bottom: 1px solid var(--rule);
  white-space: nowrap; }
th { font-weight: 600; }
th[scope=row], td.name, th.name { text-align: left; }
th[scope=row], td.name { min-width: 6rem; max-width: 22rem; white-space: normal;
  overflow-wrap: break-word; }
tfoot th { font-weight: 400; color: var(--soft); }
.facts { margin-bottom: 1rem; }
.facts td { white-space: normal; text-align: left; }
.matrix td { text-align: center; min-width: 2.6rem; padding: .3rem .4rem;
  background: rgba(var(--heat), var(--v, 0)); }
.matrix td.hit { outline: 1.5px solid var(--soft); outline-offset: -2px; }
.matrix th[scope=row] { position: sticky; left: 0; background: var(--page); white-space: nowrap;
  max-width: none; }
.matrix th[scope=col] { text-align: center; }
.dense { font-size: .7rem; }
.dense td { min-width: 1.15rem; padding: .1rem .12rem; }
.dense th[scope=row] { padding: .1rem .4rem; }
.dense td.soft { color: var(--rule); }
.dense td.hit { outline-width: 1px; outline-offset: -1px; }
.dense td:hover { outline: 2px solid var(--ink); }
.dense tr:hover th[scope=row] { color: var(--c0); }
.wide { width: 100%; }
.upright th[scope=col] { writing-mode: vertical-rl; text-align: right; vertical-align: bottom;
  line-height: 1.8rem; padding: .4rem .3rem; }
.dense.upright th[scope=col] { line-height: 1; padding: .3rem .1rem; }
.sort { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
.sort::after { content: " \2195"; color: var(--soft); font-weight: 400; }
[aria-sort=ascending] .sort::after { content: " \2191"; color: var(--ink); }
[aria-sort=descending] .sort::after { content: " \2193"; color: var(--ink); }
.share { border-right: .35rem solid var(--page);
  background: linear-gradient(90deg, rgba(var(--heat), .18) var(--v),
    transparent var(--v)); }
.mistake { background: var(--card); border: 1px solid var(--rule); border-radius: .5rem;
  padding: .75rem 1rem; margin: .75rem 0; }
.mistake p { margin: 0 0 .5rem; max-width: none; }
.quote { font-size: 1.05rem; white-space: pre-wrap; }
mark { color: inherit; padding: 0 .1em; border-radius: .2em; }
mark.for { background: rgba(var(--for), var(--v)); border-bottom: 2px solid rgb(var(--for)); }
mark.against { background: rgba(var(--against), var(--v));
  border-bottom: 2px dotted rgb(var(--against)); }
.why { list-style: none; padding: 0; margin: 0; display: flex; flex-wrap: wrap; gap: .3rem 1.2rem;
  font-size: .92rem; color: var(--soft); }
.why b { font-variant-numeric: tabular-nums; color: var(--ink); }
.chooser { background: var(--card); border: 1px solid var(--rule); border-radius: .5rem;
  padding: 1rem; max-width: 40rem; }
.chooser label { display: block; margin-bottom: .75rem; }
.chooser input, .chooser select { font: inherit; width: 100%; margin-top: .25rem;
  accent-color: var(--c0); }
.chooser .numbers { grid-template-columns: repeat(auto-fit, minmax(7rem, 1fr)); }
.chooser output { font-variant-numeric: tabular-nums; }
:focus-visible { outline: 3px solid var(--c0); outline-offset: 2px; }
details { margin-top: .75rem; }
summary { cursor: pointer; }
@media (max-width: 34rem) {
  svg text { font-size: 17px; }
  th, td { padding: .3rem .4rem; }
  th[scope=row], td.name { min-width: 4rem; }
  .matrix td { min-width: 2rem; }
  .matrix th[scope=row] { max-width: 8.5rem; white-space: normal; }
}
@media print { .mistake, figure { break-inside: avoid; } }
)css";

// Tables with a head sort by the column whose heading is pressed: numbers from the largest, words
// from A; again for the other way.
inline constexpr std::string_view kTableScript = R"js(
for (const table of document.querySelectorAll('table')) {
  const head = table.tHead && table.tHead.rows[0];
  if (!head || table.tBodies[0].rows.length < 3) continue;
  [...head.cells].forEach((cell, column) => {
    const button = document.createElement('button');
    button.className = 'sort';
    while (cell.firstChild) button.append(cell.firstChild);
    cell.append(button);
    button.addEventListener('click', () => {
      const body = table.tBodies[0];
      const value = (row) => {
        const shown = row.cells[column].dataset.value || row.cells[column].textContent;
        const number = Number(shown.replace(/[,%]/g, ''));
        return shown.trim() === '' || Number.isNaN(number) ? shown : number;
      };
      const rows = [...body.rows];
      const numbers = rows.some((row) => typeof value(row) === 'number');
      const before = cell.getAttribute('aria-sort');
      const up = before ? before === 'descending' : !numbers;
      for (const other of head.cells) other.removeAttribute('aria-sort');
      cell.setAttribute('aria-sort', up ? 'ascending' : 'descending');
      const compare = (a, b) => typeof a === 'number' && typeof b === 'number'
        ? a - b : typeof a === 'number' ? 1 : typeof b === 'number' ? -1 : a.localeCompare(b);
      rows.sort((a, b) => (up ? 1 : -1) * compare(value(a), value(b)));
      body.append(...rows);
    });
  });
}
)js";

// Rows of `data`: [support, [given...], [right...]] for each entry of the list of labels.
inline constexpr std::string_view kReportScript = R"js(
const data = JSON.parse(document.getElementById('threshold-data').textContent);
const label = document.getElementById('threshold-label');
const slider = document.getElementById('threshold');
const put = (id, text) => { document.getElementById(id).textContent = text; };
const ratio = (a, b) => b === 0 ? 0 : a / b;
function show() {
  const [support, given, right] = data[label.value];
  const k = Number(slider.value);
  put('threshold-value', (k / 100).toFixed(2));
  put('threshold-precision', ratio(right[k], given[k]).toFixed(4));
  put('threshold-recall', ratio(right[k], support).toFixed(4));
  put('threshold-f1', ratio(2 * right[k], given[k] + support).toFixed(4));
  put('threshold-given', given[k].toLocaleString('en'));
}
label.addEventListener('change', show);
slider.addEventListener('input', show);
show();
)js";

}  // namespace weft
