/** The style sheet of every report: light and dark by the reader's setting, no fonts or images from elsewhere. */
import { colourCount } from './colours.js';

const hues = [212, 28, 152, 340, 268, 48, 186, 100];

const kinds = (saturation: number, fill: number, line: number) =>
  Array.from({ length: colourCount }, (_, i) => {
    const hue = hues[i]!;
    return `.k${i}{--fill:hsl(${hue} ${saturation}% ${fill}%);--line:hsl(${hue} ${saturation}% ${line}%)}`;
  }).join('\n');

export const style = `
:root{color-scheme:light dark;--paper:#fbfbfa;--card:#fff;--ink:#1c2127;--soft:#626b75;--rule:#e3e5e8;--good:#14804a;
--good-back:#e4f5ec;--bad:#b3261e;--bad-back:#fde9e7;--accent:#1f6feb}
${kinds(62, 84, 42)}
.input{--fill:#e6e8eb;--line:#8a939d}
@media (prefers-color-scheme:dark){
:root{--paper:#14171a;--card:#1c2024;--ink:#e8eaed;--soft:#9aa4ae;--rule:#31363c;--good:#5fd39a;--good-back:#16352a;
--bad:#ff8f86;--bad-back:#3d1e1c;--accent:#79b0ff}
${kinds(38, 32, 64)}
.input{--fill:#3a4047;--line:#8a939d}
}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:1120px;margin:0 auto;padding:40px 32px 64px}
h1{font-size:30px;line-height:1.2;margin:0;letter-spacing:-.01em}
h1 small{font-size:18px;font-weight:400;color:var(--soft);letter-spacing:0}
h2{font-size:18px;margin:44px 0 6px}
p.note{margin:0 0 14px;color:var(--soft);max-width:104ch}
.chips{display:flex;flex-wrap:wrap;gap:8px;margin:14px 0 26px}
.chip{border:1px solid var(--rule);background:var(--card);border-radius:999px;padding:2px 12px;font-size:13px;color:var(--soft)}
.chip.good{background:var(--good-back);border-color:transparent;color:var(--good);font-weight:600}
.chip.bad{background:var(--bad-back);border-color:transparent;color:var(--bad);font-weight:600}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(160px,1fr));gap:12px}
.card{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:14px 16px}
.card dt{font-size:12px;color:var(--soft);text-transform:uppercase;letter-spacing:.05em}
.card dd{margin:2px 0 0;font-size:20px;font-weight:600;font-variant-numeric:tabular-nums;letter-spacing:-.01em}
.card dd small{display:block;margin-top:-2px;font-size:13px;font-weight:400;color:var(--soft);letter-spacing:0}
.card p{margin:8px 0 0;padding-top:8px;border-top:1px solid var(--rule);font-size:13px;color:var(--soft)}
dl{margin:0}
.panel{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:16px;overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px}
th{font-weight:600;color:var(--soft);font-size:12px;text-align:left;padding:4px 10px;border-bottom:1px solid var(--rule);white-space:nowrap}
td{padding:5px 10px;border-bottom:1px solid var(--rule);white-space:nowrap}
tbody tr:last-child td{border-bottom:0}
tbody tr:hover td{background:color-mix(in srgb,var(--accent) 7%,transparent)}
tfoot td{font-weight:600;border-top:2px solid var(--rule);border-bottom:0}
.n{text-align:right;font-variant-numeric:tabular-nums}
.bar{width:26%;min-width:120px}
.bar div{height:12px;border-radius:3px;background:var(--fill);border:1px solid var(--line);min-width:2px}
.dot{display:inline-block;width:10px;height:10px;border-radius:3px;background:var(--fill);border:1px solid var(--line);margin-right:8px}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin-top:10px;font-size:13px;color:var(--soft)}
code{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
.facts td:first-child{color:var(--soft);width:150px}
.facts td{white-space:normal}
svg{display:block;width:100%;height:auto;font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
svg text{fill:var(--soft)}
svg .grid{stroke:var(--rule)}
svg .buffer rect{fill:var(--fill);fill-opacity:.9;stroke:var(--line);stroke-width:1.2}
svg .buffer text{fill:var(--ink);pointer-events:none}
svg .buffer:hover rect{stroke-width:2.4}
svg .bound{stroke:var(--good);stroke-width:1.6;stroke-dasharray:7 4}
svg .top{stroke:var(--bad);stroke-width:1.4}
svg text.bound-text{fill:var(--good);stroke:none}
svg text.top-text{fill:var(--bad);stroke:none}
svg text.halo{paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}
footer{margin-top:48px;color:var(--soft);font-size:13px}
`;
