/** One sheet for light and dark; text has a contrast of at least 4.5 on both. */
export const style = `
:root { color-scheme: light dark; --back: #fff; --text: #1b1e23; --quiet: #59606b; --line: #d8dce2; --tuned: #1f5fbf; --before: #6b6f76; --lexical: #a8500a; --wrong: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --back: #15171b; --text: #e7e9ed; --quiet: #a4abb6; --line: #363b43; --tuned: #82b1ff; --before: #a4abb6; --lexical: #f0a35e; --wrong: #ff8a80; } }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 4rem; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
h1, h2, p { overflow-wrap: anywhere; }
p { max-width: 46rem; }
.quiet, caption { color: var(--quiet); }
.wide { overflow-x: auto; margin: .75rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .25rem; }
th, td { padding: .25rem .75rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; font-weight: 400; }
th { max-width: 20rem; overflow-wrap: break-word; }
thead th { white-space: normal; color: var(--quiet); vertical-align: bottom; }
th:first-child, td:first-child { padding-left: 0; }
tbody th:first-child { min-width: 8rem; }
.number { text-align: right; }
tbody .number { white-space: nowrap; }
.cell { display: block; margin: -.25rem -.75rem; padding: .25rem .75rem; background: color-mix(in srgb, var(--wrong) calc(var(--share) * 45%), transparent); }
.cell.right { background: color-mix(in srgb, var(--tuned) calc(var(--share) * 45%), transparent); }
.pair { display: flex; flex-wrap: wrap; gap: 0 3rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.25rem; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
.long { min-width: 8rem; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext; }
.gold { color: var(--tuned); }
.said { color: var(--wrong); }
svg { display: block; width: 100%; max-width: 44rem; height: auto; margin: .75rem 0; }
svg text { fill: var(--text); font-size: 12px; }
svg .grid { stroke: var(--line); }
svg .axis { stroke: var(--quiet); }
svg .ideal { stroke: var(--quiet); stroke-dasharray: 5 4; }
svg g.tuned { --colour: var(--tuned); }
svg g.before { --colour: var(--before); }
svg g.lexical { --colour: var(--lexical); }
svg g line { stroke: var(--colour); stroke-width: 1.5; opacity: .6; }
svg polyline { fill: none; stroke: var(--colour); stroke-width: 2; }
svg circle { fill: var(--colour); stroke: var(--back); }
@media print {
  body { max-width: none; padding: 0; font-size: 11px; }
  .wide { overflow: visible; }
  th, td { padding: .15rem .4rem; max-width: 10rem; overflow-wrap: anywhere; }
  tbody th:first-child, .long { min-width: 4rem; }
  tr, svg { break-inside: avoid; }
  h2, caption { break-after: avoid; }
  .cell { margin: 0; padding: 0 .15rem; print-color-adjust: exact; }
}
`;
